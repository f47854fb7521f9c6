"""The way of a request, one verb a file.

::

    POST /api -> identify -> split -> start -> for each operation
                                       |- write, unknown -> forward the whole batch -> record changes -> reply
                                       `- read -> look up -> judge -+- fresh -> reply with stored bytes
                                                                    `- else -> join or fetch -> keep -> reply

Nothing here knows a socket or a disk: the outside is behind `ftrack_proxy.ports`.
"""

"""The way of a request, one step a file.

::

    POST /api -> identify -> split -+- writes, unknown ------------------------------> forward -> reply
                                    `- reads -> bind -> gather -> DECIDE -> perform -> compose -> reply
                                                          ^                    |
                                                          `-- fetch, learn <---+

`api` is the way in, `read` goes it with a batch of reads. Decisions are made in `ftrack_proxy.decision`, of values that
`gather` collects; `perform` carries them out. What is known for all requests is in `ledger`, how work is carried in
`running`. Nothing here knows a socket or a disk: the outside is behind `ftrack_proxy.ports`.
"""

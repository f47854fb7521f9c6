"""The ``ftrack-proxy`` command, one file a subcommand."""

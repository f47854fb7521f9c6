"""``python -m ftrack_proxy``: the same as the ``ftrack-proxy`` command."""

from ftrack_proxy.cli.main import main

main()

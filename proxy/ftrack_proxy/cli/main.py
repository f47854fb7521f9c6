"""The ``ftrack-proxy`` command."""

from __future__ import annotations

import sys

import click

from ftrack_proxy import __version__
from ftrack_proxy.cli.explain_command import explain
from ftrack_proxy.cli.serve import serve

FAILED = 1
USAGE = 2


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ftrack-proxy")
@click.pass_context
def command(context: click.Context) -> None:
    """A local caching proxy in front of the ftrack API.

    \b
    ftrack-proxy serve --upstream https://STUDIO.ftrackapp.com
    export FTRACK_SERVER=http://localhost:8089
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


command.add_command(serve)
command.add_command(explain)


def main() -> None:
    """Run the command; problems are one line on stderr, with exit code 2 for usage and 1 where a retry may help."""
    try:
        code = command.main(prog_name="ftrack-proxy", standalone_mode=False)
    except click.Abort:
        code = FAILED
    except click.ClickException as error:
        text = " ".join(error.format_message().split())
        click.echo(f"ftrack-proxy: {text}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)

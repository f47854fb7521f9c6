"""``ftrack-proxy serve``: run the proxy until told to stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import sqlite3
import sys
from typing import Any

import click

from ftrack_proxy import __version__
from ftrack_proxy.cli.options import settings_of, settings_options
from ftrack_proxy.settings import Settings

_log = logging.getLogger("ftrack_proxy")


@click.command()
@settings_options
def serve(**values: Any) -> None:
    """Run the proxy.

    \b
    Example: ftrack-proxy serve --upstream https://STUDIO.ftrackapp.com --listen 127.0.0.1:8089

    Every setting can also come from the environment (FTRACK_PROXY_UPSTREAM ...) or a settings file.
    """
    settings = settings_of(values)
    # Whatever this process writes is for its user alone.
    os.umask(0o077)
    logging.basicConfig(
        stream=sys.stderr, level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s"
    )
    _serve(settings)


def _serve(settings: Settings) -> None:
    from ftrack_proxy.store.disk import DiskTier
    from ftrack_proxy.store.folder import FolderInUse, FolderUnusable, make_private, open_folder

    try:
        make_private(settings.state_dir)
        folder = open_folder(settings.cache_dir)
    except FolderUnusable as error:
        raise click.UsageError(str(error)) from None
    except FolderInUse as error:
        raise click.ClickException(str(error)) from None
    try:
        disk = DiskTier(folder.path / "results", settings.cache_size)
    except (OSError, sqlite3.Error, ValueError) as error:
        folder.close()
        raise click.ClickException(f"cannot open the store in {folder.path}: {error}") from None
    try:
        asyncio.run(_run(settings, folder, disk))
    except OSError as error:
        raise click.ClickException(_listener_problem(settings, error)) from None
    finally:
        disk.close()
        folder.close()


async def _run(settings: Settings, folder: Any, disk: Any) -> None:
    from ftrack_proxy.assembly import running_proxy

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stop)
    async with running_proxy(settings, folder, disk) as parts:
        _log.info(
            "ftrack-proxy %s listening on http://%s for %s",
            __version__,
            str(settings.listen).rpartition(":")[0] + f":{parts.port}",
            settings.upstream,
        )
        await stop.wait()
        _log.info("stopping: finishing what is in progress; signal again to stop at once")
    _log.info("stopped")


def _on_signal(stop: asyncio.Event) -> None:
    """The first signal drains, a second one ends the process as it stands."""
    if stop.is_set():
        os._exit(0)
    stop.set()


def _listener_problem(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"{settings.listen} is in use by another program; stop that one, or listen elsewhere with "
            "--listen HOST:PORT"
        )
    if error.errno == errno.EACCES:
        return f"no permission to listen on {settings.listen}; use a port above 1023 with --listen HOST:PORT"
    return f"cannot listen on {settings.listen}: {error.strerror or error}; choose another with --listen HOST:PORT"

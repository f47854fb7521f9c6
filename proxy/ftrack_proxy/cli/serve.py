"""``ftrack-proxy serve``: run the proxy until told to stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ftrack_proxy.cli.options import Configuration, configured, settings_options
from ftrack_proxy.cli.signals import StopSignals
from ftrack_proxy.observe.logs import configure_logging, write_final_line
from ftrack_proxy.settings import Settings, problem_with_common_credentials

if TYPE_CHECKING:
    from ftrack_proxy.store.folder import CacheFolder

_log = logging.getLogger("ftrack_proxy")


@click.command()
@settings_options
def serve(**values: Any) -> None:
    """Run the proxy.

    \b
    Example: ftrack-proxy serve --upstream https://STUDIO.ftrackapp.com --listen 127.0.0.1:8089

    Every setting can also come from the environment (FTRACK_PROXY_UPSTREAM ...) or a settings file.
    """
    configuration = configured(values)
    # Files of this process are readable by its user only.
    os.umask(0o077)
    configure_logging(configuration.settings.log_level, configuration.settings.log_format)
    for note in configuration.notes:
        _log.info("%s", note)
    trouble = problem_with_common_credentials(os.environ)
    if trouble and configuration.settings.api_user is None:
        _log.warning("%s", trouble)
    _serve(configuration)


def _serve(configuration: Configuration) -> None:
    from ftrack_proxy.assembly import CannotListen
    from ftrack_proxy.store.disk import DiskTier
    from ftrack_proxy.upstream.environment import BadEnvironment

    settings = configuration.settings
    folder = _open_folders(configuration)
    disk = DiskTier(folder.path / "results", settings.cache_size, hold=folder.hold)
    try:
        asyncio.run(_run(configuration, folder, disk))
    except BadEnvironment as error:
        raise click.UsageError(str(error)) from None
    except CannotListen as error:
        raise click.ClickException(
            configuration.complaint("listen", _listener_problem(settings, error.args[0]))
        ) from None
    finally:
        disk.close()
        folder.close()


def _open_folders(configuration: Configuration) -> CacheFolder:
    """Claim both folders, and return that of the cache, locked."""
    from ftrack_proxy.store.claim import FolderTrouble, FolderUnwritable, claim, warnings_of
    from ftrack_proxy.store.folder import CacheFolder, FolderInUse

    cache = CacheFolder(configuration.settings.cache_dir)
    # The outer one first, if one is in the other: it must be empty to be taken over.
    for path, name, take in sorted(
        (
            (configuration.settings.cache_dir, "cache_dir", cache.hold),
            (configuration.settings.state_dir, "state_dir", lambda: claim(configuration.settings.state_dir)),
        ),
        key=lambda folder: len(folder[0].parts),
    ):
        try:
            take()
        except FolderUnwritable:
            # The store and the state folder go on without it, and report that.
            continue
        except FolderInUse as error:
            raise click.ClickException(configuration.complaint(name, error)) from None
        except FolderTrouble as error:
            raise click.UsageError(configuration.complaint(name, error)) from None
        for warning in warnings_of(path):
            _log.warning("%s: %s", configuration.origins[name], warning)
    return cache


async def _run(configuration: Configuration, folder: Any, disk: Any) -> None:
    from ftrack_proxy.assembly import running_proxy
    from ftrack_proxy.cli.garbage_collection import collect_when_idle
    from ftrack_proxy.cli.startup_check import StartupCheck, log_addresses
    from ftrack_proxy.observe.descriptors import raise_descriptor_limit

    settings, stop = configuration.settings, asyncio.Event()
    StopSignals(settings.stop_timeout, _force).install(asyncio.get_running_loop(), stop.set)
    raise_descriptor_limit()
    # Threads hand the interpreter back to the event loop quickly: many answers wait for both.
    sys.setswitchinterval(0.0002)
    async with running_proxy(settings, folder, disk) as parts:
        feed = settings.feed_credentials(os.environ)
        log_addresses(settings, parts.port, parts.client.http_proxy, feed)
        check = StartupCheck(parts.client, feed, partial(configuration.complaint, "upstream"))
        checking = asyncio.create_task(check.run(), name="startup check")
        journal, counters = parts.journal, parts.counters
        collecting = asyncio.create_task(
            collect_when_idle(lambda: counters.activity + journal.log.head), name="garbage collection"
        )
        await stop.wait()
        checking.cancel()
        collecting.cancel()
        _log.info(
            "stopping: finishing what is in progress, for %g s at most; signal again to stop at once",
            settings.stop_timeout,
        )
    _log.info("stopped")


def _force(number: int, why: str) -> None:
    """End the process at once, with the exit code that shells give to a signal."""
    write_final_line(why)
    os._exit(128 + number)


def _listener_problem(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{settings.listen} is in use by another program; stop that one, or listen elsewhere"
    if error.errno == errno.EACCES:
        return f"no permission to listen on {settings.listen}; use a port above 1023"
    return f"cannot listen on {settings.listen}: {error.strerror or error}; choose another address"

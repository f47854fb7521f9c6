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
from ftrack_proxy.observe.logs import last_words, set_up
from ftrack_proxy.settings import Settings, trouble_with_common_credentials

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
    it = configured(values)
    # Whatever this process writes is for its user alone.
    os.umask(0o077)
    set_up(it.settings.log_level, it.settings.log_format)
    for note in it.notes:
        _log.info("%s", note)
    trouble = trouble_with_common_credentials(os.environ)
    if trouble and it.settings.api_user is None:
        _log.warning("%s", trouble)
    _serve(it)


def _serve(it: Configuration) -> None:
    from ftrack_proxy.assembly import CannotListen
    from ftrack_proxy.store.disk import DiskTier
    from ftrack_proxy.upstream.environment import BadEnvironment

    settings = it.settings
    folder = _open_folders(it)
    disk = DiskTier(folder.path / "results", settings.cache_size, hold=folder.hold)
    try:
        asyncio.run(_run(it, folder, disk))
    except BadEnvironment as error:
        raise click.UsageError(str(error)) from None
    except CannotListen as error:
        raise click.ClickException(it.blamed("listen", _listener_problem(settings, error.args[0]))) from None
    finally:
        disk.close()
        folder.close()


def _open_folders(it: Configuration) -> CacheFolder:
    """See to both folders, and open the one of the cache."""
    from ftrack_proxy.store.claim import FolderTrouble, FolderUnwritable, claim, warnings_of
    from ftrack_proxy.store.folder import CacheFolder, FolderInUse

    cache = CacheFolder(it.settings.cache_dir)
    # One may be in the other: who finds the outer one with something in it does not take it over.
    for path, name, take in sorted(
        (
            (it.settings.cache_dir, "cache_dir", cache.hold),
            (it.settings.state_dir, "state_dir", lambda: claim(it.settings.state_dir)),
        ),
        key=lambda folder: len(folder[0].parts),
    ):
        try:
            take()
        except FolderUnwritable:
            # Who is to write there goes on without, and says so.
            continue
        except FolderInUse as error:
            raise click.ClickException(it.blamed(name, error)) from None
        except FolderTrouble as error:
            raise click.UsageError(it.blamed(name, error)) from None
        for warning in warnings_of(path):
            _log.warning("%s: %s", it.origins[name], warning)
    return cache


async def _run(it: Configuration, folder: Any, disk: Any) -> None:
    from ftrack_proxy.assembly import running_proxy
    from ftrack_proxy.cli.first_contact import FirstContact, say_where
    from ftrack_proxy.cli.garbage import collect_in_quiet_times
    from ftrack_proxy.observe.descriptors import raise_descriptor_limit

    settings, stop = it.settings, asyncio.Event()
    StopSignals(settings.stop_timeout, _force).install(asyncio.get_running_loop(), stop.set)
    raise_descriptor_limit()
    # Threads give the event loop its turn soon: an answer takes several, and each is waited for.
    sys.setswitchinterval(0.0002)
    async with running_proxy(settings, folder, disk) as parts:
        feed = settings.feed_credentials(os.environ)
        say_where(settings, parts.port, parts.client.http_proxy, feed)
        contact = FirstContact(parts.client, feed, partial(it.blamed, "upstream"))
        asking = asyncio.create_task(contact.run(), name="first contact")
        journal = parts.journal
        collecting = asyncio.create_task(
            collect_in_quiet_times(lambda: journal.counters.activity + journal.log.head), name="garbage"
        )
        await stop.wait()
        asking.cancel()
        collecting.cancel()
        _log.info(
            "stopping: finishing what is in progress, for %g s at most; signal again to stop at once",
            settings.stop_timeout,
        )
    _log.info("stopped")


def _force(number: int, why: str) -> None:
    """End the process as it stands, with the code that a shell shows for a signal."""
    last_words(why)
    os._exit(128 + number)


def _listener_problem(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{settings.listen} is in use by another program; stop that one, or listen elsewhere"
    if error.errno == errno.EACCES:
        return f"no permission to listen on {settings.listen}; use a port above 1023"
    return f"cannot listen on {settings.listen}: {error.strerror or error}; choose another address"

"""A real browser without a window, and the web server whose pages it opens."""

from __future__ import annotations

import http.server
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PAGES = Path(__file__).parent
MODULES = PAGES.parent / "js"
_PATIENCE = 60.0


def program() -> str | None:
    """The browser's program, if there is one on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class _Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, told: queue.Queue[Any], *arguments: Any) -> None:
        self._told = told
        super().__init__(*arguments, directory=str(PAGES))

    def translate_path(self, path: str) -> str:
        if path.startswith("/node_modules/"):
            self.directory = str(MODULES)
        return super().translate_path(path)

    def do_POST(self) -> None:
        self._told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


_Handler.extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}


class Site:
    """A web server with the pages of this folder; what they tell it is kept."""

    def __init__(self, port: int, told: queue.Queue[Any]) -> None:
        self.origin = f"http://localhost:{port}"
        self._told = told

    def opened(self, page: str, folder: Path, **parameters: str) -> Mapping[str, Any]:
        """Open a page in a browser of its own and return what the page tells when it is done."""
        browser = program()
        assert browser is not None
        arguments = (
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--no-proxy-server", "--remote-debugging-port=0",
            f"--user-data-dir={folder / 'profile'}", f"{self.origin}/{page}?{urlencode(parameters)}",
        )  # fmt: skip
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            told: Mapping[str, Any] = self._told.get(timeout=_PATIENCE)
        except queue.Empty:
            raise AssertionError(f"{page} said nothing within {_PATIENCE:.0f} s") from None
        finally:
            process.terminate()
            process.wait(_PATIENCE)
        return told


@contextmanager
def open_site() -> Iterator[Site]:
    """Serve the pages while the context is open, on a port, and so an origin, of their own."""
    told: queue.Queue[Any] = queue.Queue()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, told)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Site(server.server_address[1], told)
        finally:
            server.shutdown()

"""A client of the controls under /_sim/: `RemoteServer(url).update("Task", id, name="x")`."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any


class ControlError(RuntimeError):
    """The server refused a control."""


class RemoteServer:
    """Controls a stand-alone server: every method of FtrackServer by its name, those of the hub by `hub`."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self.url = url.rstrip("/")
        self._prefix = prefix

    @property
    def hub(self) -> RemoteServer:
        """The controls of the event hub."""
        return RemoteServer(self.url, "hub/")

    @property
    def counters(self) -> dict[str, Any]:
        """The counters as they stand now."""
        result: dict[str, Any] = self.perform("counters")
        return result

    def perform(self, control: str, /, *args: Any, **arguments: Any) -> Any:
        """Call one control by its name."""
        body = json.dumps({**arguments, **({"args": args} if args else {})}).encode()
        request = urllib.request.Request(f"{self.url}/_sim/{self._prefix}{control}", data=body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["result"]
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(error.read().decode()) from error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **arguments: self.perform(name, *args, **arguments)

"""What all end points of the simulated server share."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from .cors import CrossOrigin
from .counters import Board, Ledger
from .faults import FaultBox, Hold
from .files import FileStore
from .hub import Hub

if TYPE_CHECKING:
    from .engine import Engine


@dataclasses.dataclass
class Site:
    """The parts of one server and its settings."""

    engine: Engine
    board: Board
    ledger: Ledger
    hub: Hub
    latency: float = 0.0
    redirect_components: bool = False
    # Which of a session cookie and a key in one request counts is not known: by default the key.
    sessions_first: bool = False
    # A log-in page in front of everything: who comes without this cookie, or without this header, is sent there.
    gateway_cookie: str | None = None
    gateway_authorization: str | None = None
    cross_origin: CrossOrigin = dataclasses.field(default_factory=CrossOrigin)
    stream_hold: Hold | None = None
    base_url: str = ""
    version: str = "26.9.1"
    faults: FaultBox = dataclasses.field(default_factory=FaultBox)
    files: FileStore = dataclasses.field(default_factory=FileStore)
    crashes: list[BaseException] = dataclasses.field(default_factory=list)

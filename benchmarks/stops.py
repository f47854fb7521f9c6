"""How far a reader of the code has to go to follow one read, from the API's entrance to the reply.

python -m benchmarks.stops [--list]

Counted is the way through the modules of the request path and of the decision (``ftrack_proxy.request`` and
``.decision``): a *stop* is an uninterrupted stay in one module, a *return* a stop in a module that the way had been in
before; *calls* are the functions that are passed through. Attributes that are computed do not count, nor does what is
called when something has ended. With ``--list`` each call is shown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tests.scenarios.studio import Studio, open_studio, warm

from ftrack_proxy.request.api import Api

_ROOMS = ("/ftrack_proxy/request/", "/ftrack_proxy/decision/")
_NO_CALLS = ("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>", "<lambda>", "__init__", "_see", "_landed", "_done")
# What others do meanwhile: keeping the schema, the memory of the connection to ftrack.
_BESIDE = ("schema_source", "body_memory")


def _properties() -> set[CodeType]:
    modules = [module for name, module in sys.modules.items() if name.startswith("ftrack_proxy.")]
    classes = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    found = [value for one in classes for value in vars(one).values() if isinstance(value, property)]
    return {one.fget.__code__ for one in found if hasattr(one.fget, "__code__")}


_PROPERTIES = _properties()


@dataclass
class Way:
    """The functions that one request passed through, in order."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    _frames: set[FrameType] = field(default_factory=set)
    _last: CodeType | None = None

    def see(self, frame: FrameType, event: str, _: Any) -> None:
        """A profile function: a coroutine that goes on is no new stop, nor is the same function once more."""
        code = frame.f_code
        if event != "call" or frame in self._frames or not any(room in code.co_filename for room in _ROOMS):
            return
        self._frames.add(frame)
        module = Path(code.co_filename).stem
        if code.co_name in _NO_CALLS or module in _BESIDE or code is self._last or code in _PROPERTIES:
            return
        self._last = code
        self.calls.append((module, code.co_qualname))

    @property
    def files(self) -> int:
        return len({module for module, _ in self.calls})

    @property
    def stops(self) -> int:
        return sum(1 for _ in groupby(module for module, _ in self.calls))

    @property
    def returns(self) -> int:
        return self.stops - self.files


def followed(studio: Studio, expression: str) -> tuple[Way, str]:
    """Ask for something, and note the way; returns it and the answer's ``Cache-Status``."""
    way, answer = Way(), Api.answer

    async def watched(self: Api, call: Any) -> Any:
        sys.setprofile(way.see)
        try:
            return await answer(self, call)
        finally:
            sys.setprofile(None)

    Api.answer = watched  # type: ignore[method-assign]
    try:
        said = studio.person().ask(expression)
    finally:
        Api.answer = answer  # type: ignore[method-assign]
    return way, said.cache_status


def main() -> None:
    """Print a line for each kind of read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="show each stop")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open_studio(Path(folder)) as studio:
        warm(studio.person(), "select id from Status")
        task = studio.task
        reads = [
            ("cold by id", f'select name, description from Task where id is "{task}"'),
            ("exact hit", f'select name, description from Task where id is "{task}"'),
            ("entity hit", f'select name from Task where id is "{task}"'),
            ("cold list", "select name from Task order by name"),
        ]
        for title, expression in reads:
            way, said = followed(studio, expression)
            counts = f"{way.stops:3} stops {way.files:3} files {way.returns:3} returns {len(way.calls):4} calls"
            print(f"{title:12} {counts}   {said}")
            for number, (module, name) in enumerate(way.calls if arguments.list else (), start=1):
                print(f"  {number:3} {module}.{name}")


if __name__ == "__main__":
    main()

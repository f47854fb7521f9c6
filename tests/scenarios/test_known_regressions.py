"""Wrong answers out of known entities that the oracle (tests/oracle) once found, each as a short story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.studio import Person, Studio, open_studio

pytestmark = pytest.mark.required

DENORMALISED = {"ftrack-api-options": "strict:1;denormalize:1"}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        yield opened


def agreed(studio: Studio, person: Person, expression: str, **headers: str) -> list[dict[str, object]]:
    """The rows that somebody is answered through the proxy, which are those that ftrack answers."""
    rows = person.ask(expression, **headers).rows
    assert rows == studio.person(person.name, direct=True).ask(expression, **headers).rows
    return rows


def test_an_entity_inside_itself_is_cut_short_also_in_full_answers(studio: Studio) -> None:
    """What is not written there is not written, which does not mean that it does not exist."""
    ana, shot = studio.person(), studio.server.production.shots[0]
    ana.ask("select id from Status")
    ana.ask(f"select parent.children.name from Task where id is {studio.task}", **DENORMALISED)
    ana.ask(f"select children.parent.description from Shot where id is {shot}", **DENORMALISED)
    for name in ("name", "description"):
        for identity in (studio.task, shot):
            rows = agreed(studio, ana, f"select {name} from TypedContext where id is {identity}", **DENORMALISED)
            assert name in rows[0]

"""G1 for rows and values that ftrack writes by itself along with a write: they are read anew once it is answered."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.studio import Person, Studio, open_studio

pytestmark = pytest.mark.required("G1.2")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        opened.server.hub.hold_events()
        yield opened


def create(entity_type: str, **values: Any) -> dict[str, Any]:
    data = {"__entity_type__": entity_type, **values}
    return {"action": "create", "entity_type": entity_type, "entity_data": data}


def update(entity_type: str, key: str, **values: Any) -> dict[str, Any]:
    data = {"__entity_type__": entity_type, **values}
    return {"action": "update", "entity_type": entity_type, "entity_key": [key], "entity_data": data}


def delete(entity_type: str, *key: str) -> dict[str, Any]:
    return {"action": "delete", "entity_type": entity_type, "entity_key": list(key)}


class Reader:
    """Asks the same questions before and after each write; every answer is the direct one."""

    def __init__(self, studio: Studio, *expressions: str) -> None:
        self._ana = studio.person()
        self._direct = studio.person(direct=True)
        self._expressions = expressions
        self._before: Any = None
        self.look()
        self.look()

    def look(self) -> None:
        said = [self._ana.ask(expression).content[0]["data"] for expression in self._expressions]
        direct = [self._direct.ask(expression).content[0]["data"] for expression in self._expressions]
        assert said == direct
        self._before = said

    def write(self, *operations: dict[str, Any]) -> None:
        """Write, and see the change at once."""
        before = self._before
        assert isinstance(self._ana.call(list(operations)).content, list)
        self.look()
        assert self._before != before, "the server did not change anything along"


def test_a_note_finds_its_recipients(studio: Studio) -> None:
    ana, note = studio.server.production.users["ana"], str(uuid.uuid4())
    reader = Reader(
        studio,
        f"select note_id from Recipient where resource_id is {ana}",
        f"select note.content from Recipient where resource_id is {ana} order by note.content limit 3",
        f"select id from Note where recipients any (resource_id is {ana})",
    )
    reader.write(create("Note", id=note, content="a look, please", parent_id=studio.task, parent_type="Task"))
    reader.write(create("Note", content="done", parent_id=studio.task, parent_type="Task", in_reply_to_id=note))
    reader.write(delete("Note", note))


def test_labels_and_category_are_one(studio: Studio) -> None:
    note = studio.server.production.notes[0]
    labels = [row["id"] for row in (studio.server.create("NoteCategory", name=name, color="") for name in "ab")]
    reader = Reader(
        studio,
        f"select category.name from Note where id is {note}",
        f"select category_id, content from Note where id is {note} limit 1",
        f"select id from Note where category_id is {labels[0]}",
        'select id from Note where category.name is "b"',
        f"select note_label_links.label.name from Note where id is {note}",
        f"select label_id from NoteLabelLink where note_id is {note}",
    )
    reader.write(create("NoteLabelLink", note_id=note, label_id=labels[0]))
    reader.write(create("NoteLabelLink", note_id=note, label_id=labels[1]))
    reader.write(delete("NoteLabelLink", note, labels[0]))
    reader.write(update("Note", note, category_id=labels[0]))
    reader.write(update("Note", note, category=None))


def test_what_is_done_says_when(studio: Studio) -> None:
    note, ana = studio.server.production.notes[0], studio.server.production.users["ana"]
    reader = Reader(
        studio,
        f"select completed_at from Note where id is {note}",
        "select content from Note where completed_at is_not none",
        "select content from Note order by completed_at",
    )
    reader.write(update("Note", note, completed_by_id=ana))
    reader.write(update("Note", note, completed_by_id=None))


def test_a_container_knows_its_size(studio: Studio) -> None:
    box = studio.server.create("ContainerComponent", name="box")["id"]
    one, two = str(uuid.uuid4()), studio.server.production.components[0]
    reader = Reader(
        studio,
        f"select size from Component where id is {box}",
        "select name from ContainerComponent where size > 2",
        "select name from Component order by size desc limit 2",
    )
    reader.write(create("FileComponent", id=one, name="a", size=3, container_id=box))
    reader.write(update("FileComponent", one, size=9_000))
    reader.write(update("FileComponent", two, container_id=box))
    reader.write(delete("FileComponent", one))


def test_a_new_user_has_a_role(studio: Studio) -> None:
    reader = Reader(studio, "select user.username from UserSecurityRole", "select username from User")
    reader.write(create("User", username="new", first_name="", last_name=""))


def test_a_version_gets_the_next_number(studio: Studio) -> None:
    asset = studio.server.production.assets[0]
    reader = Reader(
        studio,
        f"select version from AssetVersion where asset_id is {asset} order by version desc limit 1",
        f"select id from AssetVersion where asset_id is {asset} and version is 4",
        f"select latest_version.version from Asset where id is {asset}",
        "select id from AssetVersion where is_latest_version is True",
    )
    reader.write(create("AssetVersion", asset_id=asset))


def test_a_change_of_status_is_written_down(studio: Studio) -> None:
    statuses = studio.server.production.statuses
    reader = Reader(
        studio,
        f"select status.name, from_status_id from TypedContextStatusChange where parent_id is {studio.task}",
        f"select status_changes.status_id from Task where id is {studio.task}",
        "select parent_id from StatusChange",
    )
    for status in statuses[2:4]:
        reader.write(update("Task", studio.task, status_id=status))


def test_second_factors_are_seen(studio: Studio) -> None:
    reader = Reader(studio, 'select is_totp_enabled from User where username is "ana"')
    reader.write({"action": "configure_totp", "secret": "x", "code": "1"})


# -- what goes to another owner takes its visibility along ------------------------------------------------


def _blind(studio: Studio, *expressions: str) -> tuple[Person, Person]:
    """Bo, who does not see the second project; they have asked already."""
    studio.server.engine.set_project_access("bo", [studio.server.production.projects[1]])
    bo, direct = studio.person("bo"), studio.person("bo", direct=True)
    bo.ask("Project")
    for expression in (*expressions, *expressions):
        bo.ask(expression)
    return bo, direct


@pytest.mark.parametrize("there", [True, False], ids=["out of sight", "into sight"])
def test_a_reply_goes_where_its_thread_is(there: bool, tmp_path: Path) -> None:
    with open_studio(tmp_path, projects=2) as studio:
        made = studio.server.production
        open_note, hidden_note = made.notes[0], made.notes[-1]
        before, after = (open_note, hidden_note) if there else (hidden_note, open_note)
        reply = studio.server.query(f"Note where in_reply_to_id is {before}")[0]["id"]
        studio.server.create("Recipient", note_id=reply, resource_id=made.users["ray"])
        expressions = (
            "select id from Note",
            f"select content from Note where id is {reply}",
            'select content from Note where content is "done" order by date limit 9',
            "select note_id from Recipient",
            f"select replies.content from Note where id is {open_note}",
        )
        bo, direct = _blind(studio, *expressions)
        studio.server.hub.hold_events()
        studio.person().update("Note", reply, in_reply_to_id=after)
        for expression in expressions:
            assert bo.ask(expression).content[0]["data"] == direct.ask(expression).content[0]["data"], expression
        said = bo.ask(f"select content from Note where id is {reply}").rows
        assert bool(said) is not there

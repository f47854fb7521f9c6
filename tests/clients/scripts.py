"""What tools do with the real Python client, each a function from a session to what it saw.

Nothing that differs between two runs on equal servers (ids that the client makes, times) is part of what it returns.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Script = Callable[[Any, Path], Any]


def start(session: Any, _: Path) -> Any:
    """Server information, schemas, types, built-in locations."""
    return (
        session.server_information["schema_hash"],
        sorted(session.types),
        sorted(str(location["name"]) for location in session.query("Location")),
    )


def queries(session: Any, _: Path) -> Any:
    """Lists, filters, order, paging, first and one."""
    project = session.query("Project").first()
    tasks = session.query(f'select name, status.name, link from Task where project_id is "{project["id"]}" order by id')
    return (
        [(t["name"], t["status"]["name"], [step["name"] for step in t["link"]]) for t in tasks],
        [s["name"] for s in session.query("select name from Shot order by name, id limit 3 offset 1")],
        session.query(f'Project where id is "{project["id"]}"').one()["name"],
        len(session.query("TypedContext").all()),
        [v["version"] for v in session.query("AssetVersion where is_latest_version is True order by id")],
        session.query('Task where name is "there is no such task"').first(),
        [u["username"] for u in session.query("User where not timelogs any () order by username")],
    )


def get_and_populate(session: Any, _: Path) -> Any:
    """``get`` by concrete and base type, ``populate``, lazy loading, collections."""
    task = session.query("Task order by id").first()
    same = session.get("TypedContext", task["id"])
    missing = session.get("Task", "00000000-0000-0000-0000-000000000000")
    versions = session.query("AssetVersion order by id").all()
    session.populate(versions, "asset.name, components.name")
    return (
        same["name"],
        missing,
        task["parent"]["name"],
        task["project"]["full_name"],
        sorted(str(a["resource"]["username"]) for a in task["assignments"]),
        [(v["asset"]["name"], sorted(c["name"] for c in v["components"])) for v in versions[:5]],
        sorted(child["name"] for child in task["parent"]["children"]),
        [step["name"] for step in task["link"]],
    )


def all_values(session: Any, _: Path) -> Any:
    """``items()`` loads every scalar at once, computed attributes and URLs included."""
    task = session.query("Task order by id").first()
    return sorted(name for name, value in task.items() if isinstance(value, str | int | bool) and name != "id")


def custom_attributes(session: Any, _: Path) -> Any:
    """Read, write, read again."""
    shot = session.query("Shot order by id").first()
    before = {key: repr(value) for key, value in shot["custom_attributes"].items()}
    key = next(
        k for k, v in shot["custom_attributes"].items() if isinstance(v, str | float | int) and not isinstance(v, bool)
    )
    value = shot["custom_attributes"][key]
    shot["custom_attributes"][key] = "changed" if isinstance(value, str) else 4242
    session.commit()
    fresh = _again(session)
    again = fresh.get("Shot", shot["id"])
    after = {k: repr(v) for k, v in again["custom_attributes"].items()}
    fresh.close()
    return before, after


def metadata(session: Any, _: Path) -> Any:
    """The whole dictionary is read, changed and written back."""
    task = session.query("Task order by id").first()
    before = dict(task["metadata"])
    task["metadata"] = {**before, "note_to_self": "render tonight"}
    session.commit()
    fresh = _again(session)
    after = dict(fresh.get("Task", task["id"])["metadata"])
    fresh.close()
    return before, after


def create_update_delete(session: Any, _: Path) -> Any:
    """Each change shows in the next read, also of another process."""
    parent = session.query("Shot order by id").first()
    kind = session.query("Type order by name").first()
    seen = []
    task = session.create("Task", {"name": "new one", "parent": parent, "type": kind})
    session.commit()
    seen.append(_names(session, parent["id"]))
    task["name"] = "renamed"
    session.commit()
    seen.append(_names(session, parent["id"]))
    session.delete(task)
    session.commit()
    seen.append(_names(session, parent["id"]))
    return seen


def ensure_and_rollback(session: Any, _: Path) -> Any:
    """``ensure`` twice makes one; a rollback leaves nothing."""
    parent = session.query("Shot order by id").first()
    kind = session.query("AssetType order by name").first()
    data = {"name": "ensured", "context_id": parent["id"], "type_id": kind["id"]}
    first = session.ensure("Asset", data, identifying_keys=["name", "context_id"])
    second = session.ensure("Asset", data, identifying_keys=["name", "context_id"])
    session.create("Asset", {"name": "never", "parent": parent, "type": kind})
    session.rollback()
    return (
        first["id"] == second["id"],
        len(session.query('Asset where name is "ensured"').all()),
        len(session.query('Asset where name is "never"').all()),
    )


def publish(session: Any, folder: Path) -> Any:
    """A version with a component in the server location: up, down again, gone."""
    asset = session.query("Asset order by id").first()
    version = session.create("AssetVersion", {"asset": asset, "comment": "published"})
    session.commit()
    path = folder / "plate.txt"
    path.write_text("pixels" * 1000)
    server = session.query('Location where name is "ftrack.server"').one()
    component = version.create_component(str(path), {"name": "main"}, location=server)
    session.commit()
    there = server.get_component_availability(component)
    available = component.get_availability([server])
    file = server.accessor.open(server.get_resource_identifier(component), "rb")
    stored = file.read().decode()
    file.close()
    server.remove_component(component)
    fresh = _again(session)
    gone = fresh.query(f'ComponentLocation where component_id is "{component["id"]}"').all()
    versions = fresh.query(f'select version from AssetVersion where asset_id is "{asset["id"]}" order by version').all()
    numbers = [v["version"] for v in versions]
    fresh.close()
    return there, list(available.values()), stored, len(gone), numbers


def notes(session: Any, _: Path) -> Any:
    """A note and its reply."""
    task = session.query("Task order by id").first()
    author = session.query("User order by username").first()
    note = task.create_note("look at this", author)
    session.commit()
    note.create_reply("done", author)
    session.commit()
    fresh = _again(session)
    read = fresh.query(f'select content, replies.content from Note where parent_id is "{task["id"]}"').all()
    seen = sorted(
        (n["content"], sorted(r["content"] for r in n["replies"])) for n in read if n["content"] == "look at this"
    )
    fresh.close()
    return seen


def errors(session: Any, _: Path) -> Any:
    """Errors keep their type and text, in both modes."""
    seen = []
    for expression in ("select nonsense from Task", "select id from NoSuchType", "select id from Task where ((("):
        try:
            session.call([{"action": "query", "expression": expression}])
        except Exception as error:
            seen.append((type(error).__name__, str(error)))
    try:
        session.call([{"action": "no_such_action"}])
    except Exception as error:
        seen.append((type(error).__name__, str(error)))
    return seen


def batches(session: Any, _: Path) -> Any:
    """Several operations in one call, reads and writes mixed."""
    task = session.query("Task order by id").first()
    answers = session.call(
        [
            {"action": "query", "expression": "select name from Status order by name"},
            {"action": "query", "expression": "select name from Type order by name"},
        ]
    )
    mixed = session.call(
        [
            {
                "action": "update",
                "entity_type": "Task",
                "entity_key": [task["id"]],
                "entity_data": {"__entity_type__": "Task", "description": "from a batch"},
            },
            {"action": "query", "expression": f'select description from Task where id is "{task["id"]}"'},
        ]
    )
    return [[row["name"] for row in a["data"]] for a in answers], mixed[1]["data"][0]["description"], session.call([])


def _names(session: Any, parent_id: str) -> list[str]:
    fresh = _again(session)
    names = [t["name"] for t in fresh.query(f'select name from Task where parent_id is "{parent_id}" order by name')]
    fresh.close()
    return names


def _again(session: Any) -> Any:
    """Another process of the same user."""
    return type(session)(
        server_url=session.server_url,
        api_user=session.api_user,
        api_key=session.api_key,
        auto_connect_event_hub=False,
        schema_cache_path=False,
    )


READS: list[Script] = [start, queries, get_and_populate, all_values]
WRITES: list[Script] = [
    custom_attributes,
    metadata,
    create_update_delete,
    ensure_and_rollback,
    publish,
    notes,
    errors,
    batches,
]

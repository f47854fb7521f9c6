"""Operations on who may do what (ftrack-protocol 2.3); each answers with nothing but success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .changes import Writer
from .database import Row
from .world import World

Entry = dict[str, Any]


def _roles(world: World, operation: Entry) -> list[Row]:
    wanted = operation["user_id"], operation["role_id"]
    rows = list(world.rows("UserSecurityRole"))
    return [row for row in rows if (row["user_id"], row["security_role_id"]) == wanted]


def _add(world: World, writer: Writer, operation: Entry) -> None:
    if not _roles(world, operation):
        values = {"user_id": operation["user_id"], "security_role_id": operation["role_id"]}
        writer.create("UserSecurityRole", {**values, "is_all_open_projects": True, "is_all_projects": True})


def _remove(world: World, writer: Writer, operation: Entry) -> None:
    for row in _roles(world, operation):
        writer.delete("UserSecurityRole", (row["id"],))


def _update(world: World, writer: Writer, operation: Entry) -> None:
    for row in _roles(world, operation):
        writer.update("UserSecurityRole", (row["id"],), {"security_role_id": operation["new_role_id"]})


def _grant(world: World, writer: Writer, operation: Entry) -> None:
    found = _roles(world, operation)
    values = {"user_id": operation["user_id"], "security_role_id": operation["role_id"]}
    role = found[0] if found else writer.create("UserSecurityRole", values)
    if operation.get("all_open_projects"):
        everywhere = {"is_all_open_projects": True, "is_all_projects": True}
        writer.update("UserSecurityRole", (role["id"],), everywhere)
    else:
        project = {"user_security_role_id": role["id"], "project_id": operation["project_id"]}
        writer.create("UserSecurityRoleProject", project)


def _revoke(world: World, writer: Writer, operation: Entry) -> None:
    for role in _roles(world, operation):
        if operation.get("all_open_projects"):
            nowhere = {"is_all_open_projects": False, "is_all_projects": False}
            writer.update("UserSecurityRole", (role["id"],), nowhere)
            continue
        for row in list(world.rows("UserSecurityRoleProject")):
            if (row["user_security_role_id"], row["project_id"]) == (role["id"], operation["project_id"]):
                writer.delete("UserSecurityRoleProject", (row["id"],))


ROLE_OPERATIONS: dict[str, Callable[[World, Writer, Entry], None]] = {
    "add_user_security_role": _add,
    "remove_user_security_role": _remove,
    "update_user_security_role": _update,
    "grant_user_security_role_project": _grant,
    "revoke_user_security_role_project": _revoke,
    # Keys are no entities in this schema: there is nothing to change.
    "grant_api_key_security_role": lambda world, writer, operation: None,
}

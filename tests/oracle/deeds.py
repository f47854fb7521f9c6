"""Changes of the production, drawn from a seed: each is one batch of writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle.note_deeds import NoteDeeds
from tests.oracle.population import Row
from tests.oracle.writing import Deed, Operation, created, deleted, updated


class Deeds(NoteDeeds):
    """Makes deeds. ``announced`` ones touch only types whose changes events tell."""

    def deed(self, *, announced: bool) -> Deed:
        """Any deed that is possible at present; now and then several in one transaction."""
        if self._chance.random() < 0.08:
            parts = [self._one(announced) for _ in range(2)]
            # What was just removed may be referred to: then the server refuses it all.
            return Deed("+".join(p.kind for p in parts), tuple(o for p in parts for o in p.operations))
        return self._one(announced)

    def unannounced(self) -> Deed:
        """A deed of which no event tells, and nothing but the types that no event tells of."""
        return self._of(_OF_AGE)

    def _one(self, announced: bool) -> Deed:
        return self._of(_ANNOUNCED if announced or self._chance.random() < 0.8 else _SILENT)

    def _of(self, kinds: dict[str, tuple[int, Callable[[Deeds], list[Operation]]]]) -> Deed:
        names, weights = list(kinds), [weight for weight, _ in kinds.values()]
        while True:
            name = self._chance.choices(names, weights)[0]
            operations = kinds[name][1](self)
            if operations:
                return Deed(name, tuple(operations))

    def _typed(self) -> Row | None:
        return self._there.pick(self._chance.choice(("Task", "Task", "Task", "Shot", "Shot", "Sequence", "Folder")))

    # -- contexts --------------------------------------------------------------------------------------

    def _set(self, row: Row | None, **values: Any) -> list[Operation]:
        """An update, by the concrete type or (as clients may) by a base."""
        if row is None:
            return []
        kind = row["__type__"]
        if kind in ("Task", "Shot", "Sequence", "Folder") and self._chance.random() < 0.2:
            kind = "TypedContext"
        return [updated(kind, row["id"], **values)]

    def rename(self) -> list[Operation]:
        return self._set(self._typed(), name=self._name())

    def set_status(self) -> list[Operation]:
        return self._set(self._typed(), status_id=self._any("Status")["id"])

    def set_type(self) -> list[Operation]:
        return self._set(self._there.pick("Task"), type_id=self._any("Type")["id"])

    def set_values(self) -> list[Operation]:
        choices: list[dict[str, Any]] = [
            {"description": self._word()}, {"description": None}, {"bid": float(self._chance.choice((0, 3600, 7200)))},
            {"sort": float(self._chance.randint(0, 9))}, {"start_date": self._moment()}, {"end_date": self._moment()},
            {"start_date": None}, {"priority_id": self._any("Priority")["id"]},
        ]  # fmt: skip
        values: dict[str, Any] = {}
        for choice in self._chance.sample(choices, self._chance.randint(1, 2)):
            values.update(choice)
        return self._set(self._there.pick("Task"), **values)

    def convert(self) -> list[Operation]:
        """An object becomes one of another type."""
        kind, other = self._chance.choice((("Task", "Shot"), ("Shot", "Sequence"), ("Sequence", "Folder")))
        kind, other = self._chance.choice(((kind, other), (other, kind)))
        row = self._there.pick(kind)
        if row is None or len(self._there.rows(kind)) < 3:
            return []
        return self._set(row, object_type_id=self._there.object_type(other))

    def new_context(self) -> list[Operation]:
        kind, above = self._chance.choice(
            (("Task", "Shot"), ("Task", "Shot"), ("Shot", "Sequence"), ("Task", "Sequence"), ("Sequence", "Project"),
             ("Task", "Task"), ("Folder", "Project"), ("Shot", "Folder"))
        )  # fmt: skip
        parent = self._there.pick(above)
        if parent is None:
            return []
        identity = self._there.new_id()
        values = {"id": identity, "name": self._name(), "parent_id": parent["id"]}
        if kind == "Task":
            values["type_id"] = self._any("Type")["id"]
        operations = [created(kind, **values)]
        if kind == "Shot" and self._chance.random() < 0.5:
            operations.append(created("Task", id=self._there.new_id(), name=self._name(), parent_id=identity))
        return operations

    def remove_context(self) -> list[Operation]:
        kind = self._chance.choice(("Task", "Task", "Task", "Shot", "Sequence"))
        row = self._there.pick(kind)
        return [deleted(kind, row["id"])] if row is not None and len(self._there.rows(kind)) > 2 else []

    def move(self) -> list[Operation]:
        row = self._there.pick(self._chance.choice(("Task", "Shot", "Shot", "Sequence")))
        above = self._chance.choice(("Shot", "Sequence", "Project", "Folder", "Task"))
        parent = self._there.pick(above)
        if row is None or parent is None or self._there.is_below(parent, row):
            return []
        return self._set(row, parent_id=parent["id"])

    def rename_project(self) -> list[Operation]:
        project = self._any("Project")
        name = self._chance.choice(("name", "full_name", "status"))
        value = self._chance.choice(("active", "hidden")) if name == "status" else self._word()
        return [updated("Project", project["id"], **{name: value})]

    def privacy(self) -> list[Operation]:
        return [updated("Project", self._any("Project")["id"], is_private=self._chance.random() < 0.5)]

    # -- what hangs on contexts ------------------------------------------------------------------------

    def assign(self) -> list[Operation]:
        task = self._there.pick(self._chance.choice(("Task", "Task", "Shot")))
        if task is None:
            return []
        kind = self._chance.choice(("assignment", "assignment", "allocation"))
        who = self._chance.choice(self._there.users)
        return [created("Appointment", id=self._there.new_id(), type=kind, context_id=task["id"], resource_id=who)]

    def unassign(self) -> list[Operation]:
        row = self._there.pick("Appointment")
        return [deleted("Appointment", row["id"])] if row is not None else []

    def log_time(self) -> list[Operation]:
        task = self._there.pick("Task")
        if task is None:
            return []
        values = {"duration": float(self._chance.choice((60, 3600, 9000))), "comment": self._word()}
        who = self._chance.choice(self._there.users)
        return [created("Timelog", id=self._there.new_id(), context_id=task["id"], user_id=who, **values)]

    def edit_time(self) -> list[Operation]:
        log = self._there.pick("Timelog")
        if log is None:
            return []
        if self._chance.random() < 0.3:
            return [deleted("Timelog", log["id"])]
        task = self._any("Task")["id"]
        values = self._chance.choice(({"duration": 120.0}, {"comment": self._word()}, {"context_id": task}))
        return [updated("Timelog", log["id"], **values)]

    def link_tasks(self) -> list[Operation]:
        old = self._there.pick("TypedContextLink")
        if old is not None and self._chance.random() < 0.4:
            return [deleted("TypedContextLink", old["id"])]
        first, second = self._any("Task")["id"], self._any("Task")["id"]
        identity = self._there.new_id()
        return [created("TypedContextLink", id=identity, from_id=first, to_id=second)] if first != second else []

    # -- versions --------------------------------------------------------------------------------------

    def publish(self) -> list[Operation]:
        asset, task = self._there.pick("Asset"), self._there.pick("Task")
        if asset is None:
            return []
        values = {"id": self._there.new_id(), "asset_id": asset["id"], "comment": self._word(), "date": self._moment()}
        return [created("AssetVersion", task_id=task["id"] if task is not None else None, **values)]

    def edit_version(self) -> list[Operation]:
        version = self._there.pick("AssetVersion")
        if version is None:
            return []
        choices = ({"comment": self._word()}, {"status_id": self._any("Status")["id"]}, {"version": 40 + self._count},
                   {"task_id": self._any("Task")["id"]}, {"task_id": None}, {"is_published": False},
                   {"asset_id": self._any("Asset")["id"]})  # fmt: skip
        self._count += 1
        return [updated("AssetVersion", version["id"], **self._chance.choice(choices))]

    def remove_version(self) -> list[Operation]:
        version = self._there.pick("AssetVersion")
        return [deleted("AssetVersion", version["id"])] if version is not None else []

    # -- lists -----------------------------------------------------------------------------------------

    def list_entry(self) -> list[Operation]:
        shelf, entry = self._there.pick("TypedContextList"), self._there.pick("ListObject")
        if shelf is None or (entry is not None and self._chance.random() < 0.4):
            return [deleted("ListObject", entry["id"])] if entry is not None else []
        task = self._there.pick(self._chance.choice(("Task", "Shot")))
        identity = self._there.new_id()
        return [created("ListObject", id=identity, list_id=shelf["id"], entity_id=task["id"])] if task else []

    def edit_list(self) -> list[Operation]:
        shelf, project = self._there.pick("TypedContextList"), self._any("Project")
        chosen = self._chance.random()
        if shelf is None or chosen < 0.3:
            values = {"name": self._word(), "project_id": project["id"], "is_open": True}
            return [created("TypedContextList", id=self._there.new_id(), **values)]
        if chosen < 0.4:
            return [deleted("TypedContextList", shelf["id"])]
        return [updated("TypedContextList", shelf["id"], name=self._word())]

    # -- custom attributes, people ---------------------------------------------------------------------

    def set_custom(self) -> list[Operation]:
        kind, dense = self._chance.choice(
            (("Shot", "Context"), ("Shot", "Context"), ("Sequence", "Context"), ("Project", "Context"),
             ("Task", "Context"), ("AssetVersion", "AssetVersion"), ("User", "User"), ("TypedContextList", "List"))
        )  # fmt: skip
        owner = self._there.pick(kind)
        configuration = self._there.custom_key(owner) if owner is not None else None
        if owner is None or configuration is None:
            return []
        # Whether an event tells of a value that does not differ from what was inherited is not known.
        known = (configuration["default"], self._there.custom_value(owner, configuration))
        kind_of = type(configuration["default"])
        texts = (self._any("Status")["id"], self._word()) if configuration["key"].endswith("id") else (self._word(),)
        possible = {bool: (True, False), str: (*texts, "wip")}.get(kind_of, (0.0, 1.0, 2.0, 3600.0))
        different = [value for value in possible if value not in known]
        if not different:
            return []
        value = self._chance.choice(different)
        key = [configuration["id"], owner["id"]]
        return [updated(f"{dense}CustomAttributeValue", key, value=value)]

    def edit_user(self) -> list[Operation]:
        who = self._chance.choice(self._there.users)
        values = self._chance.choice(({"first_name": self._word()}, {"last_name": self._word()}, {"email": "x@y.test"}))
        return [updated("User", who, **values)]

    # -- what no event tells ---------------------------------------------------------------------------

    def edit_asset(self) -> list[Operation]:
        asset, shot = self._there.pick("Asset"), self._any("Shot")["id"]
        chosen = self._chance.random()
        if asset is None or chosen < 0.3:
            kind = self._any("AssetType")["id"]
            return [created("Asset", id=self._there.new_id(), name=self._word(), context_id=shot, type_id=kind)]
        if chosen < 0.45:
            return [deleted("Asset", asset["id"])]
        values = self._chance.choice(({"name": self._word()}, {"context_id": shot}))
        return [updated("Asset", asset["id"], **values)]

    def rename_asset(self) -> list[Operation]:
        asset = self._there.pick("Asset")
        return [updated("Asset", asset["id"], name=self._word())] if asset is not None else []

    def rename_component(self) -> list[Operation]:
        component = self._there.pick("FileComponent")
        return [updated("FileComponent", component["id"], name=self._word())] if component is not None else []

    def edit_reference(self) -> list[Operation]:
        kind = self._chance.choice(("Status", "Type", "Priority"))
        values = self._chance.choice(({"name": self._word()}, {"sort": self._chance.randint(0, 9)}))
        return [updated(kind, self._any(kind)["id"], **values)]

    def edit_component(self) -> list[Operation]:
        component, version = self._there.pick("FileComponent"), self._there.pick("AssetVersion")
        chosen = self._chance.random()
        if component is None or chosen < 0.4:
            owner = version["id"] if version is not None else None
            values = {"name": self._chance.choice(("main", "preview")), "version_id": owner, "file_type": ".exr"}
            return [created("FileComponent", id=self._there.new_id(), size=self._chance.randint(1, 9), **values)]
        if chosen < 0.55:
            return [deleted("FileComponent", component["id"])]
        return [updated("FileComponent", component["id"], name=self._word())]

    def set_thumbnail(self) -> list[Operation]:
        component = self._any("FileComponent")["id"]
        return self._set(
            self._there.pick(self._chance.choice(("Task", "AssetVersion", "Shot"))), thumbnail_id=component
        )

    def set_metadata(self) -> list[Operation]:
        row = self._there.pick("Metadata")
        return [updated("Metadata", [row["parent_id"], row["key"]], value=self._word())] if row is not None else []

    def reset_custom(self) -> list[Operation]:
        row = self._there.pick("CustomAttributeValue")
        if row is None:
            return []
        return [deleted("ContextCustomAttributeValue", [row["configuration_id"], row["entity_id"]])]

    def set_default(self) -> list[Operation]:
        row = self._chance.choice(self._there.configurations)
        value = self._word() if isinstance(row["default"], str) else self._chance.choice((0.0, 1.0, 2.0))
        if isinstance(row["default"], bool):
            return []
        return [updated("CustomAttributeConfiguration", row["id"], default=value)]

    def join_group(self) -> list[Operation]:
        row = self._there.pick("Membership")
        if row is not None and self._chance.random() < 0.5:
            return [deleted("Membership", row["id"])]
        who = self._chance.choice(self._there.users)
        return [created("Membership", id=self._there.new_id(), user_id=who, group_id=self._any("Group")["id"])]


_ANNOUNCED: dict[str, tuple[int, Callable[[Deeds], list[Operation]]]] = {
    "rename": (6, Deeds.rename), "status": (6, Deeds.set_status), "type": (2, Deeds.set_type),
    "values": (6, Deeds.set_values), "convert": (2, Deeds.convert),
    "new context": (4, Deeds.new_context), "remove context": (4, Deeds.remove_context),
    "move": (5, Deeds.move), "project": (2, Deeds.rename_project), "privacy": (1, Deeds.privacy),
    "assign": (3, Deeds.assign), "unassign": (3, Deeds.unassign), "note": (2, Deeds.write_note),
    "reply": (3, Deeds.reply), "edit note": (3, Deeds.edit_note), "remove note": (2, Deeds.remove_note),
    "log time": (3, Deeds.log_time), "edit time": (3, Deeds.edit_time), "link tasks": (3, Deeds.link_tasks),
    "publish": (4, Deeds.publish), "edit version": (4, Deeds.edit_version), "remove version": (2, Deeds.remove_version),
    "list entry": (3, Deeds.list_entry), "edit list": (3, Deeds.edit_list), "custom value": (5, Deeds.set_custom),
    "edit user": (2, Deeds.edit_user), "thumbnail": (1, Deeds.set_thumbnail),
}  # fmt: skip
_SILENT: dict[str, tuple[int, Callable[[Deeds], list[Operation]]]] = {
    "asset": (3, Deeds.edit_asset), "reference": (2, Deeds.edit_reference), "component": (3, Deeds.edit_component),
    "metadata": (1, Deeds.set_metadata), "reset custom": (2, Deeds.reset_custom), "default": (1, Deeds.set_default),
    "group": (1, Deeds.join_group), "label": (3, Deeds.label), "recipient": (1, Deeds.address),
}  # fmt: skip
_OF_AGE: dict[str, tuple[int, Callable[[Deeds], list[Operation]]]] = {
    "asset": (3, Deeds.rename_asset), "reference": (3, Deeds.edit_reference), "component": (3, Deeds.rename_component),
    "metadata": (1, Deeds.set_metadata), "default": (1, Deeds.set_default), "group": (1, Deeds.join_group),
}  # fmt: skip

"""A seeded production of any size."""

from __future__ import annotations

import datetime
import itertools
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

from .database import Database, Row
from .model import Model
from .namesakes import add_namesakes
from .sundries import add_sundries


@dataclass(frozen=True)
class ProductionPlan:
    """How much of everything: per project, per sequence, per shot, per asset, per version."""

    projects: int = 1
    sequences: int = 3
    shots: int = 4
    tasks: int = 5
    assets: int = 2
    versions: int = 3
    components: int = 2
    users: int = 6
    seed: int = 1
    sundries: bool = False
    """Also a little of what most tests do without: an enumerator, typed links, a review session and the like."""
    namesakes: bool = False
    """Also custom attributes that are called like attributes and columns."""


def small() -> ProductionPlan:
    """A few hundred entities."""
    return ProductionPlan()


def large() -> ProductionPlan:
    """Some 20,000 entities in 8 projects."""
    return ProductionPlan(projects=8, sequences=10, shots=16, tasks=5, assets=1, versions=3, components=2)


@dataclass
class Production:
    """Ids of what was made, in order; users by name."""

    users: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    projects: list[str] = field(default_factory=list)
    sequences: list[str] = field(default_factory=list)
    shots: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    asset_types: list[str] = field(default_factory=list)
    priorities: list[str] = field(default_factory=list)
    configurations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)


# The locations that the Python client makes by itself, and those it only knows (ftrack-protocol 9.1).
_LOCATIONS = {
    "ftrack.origin": "ce9b348f-8809-11e3-821c-20c9d081909b",
    "ftrack.unmanaged": "cb268ecc-8809-11e3-a7e2-20c9d081909b",
    "ftrack.review": "cd41be70-8809-11e3-b98a-20c9d081909b",
    "ftrack.server": "3a372bde-05bc-11e4-8908-20c9d081909b",
    "ftrack.connect": "07b82a97-8cf9-11e3-9383-20c9d081909b",
}
_DEFAULT_PRIORITY = "9661b320-3a0c-11e2-81c1-0800200c9a66"
_STATES = {"Not Started": "NOT_STARTED", "In Progress": "IN_PROGRESS", "Blocked": "BLOCKED", "Done": "DONE"}
_STATUSES = {
    "Not started": "Not Started", "Ready to start": "Not Started", "In progress": "In Progress",
    "Pending review": "In Progress", "On hold": "Blocked", "Approved": "Done", "Omitted": "Done",
}  # fmt: skip
_TYPES = ("Animation", "Compositing", "Layout", "Lighting", "Modeling", "Rigging")
_ASSET_TYPES = {"Geometry": "geo", "Image Sequence": "img", "Rig": "rig", "Upload": "upload"}
_START = datetime.datetime.fromisoformat("2031-03-02T08:00:00")


def build_production(database: Database, model: Model, plan: ProductionPlan) -> Production:
    """Fill the database; equal plans make equal data, ids included."""
    return _Builder(database, model, plan).build()


class _Builder:
    def __init__(self, database: Database, model: Model, plan: ProductionPlan) -> None:
        self._database = database
        self._model = model
        self._plan = plan
        self._random = random.Random(plan.seed)
        self.made = Production()

    def build(self) -> Production:
        self._reference_data()
        self._people()
        self._custom_attributes()
        for number in range(self._plan.projects):
            self._project(number)
        if self._plan.sundries:
            add_sundries(self._database, self.made, self._put, _START)
        return self.made

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _put(self, type_name: str, **values: Any) -> str:
        row: Row = {"__type__": type_name, **values}
        keys = self._model.primary_key(type_name)
        if keys == ["id"]:
            row.setdefault("id", self._id())
        self._database.put(self._model.table(type_name), tuple(row[key] for key in keys), row)
        if "name" in values and "id" in row:
            self.made.names[row["id"]] = values["name"]
        return str(row.get("id"))

    # -- what every server has ---------------------------------------------------------------------------

    def _reference_data(self) -> None:
        made = self.made
        states = {name: self._put("State", name=name, short=short) for name, short in _STATES.items()}
        for sort, (name, state) in enumerate(_STATUSES.items()):
            made.statuses.append(
                self._put("Status", name=name, _state_id=states[state], color="#aabbcc", sort=sort, is_active=True)
            )
        for sort, name in enumerate(_TYPES):
            made.types.append(self._put("Type", name=name, color="#510100", sort=sort, is_billable=True))
        for name, short in _ASSET_TYPES.items():
            made.asset_types.append(self._put("AssetType", name=name, short=short, component="main"))
        for value, name in enumerate(("None", "Low", "Medium", "High", "Urgent")):
            identity = _DEFAULT_PRIORITY if name == "None" else self._id()
            made.priorities.append(
                self._put("Priority", id=identity, name=name, color="#dddddd", sort=value, value=float(value))
            )
        for sort, (name, identity) in enumerate(self._model.object_types.items()):
            self._put(
                "ObjectType", id=identity, name=name, icon="default", sort=sort, is_leaf=name == "Task",
                is_statusable=True, is_taskable=True, is_typeable=name == "Task", is_schedulable=True,
                is_time_reportable=name == "Task",
            )  # fmt: skip
        for name, identity in _LOCATIONS.items():
            made.locations.append(
                self._put("Location", id=identity, name=name, label=name, description=f"The location {name}")
            )
        made.locations.append(self._put("Location", name="studio.ams", label="Amsterdam", description=""))
        self._put("NoteCategory", name="Internal", color="#333333", sort=0)
        self._put("ListCategory", name="Dailies")
        self._put("Setting", name="storage_scenario", group="STORAGE", value='{"scenario": "ftrack.automatic"}')
        self._workflows()

    def _workflows(self) -> None:
        made = self.made
        workflow = self._put("WorkflowSchema", name="All")
        for status in made.statuses:
            self._put("WorkflowSchemaStatus", workflow_schema_id=workflow, status_id=status)
        types = self._put("TaskTypeSchema", name="All")
        for kind in made.types:
            self._put("TaskTypeSchemaType", task_type_schema_id=types, type_id=kind)
        self._schema = self._put(
            "ProjectSchema", name="VFX", task_workflow_schema_id=workflow, asset_version_workflow_schema_id=workflow,
            task_type_schema_id=types,
        )  # fmt: skip
        for name, identity in self._model.object_types.items():
            self._put("ProjectSchemaObjectType", object_type_id=identity, project_schema_id=self._schema)
            schema = self._put("Schema", object_type_id=identity, type_id=identity, project_schema_id=self._schema)
            for sort, status in enumerate(made.statuses):
                self._put("SchemaStatus", schema_id=schema, status_id=status, sort=sort)
            for sort, kind in enumerate(made.types if name == "Task" else ()):
                self._put("SchemaType", schema_id=schema, type_id=kind, sort=sort)

    def _people(self) -> None:
        kind = self._put("UserType", name="Default")
        role = self._put("SecurityRole", name="Artist", type="ASSIGNED")
        group = self._put("Group", name="Animation", resource_type="group", local=True, parent_id=None)
        self.made.groups.append(group)
        names = ["ana", "bo", "ray", "service", *(f"artist{n}" for n in range(max(0, self._plan.users - 4)))]
        for name in names:
            user = self._put(
                "User", username=name, first_name=name.title(), last_name="Lind", email=f"{name}@studio.test",
                is_active=True, resource_type="user", user_type_id=kind, is_otp_enabled=False, is_totp_enabled=False,
                require_details_update=False, thumbnail_id=None,
            )  # fmt: skip
            self.made.users[name] = user
            self._put(
                "UserSecurityRole", user_id=user, security_role_id=role, is_all_open_projects=True, is_all_projects=True
            )
            if name in ("ana", "bo"):
                self._put("Membership", user_id=user, group_id=group)

    def _custom_attributes(self) -> None:
        kinds = {name: self._put("CustomAttributeType", name=name, core=True, form_config="") for name in
                 ("text", "number", "boolean", "enumerator", "date")}  # fmt: skip
        shot = self._model.object_types.get("Shot")
        for key, kind, entity_type, object_type, hierarchical, default in (
            ("fps", "number", "task", None, True, 24.0),
            ("pipeline", "text", "task", None, True, "usd"),
            ("fstart", "number", "task", shot, False, 1001.0),
            ("fend", "number", "task", shot, False, 1100.0),
            ("is_hero", "boolean", "task", shot, False, False),
            ("delivery", "text", "assetversion", None, False, ""),
            ("hub_user", "text", "user", None, False, ""),
        ):
            self.made.configurations.append(
                self._put(
                    "CustomAttributeConfiguration", key=key, label=key.title(), type_id=kinds[kind], default=default,
                    entity_type=entity_type, object_type_id=object_type, is_hierarchical=hierarchical, project_id=None,
                    config="{}", core=False, sort=0, group_id=None,
                )
            )  # fmt: skip

        if self._plan.namesakes:
            self.made.configurations += add_namesakes(self._model, self._put, kinds)

    # -- a project ---------------------------------------------------------------------------------------

    def _project(self, number: int) -> None:
        made = self.made
        project = self._put(
            "Project", name=f"proj{number}", full_name=f"River Film {number}", status="active", parent_id=None,
            project_schema_id=self._schema, is_private=False, is_global=False, root="", color="#112233",
            start_date=_START, end_date=_START + datetime.timedelta(days=365), created_at=_START, thumbnail_id=None,
            created_by_id=made.users["service"],
        )  # fmt: skip
        made.projects.append(project)
        self._set_custom(made.configurations[0], project, 25.0)
        builds = self._context("Folder", "assets", project, project)
        self._context("AssetBuild", "hero", builds, project)
        self._context("Milestone", "delivery", project, project)
        daily = self._put(
            "TypedContextList", name="Dailies", project_id=project, system_type="task", is_open=True,
            category_id=next(iter(self._database.tables["ListCategory"].rows.values()))["id"], date=_START,
            user_id=made.users["ray"],
        )  # fmt: skip
        made.lists.append(daily)
        for s in range(self._plan.sequences):
            sequence = self._context("Sequence", f"sq{s + 1:03}", project, project)
            made.sequences.append(sequence)
            for h in range(self._plan.shots):
                self._shot(f"sh{s + 1:02}{(h + 1) * 10:03}", sequence, project, daily)

    def _shot(self, name: str, sequence: str, project: str, daily: str) -> None:
        made = self.made
        shot = self._context("Shot", name, sequence, project)
        made.shots.append(shot)
        self._set_custom(made.configurations[2], shot, 1001.0 + self._random.randrange(50))
        tasks = []
        for number in range(self._plan.tasks):
            task = self._context(
                "Task",
                _TYPES[number % len(_TYPES)].lower(),
                shot,
                project,
                type_id=made.types[number % len(made.types)],
            )
            tasks.append(task)
            made.tasks.append(task)
            artist = self._random.choice([made.users["ana"], made.users["bo"]])
            self._put("Appointment", type="assignment", context_id=task, resource_id=artist)
            self._put("Metadata", parent_id=task, parent_type="Task", key="origin", value=name)
        if tasks:
            self._put("ListObject", list_id=daily, entity_id=tasks[0])
            self._put("Timelog", context_id=tasks[0], user_id=made.users["ana"], duration=3600.0, start=_START, name="",
                      comment="", time_zone_offset=0.0)  # fmt: skip
            self._thread(tasks[0], "Task", project)
        for first, second in itertools.pairwise(tasks):
            self._put("TypedContextLink", from_id=first, to_id=second)
        for number in range(self._plan.assets):
            self._asset(f"{name}_{number}", shot, tasks[0] if tasks else None)

    def _thread(self, parent: str, parent_type: str, project: str) -> None:
        made = self.made
        note = self._put("Note", content="please check the horizon", user_id=made.users["ray"], parent_id=parent,
                         parent_type=parent_type, date=_START, thread_activity=_START, is_todo=False,
                         in_reply_to_id=None, category_id=None)  # fmt: skip
        self._put("Note", content="done", user_id=made.users["ana"], parent_id=parent, parent_type=parent_type,
                  date=_START, thread_activity=_START, is_todo=False, in_reply_to_id=note,
                  category_id=None)  # fmt: skip
        made.notes.append(note)

    def _asset(self, name: str, shot: str, task: str | None) -> None:
        made = self.made
        asset = self._put("Asset", name=name, context_id=shot, type_id=self._random.choice(made.asset_types))
        made.assets.append(asset)
        for number in range(1, self._plan.versions + 1):
            version = self._put(
                "AssetVersion", asset_id=asset, version=number, task_id=task, user_id=made.users["ana"], comment="",
                date=_START + datetime.timedelta(hours=number), status_id=self._random.choice(made.statuses),
                is_published=True, thumbnail_id=None,
            )  # fmt: skip
            made.versions.append(version)
            for index in range(self._plan.components):
                component = self._put(
                    "FileComponent", name=("main", "preview")[index % 2], version_id=version, file_type=".exr",
                    size=1000 + index, system_type="file", padding=0, container_id=None,
                )  # fmt: skip
                made.components.append(component)
                self._put("ComponentLocation", component_id=component, location_id=made.locations[-1],
                          resource_identifier=f"{name}/v{number:03}/{index}.exr")  # fmt: skip

    def _context(self, type_name: str, name: str, parent: str, project: str, **more: Any) -> str:
        return self._put(
            type_name, name=name, parent_id=parent, project_id=project, description="", sort=0.0, bid=14400.0,
            object_type_id=self._model.object_types[type_name], status_id=self._random.choice(self.made.statuses),
            priority_id=self._random.choice(self.made.priorities), thumbnail_id=None, start_date=None, end_date=None,
            created_at=_START, created_by_id=self.made.users["service"], **{"type_id": None, **more},
        )  # fmt: skip

    def _set_custom(self, configuration: str, entity: str, value: Any) -> None:
        self._put("CustomAttributeValue", configuration_id=configuration, entity_id=entity, value=value)

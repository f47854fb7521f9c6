"""The schema's meaning: tables, subtypes, and the key that each relation follows."""

from __future__ import annotations

from typing import Any

# Types that share rows (ftrack-protocol 5.3); task-table types are found by their classifiers.
_TABLES = {
    "Context": ("Context", "Project", "TypedContext"),
    "Component": ("Component", "FileComponent", "SequenceComponent", "ContainerComponent"),
    "Resource": ("Resource", "BaseUser", "User", "Collaborator", "Group"),
    "List": ("List", "TypedContextList", "AssetVersionList"),
    "StatusChange": ("StatusChange", "TypedContextStatusChange", "AssetVersionStatusChange"),
    "NoteCategory": ("NoteCategory", "NoteLabel"),
    "Configuration": (
        "CustomConfigurationBase",
        "CustomAttributeConfiguration",
        "CustomAttributeLinkConfiguration",
    ),
}
_BASES = ("Context", "Component", "Resource", "List", "StatusChange", "CustomConfigurationBase", "BaseUser")
_LINK_SUFFIXES = ("CustomAttributeLinkFrom", "CustomAttributeLink")
DENSE_SUFFIX = "CustomAttributeValue"

# Relations whose key is not called after them (ftrack-protocol 5.8).
_KEYS = {
    ("Asset", "parent"): "context_id",
    ("Note", "author"): "user_id",
    ("TypedContextList", "owner"): "user_id",
    ("AssetVersionList", "owner"): "user_id",
    ("List", "owner"): "user_id",
    ("Status", "state"): "_state_id",
    ("Recipient", "user"): "resource_id",
    ("Recipient", "recipient"): "resource_id",
    ("ReviewSessionObject", "asset_version"): "version_id",
    ("ReviewSessionObjectStatus", "invitee"): "review_session_invitee_id",
    ("ProjectSchema", "_task_workflow"): "task_workflow_schema_id",
    ("ProjectSchema", "task_workflow_schema"): "task_workflow_schema_id",
    ("ProjectSchema", "_version_workflow"): "asset_version_workflow_schema_id",
    ("ProjectSchema", "_task_type_schema"): "task_type_schema_id",
    ("Feed", "event"): "social_id",
    ("SchemaType", "task_type"): "type_id",
    ("SchemaStatus", "task_status"): "status_id",
    ("CustomAttributeLinkConfiguration", "object_type_to"): "object_type_id_to",
    ("ListObject", "entity"): "entity_id",
}

# Collections: (attribute, item table) -> the key on the items' side; where names alone do not tell.
_REVERSE: dict[tuple[str, str], str | None] = {
    ("children", "Context"): "parent_id",
    ("assets", "Asset"): "context_id",
    ("versions", "AssetVersion"): "asset_id",
    ("components", "Component"): "version_id",
    ("members", "Component"): "container_id",
    ("component_locations", "ComponentLocation"): "component_id",
    ("notes", "Note"): "parent_id",
    ("replies", "Note"): "in_reply_to_id",
    ("incoming_links", "TypedContextLink"): "to_id",
    ("outgoing_links", "TypedContextLink"): "from_id",
    ("incoming_links", "AssetVersionLink"): "to_id",
    ("outgoing_links", "AssetVersionLink"): "from_id",
    ("_schemas", "Schema"): "project_schema_id",
    ("object_type_schemas", "Schema"): "project_schema_id",
    ("_overrides", "ProjectSchemaOverride"): "project_schema_id",
    ("task_workflow_schema_overrides", "ProjectSchemaOverride"): "project_schema_id",
    ("statuses", "SchemaStatus"): "schema_id",
    ("types", "SchemaType"): "schema_id",
    ("settings", "EntitySetting"): "parent_id",
    ("status_changes", "StatusChange"): "parent_id",
    ("metadata", "Metadata"): "parent_id",
    ("recipients", "Recipient"): "note_id",
    ("note_components", "NoteComponent"): "note_id",
    ("job_components", "JobComponent"): "job_id",
    ("memberships", "Membership"): None,
}
# Collections that are called like others but are found by another key.
_OWN_REVERSE = {"AssetType": ("assets", "type_id"), "ListCategory": ("lists", "category_id")}


class Model:
    """The schema document, read for evaluation."""

    def __init__(self, schemas: list[dict[str, Any]]) -> None:
        self.schemas: dict[str, dict[str, Any]] = {schema["id"]: schema for schema in schemas}
        self._tables = {name: table for table, names in _TABLES.items() for name in names}
        self.object_types: dict[str, str] = {}
        for name, schema in self.schemas.items():
            alias = schema.get("alias_for")
            if isinstance(alias, dict) and alias["id"] == "Task":
                self._tables[name] = "Context"
                self.object_types[name] = alias["classifiers"]["object_typeid"]
            elif name.endswith(_LINK_SUFFIXES):
                self._tables[name] = "CustomAttributeLink"
        self._system = {name: self._system_projections(schema) for name, schema in self.schemas.items()}

    def table(self, type_name: str) -> str:
        """The table that a type's rows stand in."""
        return self._tables.get(type_name, type_name)

    def is_a(self, concrete: str, type_name: str) -> bool:
        """True if a row of ``concrete`` is among the rows of ``type_name``."""
        if concrete == type_name or type_name in _BASES or type_name in ("NoteLabel", "NoteCategory"):
            return self.table(concrete) == self.table(type_name)
        if type_name == "TypedContext":
            return concrete in self.object_types
        return self.table(concrete) == self.table(type_name) == "CustomAttributeLink"

    def link_end(self, type_name: str) -> tuple[str, str] | None:
        """The key by which a typed view of custom links chooses its rows, and the type that it must lead to."""
        if self.table(type_name) != "CustomAttributeLink":
            return None
        for name in self.schemas[type_name]["properties"]:
            target = None if name == "configuration" else self.target(type_name, name)
            key = None if target is None else self.key_of(type_name, name)
            if target is not None and key in ("from_id", "to_id"):
                return key, target
        return None

    def shown_type(self, concrete: str, type_name: str) -> str:
        """The type that a row is shown as when it was reached as ``type_name``: its own, mostly."""
        views = self.table(concrete) in ("CustomAttributeLink", "NoteCategory")
        return type_name if views else concrete

    def has(self, type_name: str, attribute: str) -> bool:
        return attribute in self.schemas[type_name]["properties"]

    def holder(self, type_name: str, attribute: str) -> str | None:
        """The type that has ``attribute``: the type itself, or a kind of it (ftrack-protocol 4.4)."""
        if self.has(type_name, attribute):
            return type_name
        for name in self.schemas:
            if name != type_name and self.is_a(name, type_name) and self.has(name, attribute):
                return name
        return None

    def definition(self, type_name: str, attribute: str) -> dict[str, Any]:
        found: dict[str, Any] = self.schemas[type_name]["properties"][attribute]
        return found

    def target(self, type_name: str, attribute: str) -> str | None:
        """The type that a relation leads to; ``None`` for a value."""
        definition = self.definition(type_name, attribute)
        if "items" in definition:
            target: str = definition["items"]["$ref"]
            return target
        relation: str | None = None if "type" in definition else definition.get("$ref")
        return relation

    def is_collection(self, type_name: str, attribute: str) -> bool:
        return "items" in self.definition(type_name, attribute)

    def key_of(self, type_name: str, relation: str) -> str | None:
        """The attribute that holds a scalar relation's key."""
        explicit = _KEYS.get((type_name, relation))
        if explicit:
            return explicit
        if self.has(type_name, f"{relation}_id"):
            return f"{relation}_id"
        if type_name.endswith("CustomAttributeLinkFrom"):
            return "from_id"
        if type_name.endswith("CustomAttributeLink"):
            return "to_id"
        return None

    def reverse_key(self, owner: str, attribute: str) -> str | None:
        """The attribute by which a collection's items point back to their owner."""
        item = self.target(owner, attribute)
        assert item is not None
        if owner in _OWN_REVERSE and _OWN_REVERSE[owner][0] == attribute:
            return _OWN_REVERSE[owner][1]
        explicit = _REVERSE.get((attribute, self.table(item)))
        if explicit:
            return explicit
        for name in self.schemas[item]["properties"]:
            target = None if self.is_collection(item, name) else self.target(item, name)
            if target is not None and self.is_a(owner, target) and self.key_of(item, name):
                return self.key_of(item, name)
        return None

    def primary_key(self, type_name: str) -> list[str]:
        keys: list[str] = self.schemas[type_name]["primary_key"]
        return keys

    def system_projections(self, type_name: str) -> list[str]:
        """What always comes along, in API names, classifiers included (ftrack-protocol 3.3)."""
        return self._system[type_name]

    @staticmethod
    def _system_projections(schema: dict[str, Any]) -> list[str]:
        columns: dict[str, str] = {}
        for name, definition in schema["properties"].items():
            columns.setdefault(definition.get("alias_for", name), name)
        found = [columns[c] for c in schema.get("system_projections", ()) if c in columns]
        alias = schema.get("alias_for")
        if isinstance(alias, dict):
            found += [columns[c] for c in alias["classifiers"] if c in columns]
        elif alias == "Task":
            found.append("object_type_id")
        return found

    def siblings(self, type_name: str, attribute: str) -> list[str]:
        """Attributes that are the same column or relation on the server (ftrack-protocol 3.3)."""
        properties = self.schemas[type_name]["properties"]
        alias = properties[attribute].get("alias_for")
        if alias is None:
            return [attribute]
        return [name for name, other in properties.items() if other.get("alias_for") == alias]

    def columns(self, type_name: str) -> dict[str, str]:
        """API name -> server column (ftrack-protocol 5.7)."""
        return {n: d.get("alias_for", n) for n, d in self.schemas[type_name]["properties"].items()}

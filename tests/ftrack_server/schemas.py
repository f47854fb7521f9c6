"""The schema document: `schema.txt` expanded into what ftrack answers to `query_schemas` (ftrack-protocol 5)."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

_LISTS = {
    "key": "primary_key",
    "default": "default_projections",
    "system": "system_projections",
    "computed": "computed",
    "required": "required",
    "immutable": "immutable",
}
_PLAIN = {"text": "string", "number": "number", "integer": "integer", "boolean": "boolean", "object": "object",
          "variable": "variable"}  # fmt: skip
_KEYS = {"key": "string", "integer-key": "integer", "untyped-key": None}
_KEY = re.compile(r"(key|integer-key|untyped-key)\(([\w.]+)\)(?:->(\w+))?")


@cache
def _source() -> str:
    return (Path(__file__).parent / "schema.txt").read_text(encoding="utf-8")


def build_schemas() -> list[dict[str, Any]]:
    """Return a new schema document; the caller may change it."""
    document: list[dict[str, Any]] = json.loads(_text())
    return document


@cache
def _text() -> str:
    types: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] = {}
    for line in _source().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("type "):
            current = _head(line, types)
            types[current["id"]] = current
        else:
            _member(current, line.strip())
    return json.dumps(list(types.values()))


def hash_of(schemas: list[dict[str, Any]]) -> str:
    """The hash that goes with a document (ftrack-protocol 5.9)."""
    return hashlib.md5(json.dumps(schemas, sort_keys=True).encode()).hexdigest()


@cache
def known_hash() -> str:
    """The hash of what ``build_schemas`` returns."""
    return hash_of(build_schemas())


def _head(line: str, types: dict[str, dict[str, Any]]) -> dict[str, Any]:
    words = line.split()
    schema: dict[str, Any] = {"id": words[1], "type": "object", "properties": {}}
    rest = words[2:]
    if rest[:1] == ["like"]:
        schema["properties"] = json.loads(json.dumps(types[rest[1]]["properties"]))
        rest = rest[2:]
    if rest:
        table, classifiers = rest[0].removeprefix("@"), dict(pair.split("=") for pair in rest[1:])
        schema["alias_for"] = {"id": table, "classifiers": classifiers} if classifiers else table
    return schema


def _member(schema: dict[str, Any], line: str) -> None:
    name, _, value = line.partition(" ")
    if name == "without:":
        for gone in value.split():
            del schema["properties"][gone]
    elif name.endswith(":"):
        schema.setdefault(_LISTS[name.removesuffix(":")], []).extend(value.split())
    else:
        schema["properties"][name] = _property(value)


def _property(text: str) -> dict[str, Any]:
    text, _, description = text.partition("# ")
    value, *more = text.split()
    found = _value(value)
    if description:
        found["description"] = description
    for word in more:
        if word.startswith("@"):
            found["alias_for"] = word[1:]
        elif word.startswith("="):
            found["default"] = "{uid}" if word == "=uid" else json.loads(word[1:])
        elif word == "transformed":
            found["transform"] = {"client": "{schema_id}", "server": "{table_name}"}
        else:
            found["enum"] = word.removeprefix("enum(").removesuffix(")").split("|")
    return found


def _value(value: str) -> dict[str, Any]:
    if value.startswith("->"):
        return {"$ref": value[2:]}
    if value.startswith("["):
        return {"type": "array", "items": {"$ref": value[1:-1]}}
    if value.endswith("}!"):
        return {"type": "mapped_array", "items": {"$ref": value[1:-2]}, "restricted_projection": True}
    if value.startswith("{"):
        pair = {"key": "key", "value": "value"}
        return {"type": "mapped_array", "items": {"$ref": value[1:-1]}, "key_value_attributes": pair}
    if value == "date":
        return {"type": "string", "format": "date-time"}
    if value == "json":
        return {"type": "string", "format": "json"}
    key = _KEY.fullmatch(value)
    if key is None:
        return {"type": _PLAIN[value]}
    found: dict[str, Any] = {"format": "foreign_key", "description": f"Foreign key(s): {key[2]}"}
    if _KEYS[key[1]]:
        found["type"] = _KEYS[key[1]]
    if key[3]:
        found["$ref"] = key[3]
    return found

"""What is drawn: JSON texts that no encoder writes, expressions, and bytes cut and stuck together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

Draw = Callable[[Random], str]
"""Makes one text; plain functions, because a shrinking library draws a hundred times slower."""

IDS = ("8f1a3c2e-0000-4111-8222-333344445555", "T1", "", "a" * 300, "\\u0000", "\\ud800", "é", "'", '\\"')
NAMES = (
    "id", "ids", "topic", "data", "entities", "args", "name", "action", "entity_type", "entityType", "entityId",
    "entity_key", "entity_data", "changes", "keys", "parents", "parentId", "objectTypeId", "old", "new", "source",
    "expression", "operations", "component_id", "location_id", "metadata", "next", "offset", "__entity_type__",
    "statusid", "status_id", "custom_attributes", "", "\\ud83d", "exception", "content",
)  # fmt: skip
WORDS = (
    "ftrack.update", "ftrack.location.component-added", "ftrack.location.component-removed", "ftrack.event",
    "update", "add", "remove", "move", "encoded", "create", "delete", "query", "query_schemas", "task", "show",
    "Task", "Shot", "Project", "Note", "Status", "User", "Component", "assetversion", "socialnotification", "timer",
    "select name from Task", "none", "timer", *IDS,
)  # fmt: skip
_LEAVES = (
    "null", "true", "false", "0", "-0", "1", "1.5", "-1e-9", "1e400", "9" * 400, "-" + "9" * 30, "NaN", "Infinity",
    "-Infinity", '""', '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"' + "x" * 5_000 + '"', "01", "+1", "'a'",
    "undefined", '"\t"', '"\x00"', "\ufeff1",
)  # fmt: skip


_OPENED = {"[": "]", '{"data":': "}", '[{"entities":': "}]"}


def _object(pairs: Sequence[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"


def json_text(chance: Random, depth: int = 0) -> str:
    """JSON, nearly: numbers that do not fit, halves of characters, names twice, nested deeply, not JSON at all."""
    kind = chance.random()
    if depth < 4 and kind < 0.25:
        return "[" + ",".join(json_text(chance, depth + 1) for _ in range(chance.randrange(5))) + "]"
    if depth < 4 and kind < 0.5:
        names = chance.choices(NAMES, k=chance.randrange(6))
        return _object([(name, json_text(chance, depth + 1)) for name in names])
    if kind < 0.52:
        opened = chance.choice(list(_OPENED))
        levels = chance.choice((3, 60, 130, 254, 300, 1_100, 3_000))
        return opened * levels + "0" + _OPENED[opened] * levels
    if kind < 0.8:
        return f'"{chance.choice(WORDS)}"'
    return chance.choice(_LEAVES)


def objects(**members: Draw) -> Draw:
    """An object with these members, each of them now and then missing, odd, or there twice."""

    def draw(chance: Random) -> str:
        pairs: list[tuple[str, str]] = []
        for name, text in members.items():
            kind = chance.random()
            if kind > 0.06:
                pairs.append((name, (json_text if kind < 0.12 else text)(chance)))
            if kind > 0.97:
                pairs.append((name, json_text(chance)))
        return _object(pairs)

    return draw


def lists(inner: Draw, most: int = 4) -> Draw:
    """A list of JSON texts."""
    return lambda chance: "[" + ",".join(inner(chance) for _ in range(chance.randrange(most + 1))) + "]"


def words(*chosen: str) -> Draw:
    """A JSON string, mostly one of these."""
    return lambda chance: f'"{chance.choice(chosen if chance.random() < 0.8 else WORDS)}"'


def either(*draws: Draw) -> Draw:
    """One of these."""
    return lambda chance: chance.choice(draws)(chance)


def _fresh_id(chance: Random) -> str:
    return f'"{chance.getrandbits(128):032x}"'


event: Draw = objects(
    topic=words("ftrack.update", "ftrack.update", "ftrack.location.component-added"),
    id=_fresh_id,
    data=either(
        objects(
            entities=lists(
                objects(
                    entityType=words("task", "show", "assetversion", "note"),
                    entity_type=words("Task", "Shot", "Project"),
                    entityId=words("T1", "S1"),
                    action=words("update", "add", "remove", "move", "encoded"),
                    keys=lists(words("statusid", "name", "parent_id")),
                    changes=objects(statusid=objects(old=words("A"), new=words("B")), name=json_text),
                    parents=lists(objects(entityId=words("T1", "S1"), entityType=words("show"), parentId=words("S1"))),
                    parentId=words("S1"),
                )
            )
        ),
        objects(component_id=words("C1"), location_id=words("L1")),
    ),
    source=json_text,
)
"""An event of the hub, as JSON text."""

operation: Draw = objects(
    action=words("query", "create", "update", "delete", "query_schemas", "query_server_information"),
    expression=words("select name from Task", "Task where id is T1 limit 1"),
    entity_type=words("Task", "Note", "Status"),
    entity_key=either(lists(words("T1")), words("T1")),
    entity_data=objects(__entity_type__=words("Task"), id=words("T1"), status_id=words("A"), parent_id=words("S1")),
)
"""An entry of a request's batch, as JSON text."""

_TOKENS = (
    "select", "SELECT", "from", "where", "and", "or", "not", "(", ")", "{", "}", ",", ".", "is", "is_not", "in",
    "not_in", "like", "has", "any", "order by", "group by", "limit", "offset", "count(", "Task", "Shot", "name", "id",
    "status", "status.name", "parent", "custom_attributes", "custom_attributes[a]", "[", "]", "[TypedContext]", '"a"',
    "'b'", '"', "'", "\\", "none", "None", "5", "-1", "9" * 40, "%", "\x00", "\u2028", "é", "\ud800", "#", ">", "<=",
    "not in", "!=", "2020-01-01", "CURRENT_USER_ID", "today", *IDS,
)  # fmt: skip

_NESTING = ("(", "not ", "parent any (", "id in (select id from Task where ")


def expression(chance: Random) -> str:
    """A query expression, mostly a broken one."""
    kind = chance.random()
    if kind < 0.05:
        opening, levels = chance.choice(_NESTING), chance.choice((2, 30, 59, 60, 61, 300, 3_000))
        return f"Task where {opening * levels}name is a{')' * levels}"
    if kind < 0.1:
        return "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0x11000)))) for _ in range(30))
    tokens = chance.choices(_TOKENS, k=chance.randrange(20))
    text = (" " if kind < 0.8 else "").join(tokens)
    return chance.choice(("", "", "select name from Task where ", "Task where name is a and ")) + text


_PIECES = (
    b"", b"\r\n", b"\n", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b":", b" ", b"\t", b"0\r\n\r\n", b"[", b"{",
    b"Content-Length: 3\r\n", b"Content-Length: 3, 3\r\n", b"Transfer-Encoding: chunked\r\n", b"chunked, identity",
    b"Transfer-Encoding:\x0bchunked\r\n", b"-1", b"+5", b"0x5", b"9" * 30, b"HTTP/1.0", b"HTTP/9.9",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\n",
    b"A" * 9_000, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
)  # fmt: skip


def mangled(whole: bytes, chance: Random) -> bytes:
    """``whole`` with pieces cut out, doubled or replaced by what means something to a reader of HTTP or JSON."""
    for _ in range(chance.randrange(1, 5)):
        start = chance.randrange(len(whole) + 1)
        whole = whole[:start] + chance.choice(_PIECES) + whole[start + chance.choice((0, 0, 1, 5, 12)) :]
    return whole

"""Rows in tables, numbered commits, rollback, and the state as of an earlier commit."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Row = dict[str, Any]
Key = tuple[Any, ...]

# Attributes by which rows are looked up so often that a scan would not do for 20,000 entities.
INDEXED = frozenset((
    "parent_id", "project_id", "context_id", "asset_id", "version_id", "component_id", "location_id", "container_id",
    "entity_id", "list_id", "resource_id", "user_id", "status_id", "type_id", "from_id", "to_id", "in_reply_to_id",
    "task_id", "name", "username", "key", "group_id", "configuration_id", "schema_id", "thumbnail_id", "note_id",
    "job_id", "review_session_id", "user_security_role_id",
))  # fmt: skip


class Table:
    """Rows by primary key, in the order in which they were added."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}
        # A row keeps its place: neither an update nor a rollback may change the order of a query without `order by`.
        self._places: dict[Key, int] = {}
        # Made when they are first looked in: most tables are never, nor are most copies.
        self._indexes: dict[str, defaultdict[Any, dict[Key, None]]] = {}

    def put(self, key: Key, row: Row | None) -> None:
        """Set or remove (``None``) the row under ``key``."""
        old = self.rows.get(key)
        if old is not None:
            for name, index in self._indexes.items():
                if name in old:
                    index[old[name]].pop(key, None)
        if row is None:
            self.rows.pop(key, None)
            return
        returns = old is None and key in self._places
        self._places.setdefault(key, len(self._places))
        self.rows[key] = row
        if returns:
            self.rows = {known: self.rows[known] for known in sorted(self.rows, key=self._places.__getitem__)}
        for name, index in self._indexes.items():
            if name in row:
                index[row[name]][key] = None

    def having(self, name: str, value: Any) -> list[Row]:
        """Rows whose attribute has this value."""
        if name in INDEXED:
            found = self._index(name).get(value, ())
            return [self.rows[key] for key in sorted(found, key=self._places.__getitem__)]
        return [row for row in self.rows.values() if row.get(name) == value]

    def _index(self, name: str) -> defaultdict[Any, dict[Key, None]]:
        index = self._indexes.get(name)
        if index is None:
            index = self._indexes[name] = defaultdict(dict)
            for key, row in self.rows.items():
                if name in row:
                    index[row[name]][key] = None
        return index

    @staticmethod
    def is_indexed(name: str) -> bool:
        return name in INDEXED

    def place(self, key: Key) -> int:
        """Where a row stands in the table's own order."""
        return self._places.get(key, -1)

    def copy(self) -> Table:
        """The same rows, which are never changed in place, in a table of its own."""
        copied = Table()
        copied.rows = dict(self.rows)
        copied._places = dict(self._places)
        return copied


class Database:
    """All tables. Changes since the last commit can be rolled back; every commit has a number."""

    def __init__(self) -> None:
        self.tables: defaultdict[str, Table] = defaultdict(Table)
        self.commits = 0
        self._pending: list[tuple[str, Key, Row | None]] = []
        # What was there before, newest last: (commit, table, key, row).
        self._history: list[tuple[int, str, Key, Row | None]] = []

    def get(self, table: str, key: Key) -> Row | None:
        return self.tables[table].rows.get(key)

    def put(self, table: str, key: Key, row: Row) -> None:
        self._pending.append((table, key, self.get(table, key)))
        self.tables[table].put(key, row)

    def remove(self, table: str, key: Key) -> None:
        self._pending.append((table, key, self.get(table, key)))
        self.tables[table].put(key, None)

    def commit(self) -> int | None:
        """Make pending changes final; returns the commit's number, ``None`` if nothing was changed."""
        if not self._pending:
            return None
        self.commits += 1
        self._history.extend((self.commits, *change) for change in self._pending)
        self._pending.clear()
        return self.commits

    def rollback(self) -> None:
        """Undo what is pending."""
        for table, key, row in reversed(self._pending):
            self.tables[table].put(key, row)
        self._pending.clear()

    def forget_history(self) -> None:
        """Take the present state as commit 0: the production as it was built."""
        self.commit()
        self.commits = 0
        self._history.clear()

    def as_of(self, commit: int) -> Database:
        """A copy with the state right after ``commit``."""
        past = Database()
        past.commits = commit
        for name, table in self.tables.items():
            past.tables[name] = table.copy()
        for number, table_name, key, row in reversed(self._history):
            if number <= commit:
                break
            past.tables[table_name].put(key, row)
        return past

"""The simulated server without its network: credentials, batches, permissions, commits."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .database import Database, Row
from .evaluate import Evaluator
from .language import Step, parse
from .model import Model
from .operations import ApiError, Batch
from .permissions import Access
from .production import Production, ProductionPlan, build_production, small
from .schemas import build_schemas, hash_of, known_hash
from .serialise import ResponseWriter, Writing, tree_of
from .update_events import update_data
from .world import World

__all__ = ["ApiError", "Caller", "Engine", "Outcome", "Published"]


@dataclass(frozen=True)
class Caller:
    """Who sent a batch."""

    user_id: str
    username: str
    api_key: str
    is_global_key: bool = False


@dataclass(frozen=True)
class Published:
    """One `ftrack.update` event's data, and the projects whose people get it; none: everybody does."""

    data: dict[str, Any]
    project_ids: frozenset[str]
    username: str
    user_id: str


@dataclass(frozen=True)
class Outcome:
    """What a batch brought; ``commit`` is ``None`` if nothing was written."""

    responses: list[Any]
    events: list[Published]
    commit: int | None


def utc_now() -> datetime.datetime:
    """Naive UTC without fraction, as the server keeps it (ftrack-protocol 3.5)."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)


class Engine:
    """One server's data and rules. Not thread-safe: the shell calls it from one thread."""

    def __init__(
        self, production: ProductionPlan | None = None, *, clock: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self.schemas = build_schemas()
        self.schema_hash = known_hash()
        self.clock = clock
        self.writing = Writing()
        self.base_url = "http://ftrack.test"
        self.upload_url: Callable[[str], str] = lambda component_id: f"{self.base_url}/upload/{component_id}"
        self._database = Database()
        self._model = Model(self.schemas)
        self._world = World(self._database, self._model, lambda: self.clock())
        self.production: Production = build_production(self._database, self._model, production or small())
        self._database.forget_history()
        self._keys = {name: _key(name, 0) for name in self.production.users}
        self._keys_made = 0
        self._global_key = "global-key-of-the-simulated-server"
        self.access = Access()
        self.access.sees_everything = frozenset({self.production.users["service"]})

    # -- who ---------------------------------------------------------------------------------------------

    def authenticate(self, username: str | None, api_key: str | None) -> Caller:
        """Accept a user's own key, or the global key with any user's name (ftrack-protocol 1.3)."""
        user_id = self.production.users.get(username or "")
        if user_id is None or not api_key or api_key not in (self._keys.get(str(username)), self._global_key):
            raise ApiError(
                "InvalidCredentialsError", "The supplied API key is not valid.", "api_credentials_invalid", 401
            )
        return Caller(user_id, str(username), str(api_key), api_key == self._global_key)

    def credentials(self, username: str) -> tuple[str, str]:
        """A user's name and key."""
        return username, self._keys[username]

    @property
    def global_key(self) -> str:
        """A key that goes with any user's name, and sees every project."""
        return self._global_key

    def revoke_key(self, username: str) -> None:
        """The key stops working."""
        self._keys[username] = ""

    def new_key(self, username: str) -> str:
        """Replace a user's key."""
        self._keys_made += 1
        self._keys[username] = _key(username, self._keys_made)
        return self._keys[username]

    def set_project_access(self, username: str, hidden_project_ids: Collection[str]) -> None:
        """Say which projects a user may not see; everything in them is invisible to that user."""
        self.access.bar(self.production.users[username], hidden_project_ids)

    def can_see_project(self, user_id: str, project_id: str) -> bool:
        return project_id not in self.access.hidden(self._world, user_id)

    # -- what ----------------------------------------------------------------------------------------------

    @property
    def commits(self) -> int:
        """The number of the last commit."""
        return self._database.commits

    def run_batch(
        self,
        caller: Caller,
        operations: list[Any],
        *,
        denormalize: bool = False,
        client_token: str | None = None,
        push_token: str | None = None,
    ) -> Outcome:
        """Run a batch as one transaction: `ApiError` means that nothing has changed."""
        user = self._database.get("Resource", (caller.user_id,))
        assert user is not None
        # A global key has rights of its own, whoever's name is sent along (ftrack-protocol 1.3).
        visible = self.access.visible(self._world, caller.user_id, global_key=caller.is_global_key)
        keys = dict(self._keys)
        response = ResponseWriter(self._world, visible, self._absolute(caller), denormalize, self.writing)
        batch = Batch(self._world, user, visible, response, self, global_key=caller.is_global_key)
        try:
            responses = batch.run(operations)
            events = self._events(batch, user, client_token, push_token)
        except BaseException:
            self._database.rollback()
            self._keys = keys
            raise
        return Outcome(responses, events, self._database.commit())

    def _events(self, batch: Batch, user: Row, client_token: str | None, push_token: str | None) -> list[Published]:
        changed = batch.writer.changed
        data = update_data(changed, self._world, user, client_token, push_token)
        if data is None:
            return []
        projects = frozenset().union(*(change.project_ids for change in changed))
        return [Published(data, projects, user["username"], user["id"])]

    def _absolute(self, caller: Caller) -> Callable[[str], str]:
        """URLs in answers carry the caller's credentials, as real ones do (ftrack-protocol 1.1)."""
        credentials = f"&username={quote(caller.username)}&apiKey={quote(caller.api_key)}"
        return lambda path: f"{self.base_url}{path}{credentials}"

    def query(
        self, expression: str, username: str | None = None, as_of: int | None = None, *, normalised: bool = False
    ) -> list[dict[str, Any]]:
        """Rows, for assertions: as a user sees them (``None``: everything), now or after an earlier commit.

        In full, or ``normalised`` as in an answer.
        """
        user_id = self.production.users[username] if username else None
        world = self._world
        if as_of is not None:
            world = World(self._database.as_of(as_of), self._model, self.clock)
        visible = self.access.visible(world, user_id)
        select = parse(expression)
        evaluator = Evaluator(world, visible)
        page, _ = evaluator.window(evaluator.rows(select), select)
        defaults = [(Step(name),) for name in self._model.schemas[select.entity_type]["default_projections"]]
        names = [p for p in select.projections or defaults if not isinstance(p[0], str)]
        asked = Writing(siblings=False)
        response = ResponseWriter(world, visible, lambda path: self.base_url + path, not normalised, asked)
        tree = tree_of(names)
        if normalised:
            for row in page:
                response.load(row, select.entity_type, tree)
        return [response.write(row, select.entity_type, tree) for row in page]

    def add_object_type(self, name: str) -> None:
        """An administrator adds an object type: a new task-table type, and with it another schema hash."""
        import copy
        import uuid

        task = next(schema for schema in self.schemas if schema["id"] == "Task")
        added = copy.deepcopy(task)
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        added["id"] = name
        added["alias_for"]["classifiers"]["object_typeid"] = identity
        added["properties"]["object_type_id"]["default"] = identity
        self.schemas = [*self.schemas, added]
        self.schema_hash = hash_of(self.schemas)
        self._model = Model(self.schemas)
        self._world = World(self._database, self._model, lambda: self.clock())
        row = {"__type__": "ObjectType", "id": identity, "name": name, "sort": 99}
        self._database.put("ObjectType", (identity,), row)
        self._database.commit()


def _key(username: str, number: int) -> str:
    return hashlib.sha256(f"{username} {number}".encode()).hexdigest()[:40]

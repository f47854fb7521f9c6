"""The operations of a batch, by action (ftrack-protocol 2.3)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from .changes import WriteError, Writer
from .database import Row
from .evaluate import Evaluator, QueryError
from .language import ParseError, Path, Select, Step, parse
from .lineage import path_above
from .roles import ROLE_OPERATIONS
from .serialise import ResponseWriter, Tree, tree_of
from .world import World

SERVER_VERSION = "4.13.8"
Entry = dict[str, Any]


class ApiError(Exception):
    """An error as it goes over the wire: one object for the whole batch (ftrack-protocol 1.4)."""

    def __init__(self, exception: str, content: str, error_code: str | None = None, status: int = 400) -> None:
        super().__init__(f"{exception}: {content}")
        self.exception = exception
        self.content = content
        self.error_code = error_code
        self.status = status


class Batch:
    """Runs one batch. Answers are written after all operations have run (ftrack-protocol 2.2)."""

    def __init__(
        self,
        world: World,
        caller: Row,
        visible: Callable[[Row], bool],
        response: ResponseWriter,
        server: Any,
        *,
        global_key: bool = False,
    ) -> None:
        self._world = world
        self._caller = caller
        self._visible = visible
        self._response = response
        self._server = server
        self._global_key = global_key
        self.writer = Writer(world, caller["id"])

    def run(self, operations: list[Any]) -> list[Any]:
        """Return one entry per operation; raises `ApiError` for the first that fails."""
        finish = [self._run(operation) for operation in operations]
        return [written() for written in finish]

    def _run(self, operation: Any) -> Callable[[], Any]:
        if not isinstance(operation, dict):
            raise ApiError("ValueError", "An operation is an object")
        action = operation.get("action")
        method: Any = getattr(self, f"_do_{action}", None)
        if action in ROLE_OPERATIONS:
            method = self._change_roles
        if method is None:
            raise ApiError("ValueError", f"Invalid action u'{action}'")
        try:
            result = method(operation)
        except (ParseError, QueryError) as error:
            raise ApiError(type(error).__name__, str(error)) from error
        except WriteError as error:
            raise ApiError(error.kind, str(error)) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise ApiError("KeyError", f"Malformed operation {action!r}: {error!r}") from error
        return result if callable(result) else lambda: result

    # -- reads -----------------------------------------------------------------------------------------

    def _do_query(self, operation: Entry) -> Callable[[], Entry]:
        select = parse(operation["expression"])
        evaluator = Evaluator(self._world, self._visible)
        if select.group or any(isinstance(p[0], str) for p in select.projections or ()):
            groups = evaluator.groups(select)
            return lambda: {"action": "query", "data": groups, "metadata": {"next": {"offset": None}}}
        page, following = evaluator.window(evaluator.rows(select), select)
        tree = tree_of(self._projections(select))
        for row in page:
            self._response.load(row, select.entity_type, tree)
        return lambda: {
            "action": operation["action"],
            "data": [self._response.write(row, select.entity_type, tree) for row in page],
            "metadata": {"next": {"offset": following}},
        }

    def _projections(self, select: Select) -> list[Path]:
        if select.projections is not None:
            for path in select.projections:
                self._refuse_restricted(select.entity_type, path)
            return [path for path in select.projections if not isinstance(path[0], str)]
        defaults = self._world.model.schemas[select.entity_type]["default_projections"]
        return [(Step(name),) for name in defaults]

    def _refuse_restricted(self, type_name: str, path: Any) -> None:
        model = self._world.model
        for step in path:
            holder = model.holder(type_name, step.name)
            if holder is None:
                return
            if model.definition(holder, step.name).get("restricted_projection"):
                raise QueryError(f"{step.name!r} cannot be projected")
            target = model.target(holder, step.name)
            if target is None:
                return
            type_name = step.cast or target

    def _do_search(self, operation: Entry) -> Callable[[], Entry]:
        terms = [str(term).lower() for term in operation.get("terms", ())]
        select = parse(operation["expression"])
        rows = Evaluator(self._world, self._visible).rows(select)
        found = [row for row in rows if all(term in str(row.get("name", "")).lower() for term in terms)]
        found = [row for row in found if self._is_searched(row, operation)]
        found, following = Evaluator.window(found, select)
        tree = tree_of(self._projections(select))
        for row in found:
            self._response.load(row, select.entity_type, tree)
        return lambda: {
            "action": "search",
            "data": [self._response.write(row, select.entity_type, tree) for row in found],
            "metadata": {"next": {"offset": following}},
        }

    def _is_searched(self, row: Row, operation: Entry) -> bool:
        """True if a row is below the context, and of the object types, that a search is limited to."""
        kinds, below = operation.get("object_type_ids"), operation.get("context_id")
        if kinds and row.get("object_type_id") not in kinds:
            return False
        return not below or below in [above["id"] for above in [row, *path_above(self._world, row)]]

    def _do_query_server_information(self, operation: Entry) -> Entry:
        known = {
            "version": SERVER_VERSION,
            "schema_hash": self._server.schema_hash,
            "is_timezone_support_enabled": True,
            "storage_scenario": {"scenario": "ftrack.automatic", "data": {}},
            "is_nested_subqueries_enabled": True,
            "week_startday": 1,
            "user_information": {
                "id": self._caller["id"],
                "username": self._caller["username"],
                "permissions": [],
                "is_global_access_key": self._global_key,
                "restricted_user": False,
            },
        }
        names = operation.get("values") or list(known)[:4]
        return {name: known.get(name) for name in names}

    def _do_query_schemas(self, _: Entry) -> list[Any]:
        schemas: list[Any] = self._server.schemas
        return schemas

    def _do_permissions(self, operation: Entry) -> Entry:
        return {"action": "permissions", "data": {"entity_type": operation.get("entity_type"), "allowed": True}}

    def _do__authorize_operation(self, _: Entry) -> Entry:
        return {"result": True}

    def _do_compute_rollups(self, _: Entry) -> Entry:
        return {"data": []}

    def _do_get_widget_url(self, operation: Entry) -> Entry:
        return {"widget_url": f"{self._server.base_url}/widget/{operation.get('name')}?token={uuid.uuid4().hex}"}

    def _do_generate_signed_url(self, _: Entry) -> Entry:
        return {"signed_url": f"{self._server.base_url}/signed/{uuid.uuid4().hex}"}

    # -- writes ----------------------------------------------------------------------------------------

    def _do_create(self, operation: Entry) -> Callable[[], Entry]:
        type_name, data = self._type_of(operation), operation["entity_data"]
        row = self.writer.create(type_name, data)
        self._demand_allowed(row)
        return self._written("create", type_name, row, data)

    def _do_update(self, operation: Entry) -> Callable[[], Entry]:
        type_name, data = self._type_of(operation), operation["entity_data"]
        key = operation["entity_key"]
        row_key = tuple(key) if isinstance(key, list) else (key,)
        self._demand_visible(type_name, row_key)
        row = self.writer.update(type_name, row_key, data)
        self._demand_allowed(row)
        return self._written("update", type_name, row, data)

    def _do_delete(self, operation: Entry) -> Entry:
        key = operation["entity_key"]
        row_key = tuple(key) if isinstance(key, list) else (key,)
        self._demand_visible(self._type_of(operation), row_key)
        self.writer.delete(self._type_of(operation), row_key)
        return {"action": "delete", "data": True}

    def _written(self, action: str, type_name: str, row: Row, data: Entry) -> Callable[[], Entry]:
        """The answer to a write: what was sent, and what the server loaded along with it."""
        model = self._world.model
        shown = [name for name in data if not name.startswith("__")]
        shown += [
            name for name in ("version", "status_id", "system_type") if name in row and model.has(type_name, name)
        ]
        tree: Tree = {name: {} for name in shown}
        self._response.load(row, type_name, tree)
        return lambda: {"action": action, "data": self._response.write(row, type_name, tree)}

    def _type_of(self, operation: Entry) -> str:
        type_name = operation.get("entity_type")
        if type_name not in self._world.model.schemas:
            raise ApiError("ValueError", f"No entity type {type_name!r}")
        return str(type_name)

    def _demand_visible(self, type_name: str, key: tuple[Any, ...]) -> None:
        row = self._world.by_key(type_name, key)
        if row is not None:
            self._demand_allowed(row)

    def _demand_allowed(self, row: Row) -> None:
        """Nobody writes in, or into, a project that they do not see: the batch is rolled back."""
        if not self._visible(row):
            raise ApiError("PermissionError", f"No permission on this {row['__type__']}", status=403)

    def _do_get_upload_metadata(self, operation: Entry) -> Entry:
        component_id = operation["component_id"]
        if operation.get("parts"):
            return self._parts(component_id, int(operation["parts"]))
        headers = {"Content-Type": "application/octet-stream"}
        return {"url": self._server.upload_url(component_id), "headers": headers, "component_id": component_id}

    def _parts(self, component_id: str, count: int) -> Entry:
        """Where each part of a large file goes."""
        upload_id = uuid.uuid4().hex
        address = f"{self._server.upload_url(component_id)}&upload_id={upload_id}&part_number="
        urls = [{"signed_url": address + str(number), "part_number": number} for number in range(1, count + 1)]
        return {"component_id": component_id, "urls": urls, "upload_id": upload_id}

    def _do_complete_multipart_upload(self, operation: Entry) -> Entry:
        component_id = operation["component_id"]
        url = self._server.upload_url(component_id)
        return {"action": "complete_multipart_upload", "component_id": component_id, "url": url}

    def _do_encode_media(self, operation: Entry) -> Entry:
        return {"job_id": self._job("encode")["id"]}

    def _do_delayed_job(self, operation: Entry) -> Callable[[], Entry]:
        row = self._job(str(operation.get("job_type")))
        self._response.load(row, "Job", {"status": {}})
        return lambda: {"action": "delayed_job", "data": self._response.write(row, "Job", {"status": {}})}

    def _job(self, kind: str) -> Row:
        return self.writer.create("Job", {"type": kind, "status": "queued", "user_id": self._caller["id"]})

    def _do__track_usage(self, _: Entry) -> Entry:
        return {}

    def _do_send_user_invite(self, _: Entry) -> Entry:
        return {"sent": True}

    _do_send_review_session_invite = _do_send_user_invite

    def _do_reset_remote(self, operation: Entry) -> Entry:
        username = self._caller["username"]
        return {"action": "reset_remote", "data": {"api_key": self._server.new_key(username)}}

    def _do_configure_totp(self, operation: Entry) -> Entry:
        self.writer.update("User", (self._caller["id"],), {"is_totp_enabled": True})
        return {"action": "configure_totp", "data": True}

    def _change_roles(self, operation: Entry) -> Entry:
        ROLE_OPERATIONS[operation["action"]](self._world, self.writer, operation)
        return {"action": operation["action"], "data": True}

"""POST /api: one batch of operations in, one list (or one error object) out."""

from __future__ import annotations

import dataclasses
import gzip
import logging
import uuid
import zlib
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from .engine import ApiError, Caller
from .site import Site

_LOGGER = logging.getLogger(__name__)
_TRUE = frozenset({"1", "true", "True"})
_COMPRESS_FROM = 1024
SESSION_COOKIE = "ftrack_session"


@dataclasses.dataclass(frozen=True)
class Batch:
    """A request body, decoded as far as possible."""

    body: bytes
    operations: Any
    error: ApiError | None

    @classmethod
    def read(cls, body: bytes, encoding: str | None) -> Batch:
        """Decode a body; what is wrong with it is kept for the answer."""
        try:
            if encoding == "gzip":
                body = gzip.decompress(body)
            operations = orjson.loads(body)
        except (ValueError, EOFError, OSError, zlib.error) as error:
            return cls(body, None, malformed(f"Malformed request body: {error}"))
        if not isinstance(operations, list):
            return cls(body, operations, malformed("The request body must be a list of operations."))
        if not all(isinstance(operation, dict) for operation in operations):
            return cls(body, operations, malformed("Every operation must be an object."))
        return cls(body, operations, None)

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions of the batch, as far as they can be read."""
        operations = self.operations if isinstance(self.operations, list) else [self.operations]
        return tuple(str(entry.get("action")) for entry in operations if isinstance(entry, dict))

    @property
    def text(self) -> str:
        """The body and the plain expressions in it, to search for text."""
        operations = self.operations if isinstance(self.operations, list) else [self.operations]
        expressions = [str(entry.get("expression", "")) for entry in operations if isinstance(entry, dict)]
        return "\n".join([self.body.decode(errors="replace"), *expressions])


def malformed(content: str) -> ApiError:
    """The error for a request that is no batch."""
    return ApiError(exception="ValueError", content=content, error_code=None, status=400)


def options(header: str | None) -> dict[str, bool]:
    """`ftrack-api-options`: pairs separated by `;`, written `key:value` or `key=value`."""
    found: dict[str, bool] = {}
    for pair in (header or "").split(";"):
        key, _, value = pair.replace("=", ":").partition(":")
        if key.strip():
            found[key.strip()] = value.strip() in _TRUE
    return found


class ApiEndpoint:
    """Runs batches in the engine and publishes the events that they make."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sessions: dict[str, tuple[str, str]] = {}
        # A session may outlive the key that it was opened with.
        self._callers: dict[str, Caller] = {}

    def answer(self, request: web.Request, batch: Batch) -> web.Response:
        """The answer to one request."""
        headers = request.headers
        strict = headers.get("ftrack-strict-api", "").lower() == "true"
        cookies: list[str] = []
        try:
            caller, cookies = self._caller(request)
            if batch.error is not None:
                raise batch.error
            chosen = options(headers.get("ftrack-api-options"))
            outcome = self._site.engine.run_batch(
                caller,
                batch.operations,
                denormalize=chosen.get("strict", False) and chosen.get("denormalize", False),
                client_token=headers.get("ftrack-clienttoken"),
                push_token=headers.get("ftrack-pushtoken"),
            )
        except ApiError as error:
            return self._error(request, error, strict, cookies)
        except Exception as error:
            _LOGGER.exception("The simulated server broke on %s", batch.body[:2000])
            self._site.crashes.append(error)
            broken = ApiError(exception="InternalError", content=repr(error), error_code=None, status=500)
            return self._error(request, broken, strict, cookies)
        self._arrange_uploads(batch.operations, outcome.responses)
        for published in outcome.events:
            self.publish(published)
        return self._json(request, outcome.responses, 200, cookies)

    def publish(self, published: Any) -> None:
        """Send one `ftrack.update` of the engine through the hub."""
        hub = self._site.hub
        event = hub.server_event("ftrack.update", published.data, published.username, published.user_id)
        hub.publish(event, published.project_ids)

    def _caller(self, request: web.Request) -> tuple[Caller, list[str]]:
        """Identity by headers, else by session cookie; the cookie lines to send for a new session."""
        token = request.cookies.get(SESSION_COOKIE, "")
        username, api_key = request.headers.get("ftrack-user"), request.headers.get("ftrack-api-key")
        if self._site.sessions_first and token in self._callers:
            return self._callers[token], []
        if username is None and api_key is None and token in self._sessions:
            username, api_key = self._sessions[token]
        identity = (username or "", api_key or "")
        caller = self._site.engine.authenticate(*identity)
        if self._sessions.get(token) == identity:
            return caller, []
        token = uuid.uuid4().hex
        self._sessions[token] = identity
        self._callers[token] = caller
        return caller, [f"{SESSION_COOKIE}={token}; Path=/; HttpOnly", "ftrack_node=n1; Path=/"]

    def _arrange_uploads(self, operations: list[Mapping[str, Any]], responses: list[Any]) -> None:
        """Uploads in several parts: their URLs are made and their bytes joined here, where the bytes are."""
        for position, operation in enumerate(operations):
            component_id = str(operation.get("component_id"))
            if operation.get("action") == "get_upload_metadata" and int(operation.get("parts") or 1) > 1:
                responses[position] = self._parts(component_id, int(operation["parts"]))
            elif operation.get("action") == "complete_multipart_upload":
                numbers = [int(part["part_number"]) for part in operation.get("parts", [])]
                self._site.files.complete(str(operation.get("upload_id")), component_id, numbers)

    def _parts(self, component_id: str, count: int) -> dict[str, Any]:
        upload_id = uuid.uuid4().hex
        url = f"{self._site.engine.upload_url(component_id)}&upload_id={upload_id}"
        urls = [{"signed_url": f"{url}&part_number={number}", "part_number": number} for number in range(1, count + 1)]
        return {"component_id": component_id, "urls": urls, "upload_id": upload_id}

    def _error(self, request: web.Request, error: ApiError, strict: bool, cookies: list[str]) -> web.Response:
        content = {"exception": error.exception, "content": error.content, "error_code": error.error_code}
        return self._json(request, content, error.status if strict else 200, cookies)

    def _json(self, request: web.Request, content: Any, status: int, cookies: list[str]) -> web.Response:
        body = orjson.dumps(content)
        response = web.Response(status=status, content_type="application/json")
        if len(body) >= _COMPRESS_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1, mtime=0)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Vary"] = "Accept-Encoding"
        response.body = body
        for cookie in cookies:
            response.headers.add("Set-Cookie", cookie)
        return response

"""One client's connection: aiohttp's, which also tells what it is waiting for, and quotes nothing that it was sent."""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_request import BaseRequest

from ftrack_proxy.observe.exception_summary import exception_summary
from ftrack_proxy.observe.log_throttle import LogThrottle
from ftrack_proxy.request.call import Progress, Reply
from ftrack_proxy.request.reply import failed, of_error
from ftrack_proxy.web import client_timeouts
from ftrack_proxy.web.client_timeouts import DownloadTimeout, UploadTimeout

_log = logging.getLogger(__name__)

_REASONS = {408: "Request Timeout", 503: "Service Unavailable", 504: "Gateway Timeout"}


class CloseReason(Enum):
    """Why a connection has to be closed."""

    UNUSED = "unused"
    HEAD = "half a head"
    BODY = "half a body"
    UNREAD = "unread answer"


class Connection(web.RequestHandler):
    """Knows whether it waits for a request, for the rest of one, or for its client to read.

    Where it reads attributes of aiohttp's that are not public, ``tests/hostile/test_listener.py`` holds them.
    """

    __slots__ = ("_download", "_progress", "_throttle", "_upload", "head_since", "received")

    def __init__(self, server: web.Server, throttle: LogThrottle, **options: Any) -> None:
        super().__init__(server, **options)
        self.received = 0
        self.head_since: float | None = None
        self._throttle = throttle
        self._progress = Progress()
        self._upload: tuple[BaseRequest, UploadTimeout] | None = None
        self._download = DownloadTimeout(0, 0.0)

    def data_received(self, data: bytes) -> None:
        """Note when the head of a request begins to come, and that it came."""
        messages = self._request_count
        self.received += len(data)
        super().data_received(data)
        if self._request_count != messages:
            self.head_since = None
        elif self.head_since is None and data and self.is_waiting:
            self.head_since = self._loop.time()

    @property
    def is_waiting(self) -> bool:
        """True if no request is in progress and none has come in full."""
        return self._waiter is not None and not self._messages

    @property
    def is_used(self) -> bool:
        """True if a request ever came."""
        return self._request_count > 0

    @property
    def is_upgraded(self) -> bool:
        """True if it is a WebSocket now."""
        return self._payload_parser is not None

    @property
    def waiting_since(self) -> float:
        """When the last answer was done, or else when the connection was made (the loop's time)."""
        return self._next_keepalive_close_time - self.keepalive_timeout

    @property
    def is_writing(self) -> bool:
        """True if the request in progress may change data."""
        return not self.is_waiting and self._progress.writing

    def watch(self, progress: Progress) -> None:
        """Keep the progress of the request that is being answered."""
        self._progress = progress

    def overdue(self, now: float) -> CloseReason | None:
        """Why the client has taken too long, if it has. To be called every second or so."""
        if self.is_waiting:
            self._download.unsent = 0
            if self.head_since is not None:
                return CloseReason.HEAD if now - self.head_since > client_timeouts.HEAD else None
            if not self.is_used and now - self.waiting_since > client_timeouts.UNUSED:
                return CloseReason.UNUSED
            return None
        transport = self.transport
        if transport is None:
            return None
        if self._download.runs_out(transport.get_write_buffer_size(), now):
            return CloseReason.UNREAD
        request = self._current_request
        if request is None or request.content.is_eof():
            self._upload = None
            return None
        if self._upload is None or self._upload[0] is not request:
            self._upload = (request, UploadTimeout(self.received, now))
        if self._upload[1].runs_out(self.received, now, waiting=transport.is_reading()):
            return CloseReason.BODY
        return None

    def close_overdue(self, reason: CloseReason) -> None:
        """Close an overdue connection; a request that has begun gets an error, if that is still possible."""
        self.break_off(None if reason is CloseReason.UNUSED else _timed_out())

    def break_off(self, reply: Reply | None = None) -> None:
        """Close at once, with ``reply`` if no other answer has begun. To the handler its client has left."""
        request, transport = self._current_request, self.transport
        if reply is not None and transport is not None:
            if self.is_waiting or (request is not None and request.writer.output_size == 0):
                transport.write(_serialised(reply))
            else:
                # Closing would wait for what is not sent yet.
                transport.abort()
        self.force_close()

    def handler_task(self) -> asyncio.Task[None] | None:
        """The task that answers this connection's requests."""
        return self._task_handler

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is not HTTP. ``exc`` and ``message`` quote what was sent, so neither is shown."""
        if status == 400:
            kind = type(exc).__name__
            suppressed = self._throttle.due(f"malformed {kind}")
            if suppressed is not None:
                _log.warning(
                    "a malformed request was refused: %s%s", kind, f" ({suppressed} more)" if suppressed else ""
                )
        else:
            self.log_exception(exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, there is no room for another")
        reply = _malformed(exc) if status == 400 else failed()
        response = web.Response(status=reply.status, headers=reply.headers, body=reply.body)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kwargs: Any) -> None:
        """Log what went wrong between client and handler, without the texts: they may quote what was sent."""
        error = kwargs.get("exc_info")
        if isinstance(error, ConnectionError):
            # The client has left in the middle; that is no fault.
            return
        if self._throttle.due("connection") is not None:
            _log.error(
                "a connection ended by a fault: %s", exception_summary(error if isinstance(error, Exception) else None)
            )

    def log_debug(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: that clients leave is normal."""


def _timed_out() -> Reply:
    return of_error(
        408,
        "RequestTimeoutError",
        "ftrack-proxy waited too long for the rest of this request. Nothing of it was answered; send it again.",
        "proxy_request_timeout",
    )


def _malformed(error: BaseException | None) -> Reply:
    if isinstance(error, LineTooLong):
        return of_error(
            431,
            "MalformedRequestError",
            "The first line or a header of this request is longer than ftrack-proxy takes (64 KB).",
            "proxy_malformed_request",
        )
    return of_error(
        400,
        "MalformedRequestError",
        "This is no HTTP request that ftrack-proxy can read. Clients reach it by http://, not https://.",
        "proxy_malformed_request",
    )


def _serialised(reply: Reply) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, '')}",
        *(f"{name}: {value}" for name, value in reply.headers),
        f"Content-Length: {len(reply.body)}",
        "Connection: close",
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + reply.body

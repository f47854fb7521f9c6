"""How our own endpoints answer: JSON that people can read, errors in the shape of ftrack's."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from ftrack_proxy.request.reply import of_error


def json_page(content: Any, status: int = 200) -> web.Response:
    """A document, indented."""
    body = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return web.Response(status=status, body=body, content_type="application/json")


def error_page(status: int, exception: str, content: str) -> web.Response:
    """An error; ``content`` says the way out."""
    answer = of_error(status, exception, content, f"proxy_{status}")
    return web.Response(status=status, body=answer.body, content_type="application/json")

"""End points without a meaning in ftrack: generated streams, an upload sink, an echo of the request."""

from __future__ import annotations

import gzip
import hashlib

import orjson
from aiohttp import web

from .faults import Hold
from .files import generated


async def generated_bytes(request: web.Request, size: int, hold: Hold | None) -> web.StreamResponse:
    """GET /files/generated/<n>: n deterministic bytes, streamed; held after the first block if so wanted.

    `?chunked=1` hides the length; `?break_at=<m>` closes the connection after at least m bytes.
    """
    break_at = int(request.query.get("break_at", size + 1))
    sent = 0
    response = web.StreamResponse(headers={"ETag": f'"generated-{size}"'})
    response.content_type = "application/octet-stream"
    if request.query.get("chunked"):
        response.enable_chunked_encoding()
    else:
        response.content_length = size
    await response.prepare(request)
    if request.method != "HEAD":
        for block in generated("files", size):
            await response.write(block)
            sent += len(block)
            if sent >= break_at and request.transport is not None:
                request.transport.close()
                return response
            if hold is not None:
                await hold.pass_through()
    await response.write_eof()
    return response


async def sink(request: web.Request, hold: Hold | None) -> web.Response:
    """PUT or POST /files/sink: count and hash an upload without keeping it; held after the first block."""
    digest, size = hashlib.sha256(), 0
    async for block in request.content.iter_any():
        digest.update(block)
        size += len(block)
        if hold is not None:
            await hold.pass_through()
    return web.json_response({"size": size, "sha256": digest.hexdigest()})


async def echo(request: web.Request) -> web.StreamResponse:
    """Any method on /echo/...: what arrived, as JSON.

    Query parameters shape the answer: `status=<n>`, `cookies=<n>` (that many Set-Cookie lines), `hop=1`
    (hop-by-hop headers), `gzip=1` (a compressed answer), `header=<name>:<value>` (repeatable).
    """
    body = await request.read()
    query = request.query
    content = {
        "method": request.method,
        "raw_path": request.raw_path,
        "version": f"{request.version.major}.{request.version.minor}",
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.raw_headers],
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "body_length": len(body),
    }
    response = web.Response(
        status=int(query.get("status", "200")), content_type="application/json", body=orjson.dumps(content)
    )
    if query.get("gzip"):
        response.body = gzip.compress(orjson.dumps(content), mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    if response.status in (204, 304) or response.status < 200:
        response.body = None
    for number in range(int(query.get("cookies", "0"))):
        response.headers.add("Set-Cookie", f"echo{number}=value{number}; Path=/")
    if query.get("hop"):
        response.headers["Connection"] = "X-Hop, keep-alive"
        response.headers["X-Hop"] = "for this connection only"
        response.headers["Keep-Alive"] = "timeout=5"
        response.headers["Proxy-Authenticate"] = "Basic"
    for pair in query.getall("header", []):
        name, _, value = pair.partition(":")
        response.headers.add(name, value.strip())
    return response

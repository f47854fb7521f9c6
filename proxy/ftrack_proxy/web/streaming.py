"""Answers that are too long to be held in memory: sent on as they come, no faster than the client reads."""

from __future__ import annotations

from aiohttp import web
from aiohttp.http import HttpVersion11

from ftrack_proxy.ports import AnswerLost, Rest
from ftrack_proxy.request.call import Reply


async def stream(request: web.Request, reply: Reply, rest: Rest) -> web.StreamResponse:
    """Send what has been read of an answer, then the rest of it."""
    response = web.StreamResponse(status=reply.status)
    for name, value in reply.headers:
        response.headers.add(name, value)
    # So that the client can tell the end from a cut; an HTTP/1.0 client sees the connection closed.
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    else:
        response.force_close()
    try:
        await response.prepare(request)
        await response.write(reply.body)
        async for piece in rest:
            await response.write(piece)
        await response.write_eof()
    except AnswerLost:
        # Cut short upstream: the client has to see that, too.
        if request.transport is not None:
            request.transport.abort()
    finally:
        rest.close()
    return response

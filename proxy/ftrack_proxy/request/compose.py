"""Put the parts of a batch together into one reply, if that is what ftrack would have said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ftrack_proxy.decision.batch import Proceed, compose
from ftrack_proxy.decision.decisions import ForwardBatch, Serve
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.protocol.headers import Handling, accepts_gzip, combined, end_to_end, one_of_each
from ftrack_proxy.protocol.responses import contradict, decode, known_attributes
from ftrack_proxy.request import reply
from ftrack_proxy.request.call import ApiCall, Reply
from ftrack_proxy.request.fetched_response import FetchedResponse

# Parts that are compared while everybody else waits, and of more than these how many at one go.
_AT_HAND = 100
_AT_ONCE = 16


class Part(NamedTuple):
    """One operation's part of the reply: the decision by which it is served, what is told of that, and ftrack's
    response if there was one.

    ``whole`` is the response to several operations of which it is a part.
    """

    serve: Serve
    handling: Handling
    response: FetchedResponse | None = None
    whole: FetchedResponse | None = None


async def conclude_batch(
    call: ApiCall, parts: Sequence[Part], operations: int, start: Moment, needs_cookies: Callable[[], bool]
) -> Reply | ForwardBatch:
    """Make one reply of what was read for a batch of so many operations, if that is what ftrack would have said.

    ``needs_cookies`` tells whether ftrack does not answer to the principal alone by now.
    """
    if len(parts) == operations == 1 and parts[0].serve.result is not None:
        return composed(parts, start)
    failed = next((part for part in parts if part.serve.result is None), None)
    if failed is None:
        await _look_into(parts)
    decision = compose(
        failed=failed is not None,
        needs_cookies=failed is not None and needs_cookies(),
        stands_for_all=failed is not None and _stands_for_all(failed, call, operations),
        torn=failed is None and is_torn(parts),
    )
    match decision:
        case Proceed.HAND_ON if failed is not None:
            return _handed_on(failed)
        case ForwardBatch():
            for part in parts:
                if part.response is not None:
                    part.response.let_go()
            return decision
        case _:
            return composed(parts, start)


def composed(parts: Sequence[Part], start: Moment) -> Reply:
    """Write the reply of parts that are all entries of answers."""
    results = [result for part in parts if (result := part.serve.answer.result) is not None]
    headers: list[tuple[str, str]] = []
    cookies: list[str] = []
    behind = None
    for response, collapsed in _responses(parts):
        theirs = end_to_end(response.answer.headers.items())
        behind = combined(response.answer.headers, "Cache-Status") or behind
        if not headers:
            headers = [(name, value) for name, value in theirs if name.lower() != "set-cookie"]
        if not collapsed:
            cookies += [value for name, value in theirs if name.lower() == "set-cookie"]
    headers += [("Set-Cookie", cookie) for cookie in one_of_each(cookies)]
    types = {result.content_type for result in results}
    return reply.of_entries(
        [result.body for result in results],
        [part.handling for part in parts],
        http_status=max([result.http_status for result in results]),
        # Where the parts' types differ, all that they have in common is that they are JSON.
        content_type=types.pop() if len(types) == 1 else "",
        age=start.at - min([result.validity.began.at for result in results]),
        headers=headers,
        behind=behind,
    )


def _responses(parts: Sequence[Part]) -> list[tuple[FetchedResponse, bool]]:
    """ftrack's responses, each once, and whether somebody else had asked for it."""
    found = {id(p.response): (p.response, p.handling.collapsed) for p in parts if p.response is not None}
    return list(found.values())


def _handed_on(part: Part) -> Reply:
    """Make a reply to a whole batch of what is no entry of an answer."""
    response = _response(part)
    return reply.of_answer(response.answer, part.handling, plain=response.plain, own=not part.handling.collapsed)


def _stands_for_all(part: Part, call: ApiCall, operations: int) -> bool:
    """True if what ftrack said to one operation alone, and what is no entry of a list, is the answer to a batch.

    One failing operation fails it (ftrack-protocol 2.2). Anything else that is not what we expect cannot be put
    together with other parts, nor sent to a client that does not accept the encoding in which we had it sent.
    """
    response = _response(part)
    if response.failure is None and operations > 1:
        return False
    is_plain = response.plain is not None or "Content-Encoding" not in response.answer.headers
    return is_plain or accepts_gzip(call.headers)


def _response(part: Part) -> FetchedResponse:
    assert part.response is not None
    return part.response


def is_torn(parts: Sequence[Part]) -> bool:
    """G7: one entity in one answer is of one moment. Parts that were fetched apart may contradict each other."""
    if _are_of_one_request(parts):
        return False
    results = [part.serve.answer.result for part in parts]
    return contradict(*[result.attributes(_attributes_of_body) for result in results if result is not None])


def _are_of_one_request(parts: Sequence[Part]) -> bool:
    return len(parts) < 2 or all(part.whole is not None and part.whole is parts[0].whole for part in parts)


async def _look_into(parts: Sequence[Part]) -> None:
    """Take very many parts apart, to be compared, without keeping everybody else waiting."""
    results = [part.serve.result for part in parts if part.serve.result is not None]
    if len(results) > _AT_HAND and not _are_of_one_request(parts):
        for count, result in enumerate(results, start=1):
            result.attributes(_attributes_of_body)
            if not count % _AT_ONCE:
                await asyncio.sleep(0)


def _attributes_of_body(body: bytes) -> dict[tuple[str, str], dict[str, Any]]:
    return known_attributes(decode(body))

"""Put the parts of a batch together into one reply, if that is what ftrack would have said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.protocol.headers import accepts_gzip, combined, end_to_end, one_of_each
from ftrack_proxy.protocol.responses import contradict, decode, known_attributes
from ftrack_proxy.request import reply
from ftrack_proxy.request.call import ApiCall, Reply
from ftrack_proxy.request.flights import Fetched
from ftrack_proxy.request.look_up import Served

# Parts that are compared while everybody else waits, and of more than these how many at one go.
_AT_HAND = 100
_AT_ONCE = 16


def alone(call: ApiCall, part: Served, operations: int) -> Reply | None:
    """Make a reply to a batch of so many operations of what is no entry of an answer; ``None`` if it will not do."""
    assert part.fetched is not None
    if not _stands_for_all(part.fetched, call, operations):
        return None
    own = not part.handling.collapsed
    return reply.of_answer(part.fetched.answer, part.handling, plain=part.fetched.plain, own=own)


def is_torn(served: Sequence[Served]) -> bool:
    """G7: one entity in one answer is of one moment. Parts that were fetched apart may contradict each other."""
    if _are_of_one_request(served):
        return False
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    for part in served:
        if part.result is None:
            continue
        attributes = part.result.attributes(_attributes_of_body)
        if contradict(seen, attributes):
            return True
        for entity, values in attributes.items():
            seen.setdefault(entity, {}).update(values)
    return False


def _are_of_one_request(served: Sequence[Served]) -> bool:
    return len(served) < 2 or all(part.whole is not None and part.whole is served[0].whole for part in served)


async def look_into(served: Sequence[Served]) -> None:
    """Take very many parts apart, to be compared, without keeping everybody else waiting."""
    results = [part.result for part in served if part.result is not None]
    if len(results) > _AT_HAND and not _are_of_one_request(served):
        for count, result in enumerate(results, start=1):
            result.attributes(_attributes_of_body)
            if not count % _AT_ONCE:
                await asyncio.sleep(0)


def let_go(served: Sequence[Served]) -> None:
    """Have no more of answers that are still coming."""
    for part in served:
        if part.fetched is not None and part.fetched.answer.rest is not None:
            part.fetched.answer.rest.close()


def _stands_for_all(fetched: Fetched, call: ApiCall, operations: int) -> bool:
    """True if what ftrack said to one operation alone, and what is no entry of a list, is the answer to a batch.

    One failing operation fails it (ftrack-protocol 2.2). Anything else that is not what we expect cannot be put
    together with other parts, nor sent to a client that does not accept the encoding in which we had it sent.
    """
    if fetched.failure is None and operations > 1:
        return False
    is_plain = fetched.plain is not None or "Content-Encoding" not in fetched.answer.headers
    return is_plain or accepts_gzip(call.headers)


def _attributes_of_body(body: bytes) -> dict[tuple[str, str], dict[str, Any]]:
    return known_attributes(decode(body))


def assembled(served: Sequence[Served], start: Moment) -> Reply:
    """Write the reply of parts that are all entries of answers."""
    results = [part.result for part in served if part.result is not None]
    headers: list[tuple[str, str]] = []
    cookies: list[str] = []
    behind = None
    for answer, collapsed in {
        id(p.fetched): (p.fetched.answer, p.handling.collapsed) for p in served if p.fetched
    }.values():
        theirs = end_to_end(answer.headers.items())
        behind = combined(answer.headers, "Cache-Status") or behind
        if not headers:
            headers = [(name, value) for name, value in theirs if name.lower() != "set-cookie"]
        if not collapsed:
            cookies += [value for name, value in theirs if name.lower() == "set-cookie"]
    headers += [("Set-Cookie", cookie) for cookie in one_of_each(cookies)]
    types = {result.content_type for result in results}
    return reply.of_entries(
        [result.body for result in results],
        [part.handling for part in served],
        http_status=max(result.http_status for result in results),
        # Where the parts' types differ, all that they have in common is that they are JSON.
        content_type=types.pop() if len(types) == 1 else "",
        age=max(start.at - result.validity.began.at for result in results),
        headers=headers,
        behind=behind,
    )

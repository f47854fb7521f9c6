"""What 180 well-behaved clients notice of 20 hostile ones, calm and hostile phases in turn in one run.

python -m benchmarks.hostile_load [--seconds 20] [--rounds 2]

The origin, the proxy and the well-behaved clients are processes of their own. Each well-behaved client asks twice a
second, most of the time what it asked before; every hostile one does one bad thing over and over.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import itertools
import json
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from tests.harness import ProxyCommand

from benchmarks.first_numbers import ROWS, SCHEMAS

GOOD, BAD = 180, 20
LATENCY = 0.02
HEADERS = {"ftrack-user": "ana", "ftrack-api-key": "good", "content-type": "application/json"}
LONG = [{"__entity_type__": "Status", "id": str(n), "name": "x" * 200} for n in range(5_000)]
_BOMB = gzip.compress(b" " * 50_000_000)
numbers = itertools.count()


def query(text: str) -> dict[str, str]:
    return {"action": "query", "expression": text}


def new_question() -> dict[str, str]:
    return query(f'select name from Status where name is "{next(numbers)}-{random.random()}"')


def origin(ready: multiprocessing.Queue[int]) -> None:
    """Answer after 20 ms; refuse a wrong key; keep what says HANG for ever."""

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("ftrack-api-key") != "good":
            refusal = {"exception": "InvalidCredentialsError", "content": "no", "error_code": "api_credentials_invalid"}
            return web.json_response(refusal, status=401)
        text = await request.text()
        if "HANG" in text:
            await asyncio.sleep(3600)
        await asyncio.sleep(LATENCY)
        try:
            operations = json.loads(text)
        except (ValueError, RecursionError):
            return web.json_response(
                {"exception": "ValidationError", "content": "no JSON", "error_code": ""}, status=400
            )
        answers = []
        for operation in operations:
            if operation["action"] == "query_schemas":
                answers.append(SCHEMAS)
            else:
                rows = LONG if "LONG" in operation.get("expression", "") else ROWS
                answers.append({"action": "query", "data": rows, "metadata": {"next": {"offset": None}}})
        return web.json_response(answers)

    async def serve() -> None:
        application = web.Application(client_max_size=2**30)
        application.router.add_post("/api", answer)
        # What the proxy does not unpack is no load of the origin's either.
        runner = web.AppRunner(application, access_log=None, auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


Taken = tuple[list[float], list[float], int]


def well_behaved(url: str, seconds: float, answer: multiprocessing.Queue[Taken]) -> None:
    """180 clients: milliseconds of reads that were hits, of those that were not, and how many failed."""
    answer.put(asyncio.run(_good_clients(url, seconds)))


async def _good_clients(url: str, seconds: float) -> Taken:
    hits: list[float] = []
    misses: list[float] = []
    failed = 0
    known = [json.dumps([query(f'select id, name from Status where id is "{n}"')]) for n in range(40)]

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal failed
        await asyncio.sleep(random.random() / 2)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            body = random.choice(known) if random.random() < 0.9 else json.dumps([new_question()])
            begun = time.perf_counter()
            try:
                async with session.post(f"{url}/api", data=body, headers=HEADERS) as response:
                    await response.read()
                    taken = (time.perf_counter() - begun) * 1000
                    is_hit = "; hit" in response.headers.get("Cache-Status", "")
                    (hits if is_hit else misses).append(taken)
                    failed += response.status != 200
            except (aiohttp.ClientError, TimeoutError):
                failed += 1
            await asyncio.sleep(max(0, 0.5 + begun - time.perf_counter()))

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        for body in known:
            async with session.post(f"{url}/api", data=body, headers=HEADERS) as response:
                await response.read()
        await asyncio.gather(*(client(session) for _ in range(GOOD)))
    return hits, misses, failed


Bad = Callable[[aiohttp.ClientSession, str], Awaitable[None]]


async def _raw(url: str, head: bytes, drip: float | None = None, *, read: bool = True) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(head)
        for _ in range(10 if drip else 0):
            await asyncio.sleep(drip or 0)
            writer.write(b"x")
        if read:
            await asyncio.wait_for(reader.read(1000), 2)
        else:
            await asyncio.sleep(2)
    finally:
        writer.close()


def _post(body: bytes, *lines: str, key: str = "good") -> bytes:
    pairs = {**HEADERS, "ftrack-api-key": key}.items()
    head = "\r\n".join(("POST /api HTTP/1.1", "Host: localhost", *(f"{n}: {v}" for n, v in pairs), *lines))
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def half_a_head(session: aiohttp.ClientSession, url: str) -> None:
    await _raw(url, b"POST /api HTTP/1.1\r\nHost: localhost\r\nX: ", 0.3)


async def half_a_body(session: aiohttp.ClientSession, url: str) -> None:
    await _raw(url, _post(b" " * 1000)[:-900], 0.3)


async def compressed_bomb(session: aiohttp.ClientSession, url: str) -> None:
    await _raw(url, _post(_BOMB, "Content-Encoding: gzip", key="bad"))


async def long_list(session: aiohttp.ClientSession, url: str) -> None:
    ids = ", ".join(f'"{random.random()}"' for _ in range(20_000))
    await _send(session, url, [query(f"select name from Status where id in ({ids})")])


async def never_reads(session: aiohttp.ClientSession, url: str) -> None:
    await _raw(url, _post(json.dumps([query("select name from Status where name is LONG")]).encode()) * 20, read=False)


async def asks_and_leaves(session: aiohttp.ClientSession, url: str) -> None:
    body = json.dumps([query(f'select name from Status where name is "HANG {random.random()}"')]).encode()
    with suppress(TimeoutError):
        await asyncio.wait_for(_raw(url, _post(body)), 0.5)


async def many_at_once(session: aiohttp.ClientSession, url: str) -> None:
    await _send(session, url, [new_question() for _ in range(1_000)])


async def deep(session: aiohttp.ClientSession, url: str) -> None:
    # With a key that ftrack accepts it would count as a write of anything, as it should.
    await _raw(url, _post(b"[" * 100_000 + b"]" * 100_000, key="bad"))


async def wrong_key(session: aiohttp.ClientSession, url: str) -> None:
    update = {"action": "update", "entity_type": "Status", "entity_key": ["1"], "entity_data": {"name": "x"}}
    async with session.post(f"{url}/api", json=[update], headers={**HEADERS, "ftrack-api-key": "bad"}) as response:
        await response.read()
    await asyncio.sleep(0.05)


async def nonsense(session: aiohttp.ClientSession, url: str) -> None:
    await _raw(url, b"\x16\x03\x01" + random.randbytes(200) + b"\r\n\r\n")
    await asyncio.sleep(0.02)


KINDS: tuple[Bad, ...] = (half_a_head, half_a_body, compressed_bomb, long_list, never_reads, asks_and_leaves,
                          many_at_once, deep, wrong_key, nonsense)  # fmt: skip


async def _send(session: aiohttp.ClientSession, url: str, operations: list[dict[str, str]]) -> None:
    async with session.post(f"{url}/api", json=operations, headers=HEADERS) as response:
        await response.read()


def hostile(url: str, chosen: list[str], count: int) -> None:
    """Clients until they are killed; each waits as long as its last bad thing took. They would be on other machines, so
    what they cost of this one is left to the others where possible."""
    os.nice(19)

    async def client(kind: Bad, session: aiohttp.ClientSession) -> None:
        while True:
            begun = time.perf_counter()
            with suppress(aiohttp.ClientError, OSError, TimeoutError, ConnectionError):
                await kind(session, url)
            await asyncio.sleep(max(0.05, min(1.0, time.perf_counter() - begun)))

    async def run() -> None:
        kinds = [kind for kind in KINDS if kind.__name__ in chosen]
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
            await asyncio.gather(*(client(kinds[n % len(kinds)], session) for n in range(count)))

    asyncio.run(run())


def percentile(taken: list[float], share: float) -> float:
    ordered = sorted(taken)
    return ordered[int(len(ordered) * share)] if ordered else float("nan")


def phase(url: str, seconds: float) -> Taken:
    answer: multiprocessing.Queue[Taken] = multiprocessing.Queue()
    process = multiprocessing.Process(target=well_behaved, args=(url, seconds, answer), daemon=True)
    process.start()
    taken = answer.get()
    process.join()
    return taken


def show(title: str, taken: Taken) -> None:
    hits, misses, failed = taken
    print(
        f"{title:<10} hits {len(hits):>6}: p50 {percentile(hits, 0.5):7.2f} p99 {percentile(hits, 0.99):8.2f} ms   "
        f"misses {len(misses):>5}: p50 {percentile(misses, 0.5):7.2f} p99 {percentile(misses, 0.99):8.2f} ms   "
        f"failed {failed}"
    )


def main() -> None:
    names = [kind.__name__ for kind in KINDS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--hostile", type=int, default=BAD, help="hostile clients")
    parser.add_argument("kinds", nargs="*", default=names, help=f"of {', '.join(names)}")
    chosen = parser.parse_args()
    ready: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=origin, args=(ready,), daemon=True)
    server.start()
    calm: Taken = ([], [], 0)
    pressed: Taken = ([], [], 0)
    with (
        tempfile.TemporaryDirectory() as folder,
        ProxyCommand(f"http://127.0.0.1:{ready.get()}", Path(folder)) as proxy,
    ):
        phase(proxy.url, 3)
        for _ in range(chosen.rounds):
            calm = _added(calm, found := phase(proxy.url, chosen.seconds))
            show("calm", found)
            attack = multiprocessing.Process(
                target=hostile, args=(proxy.url, chosen.kinds, chosen.hostile), daemon=True
            )
            attack.start()
            pressed = _added(pressed, found := phase(proxy.url, chosen.seconds))
            attack.kill()
            attack.join()
            show("hostile", found)
    server.kill()
    for kind, before, after in (("hits", calm[0], pressed[0]), ("misses", calm[1], pressed[1])):
        ratio = percentile(after, 0.99) / percentile(before, 0.99)
        print(f"p99 of {kind} of the well-behaved: {ratio:.2f} times that in calm")


def _added(one: Taken, other: Taken) -> Taken:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


if __name__ == "__main__":
    main()

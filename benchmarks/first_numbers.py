"""Start-up, memory, and what the proxy adds or saves, against the same requests sent directly, in one run.

python benchmarks/first_numbers.py [--requests 300]

The origin is a process of its own that answers canned bytes, so that only the way there and back is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from tests.harness import ProxyCommand

SCHEMAS = [
    {
        "id": "Status",
        "type": "object",
        "primary_key": ["id"],
        "default_projections": ["id"],
        "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
    }
]
ROWS = [{"__entity_type__": "Status", "id": str(n), "name": f"status {n}"} for n in range(20)]
HEADERS = {"ftrack-user": "ana", "ftrack-api-key": "key", "content-type": "application/json"}


def origin(ready: multiprocessing.Queue[int]) -> None:
    """Answer every operation at once."""

    async def answer(request: web.Request) -> web.Response:
        answers = []
        for operation in json.loads(await request.read()):
            if operation["action"] == "query_schemas":
                answers.append(SCHEMAS)
            else:
                answers.append({"action": "query", "data": ROWS, "metadata": {"next": {"offset": None}}})
        return web.json_response(answers)

    async def serve() -> None:
        application = web.Application()
        application.router.add_post("/api", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


def milliseconds(url: str, body: Callable[[int], bytes], requests: int) -> list[float]:
    """Send requests one after the other over one connection and time each."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    taken = []
    for number in range(requests):
        begun = time.perf_counter()
        connection.request("POST", "/api", body(number), HEADERS)
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
        taken.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return taken


def same(_: int) -> bytes:
    return b'[{"action": "query", "expression": "select name from Status"}]'


def different(number: int) -> bytes:
    expression = f"select name from Status where name is {time.time_ns()}{number}"
    return json.dumps([{"action": "query", "expression": expression}]).encode()


def median(values: list[float]) -> float:
    return statistics.median(values)


def resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=300)
    requests = parser.parse_args().requests
    ready: multiprocessing.Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=origin, args=(ready,), daemon=True)
    process.start()
    direct = f"http://127.0.0.1:{ready.get()}"
    with tempfile.TemporaryDirectory() as folder:
        starts = []
        for _ in range(5):
            begun = time.perf_counter()
            with ProxyCommand(direct, Path(folder)) as proxy:
                milliseconds(proxy.url, same, 1)
                starts.append(time.perf_counter() - begun)
        with ProxyCommand(direct, Path(folder)) as proxy:
            idle = resident_megabytes(proxy.process.pid)
            milliseconds(proxy.url, same, 20)
            rounds = [
                (
                    median(milliseconds(direct, different, requests)),
                    median(milliseconds(proxy.url, different, requests)),
                    median(milliseconds(proxy.url, same, requests)),
                )
                for _ in range(5)
            ]
    process.terminate()
    direct_ms, miss_ms, hit_ms = (median([r[i] for r in rounds]) for i in range(3))
    print(f"start to first answer  {median(starts) * 1000:8.0f} ms")
    print(f"idle resident memory   {idle:8.1f} MB")
    print(f"direct                 {direct_ms:8.3f} ms")
    print(f"miss                   {miss_ms:8.3f} ms   added {miss_ms - direct_ms:.3f} ms")
    print(f"hit                    {hit_ms:8.3f} ms   {hit_ms / direct_ms:.2f} of direct")


if __name__ == "__main__":
    main()

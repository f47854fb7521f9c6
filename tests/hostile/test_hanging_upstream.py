"""ftrack hangs, breaks off and recovers: one client's hung requests do not affect others."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ftrack_proxy.request.running import begun_writes
from tests.harness import LocalProxy, settings_for, until
from tests.raw_server import Request
from tests.scenarios.studio import Person, Studio, open_studio, warm
from tests.test_web.origin import OK, Origin

pytestmark = pytest.mark.required("G8.1", "S4")

WRITE = b'[{"action": "create", "entity_type": "Task", "entity_data": {}}]'


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, shots=8, tasks=5) as opened:
        yield opened


def name_of(task: str) -> str:
    return f'select name from Task where id is "{task}"'


def sent(proxy: LocalProxy, path: str, body: bytes, method: str = "POST", **headers: str) -> http.client.HTTPConnection:
    """A request whose answer nobody has read."""
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc)
    connection.request(method, path, body, headers)
    return connection


def asking(studio: Studio, person: Person, expression: str) -> http.client.HTTPConnection:
    body = json.dumps([{"action": "query", "expression": expression}]).encode()
    return sent(studio.proxy, "/api", body, **person.headers)


def tasks_of(proxy: LocalProxy, *works: str) -> int:
    """Tasks of the proxy that are at these works."""
    tasks = proxy.inside(lambda: [task.get_coro().__qualname__ for task in asyncio.all_tasks()])  # type: ignore[union-attr]
    return sum(task in works for task in tasks)


def writes(proxy: LocalProxy) -> int:
    return tasks_of(proxy, "Forwarder._carry_out", "PassThrough._pass_on")


def under_way(proxy: LocalProxy, lane: str = "reads") -> int:
    connector = proxy.parts.client._pools._lanes[lane].connector
    assert connector is not None
    return proxy.inside(lambda: len(connector._acquired))


def test_hung_reads_of_one_user_leave_anothers_alone(studio: Studio) -> None:
    ana, bo, tasks = studio.person("ana"), studio.person("bo"), studio.server.production.tasks
    warm(ana, name_of(tasks[0]))
    warm(bo, name_of(tasks[0]))
    for task in tasks[1:31]:
        studio.server.hang_next(contains=task)
    hung = [asking(studio, ana, name_of(task)) for task in tasks[1:31]]
    until(lambda: under_way(studio.proxy) == 30, "thirty reads to hang")
    assert bo.ask(name_of(tasks[31])).rows
    assert studio.person("ana").ask(name_of(tasks[32])).rows
    for one in hung:
        one.close()


def test_recovery_waits_for_nobody_who_has_left(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.hang_next(count=1_000, contains="select id from Shot")
    hung = [asking(studio, ana, f"select id from Shot where name is {number}") for number in range(110)]
    until(lambda: under_way(studio.proxy) == 110, "all reads to hang")
    # While they hang, others are answered all the same.
    assert ana.update("Task", studio.task, name="meanwhile").status == 200
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "meanwhile"
    for one in hung:
        one.close()
    until(lambda: under_way(studio.proxy) == 0, "what nobody waits for to be dropped")
    studio.server.clear_faults()
    assert ana.update("Task", studio.task, name="afterwards").status == 200
    assert studio.server.counters.operations["update"] == 2


@pytest.mark.parametrize("expression", ["select name from Type", "by id"])
def test_nobody_waits_long_for_what_another_asked(studio: Studio, expression: str) -> None:
    """A fetch, or an errand: after a while a read that joined it fetches for itself."""
    ana = studio.person()
    warm(ana, "select id from Status")
    if expression == "by id":
        expression = studio.name_of_task
    hanging = studio.server.hang_next(contains=expression.rpartition(" ")[2].strip('"'))
    first = asking(studio, ana, expression)
    hanging.wait_reached()
    studio.proxy.clock.ahead += 9.9
    before = studio.queries()
    joined = [studio.person().start(expression) for _ in range(5)]
    assert all(one.result().rows for one in joined)
    assert studio.queries() == before + 1
    first.close()


def test_a_batch_that_failed_waits_for_none_of_its_parts(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, "select id from Status")
    studio.server.hang_next(contains="from Type")
    studio.server.drop_next(contains="from Priority", count=2)
    with closing(_batch(studio, ana, "select name from Type", "select name from Priority")) as connection:
        assert connection.getresponse().status == 504
        until(lambda: under_way(studio.proxy) == 0, "the other part to be dropped")


def _batch(studio: Studio, person: Person, *expressions: str) -> http.client.HTTPConnection:
    operations = [{"action": "query", "expression": expression} for expression in expressions]
    return sent(studio.proxy, "/api", json.dumps(operations).encode(), **person.headers)


# -- writes


@contextmanager
def unreachable() -> Iterator[socket.socket]:
    """A listener whose queue is full: connections are neither made nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener
        for one in waiting:
            one.close()


@pytest.mark.parametrize(("method", "path"), [("POST", "/api"), ("PUT", "/upload"), ("GET", "/component/remove")])
def test_a_write_that_was_not_begun_goes_with_its_client(method: str, path: str, tmp_path: Path) -> None:
    with unreachable() as listener:
        settings = settings_for(f"http://127.0.0.1:{listener.getsockname()[1]}", tmp_path)
        with LocalProxy(settings) as proxy:
            client = sent(proxy, path, WRITE if method != "GET" else b"", method)
            until(lambda: writes(proxy), "the write to wait for a connection")
            client.close()
            until(lambda: not writes(proxy), "the write to be given up", patience=5)
            assert proxy.status()["feed"]["changes"] == 0
            assert not any(received(listener))


def received(listener: socket.socket) -> Iterator[bytes]:
    """What is sent on the connections that were waiting, and on those that come within a moment."""
    listener.settimeout(0.3)
    with suppress(TimeoutError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(BlockingIOError):
                connection.setblocking(False)
                yield connection.recv(1)


@pytest.mark.parametrize(("method", "path"), [("PUT", "/upload"), ("POST", "/api"), ("GET", "/component/remove")])
def test_a_write_that_was_begun_is_finished_and_counts(method: str, path: str, tmp_path: Path) -> None:
    reached, released = threading.Event(), threading.Event()

    def slow(_: Request, connection: socket.socket) -> bool:
        reached.set()
        released.wait(20)
        connection.sendall(OK)
        return True

    with Origin() as origin, LocalProxy(settings_for(origin.url, tmp_path)) as proxy:
        origin.handle(path, slow)
        client = sent(proxy, path, WRITE if method != "GET" else b"", method)
        assert reached.wait(20)
        client.close()
        until(lambda: not tasks_of(proxy, "RequestHandler.start"), "the proxy to notice")
        assert writes(proxy)
        assert proxy.status()["feed"]["changes"] == 0
        released.set()
        until(lambda: proxy.status()["feed"]["changes"], "the write to count")
        until(lambda: not writes(proxy), "the write to end")
        assert len(origin.requests) == 1


@pytest.mark.parametrize(("method", "path"), [("PUT", "/upload"), ("POST", "/api")])
def test_a_write_that_does_not_end_is_given_up_after_its_client_has_left(
    method: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, over = threading.Event(), threading.Event()

    def drips(_: Request, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        reached.set()
        with suppress(OSError):
            while not over.wait(0.01):
                connection.sendall(b"x")
        return False

    monkeypatch.setattr(begun_writes, "_LEFT_ALONE", 0.2)
    with Origin() as origin, LocalProxy(settings_for(origin.url, tmp_path)) as proxy:
        origin.handle(path, drips)
        client = sent(proxy, path, WRITE, method)
        assert reached.wait(20)
        before = proxy.status()["feed"]["changes"]
        client.close()
        until(lambda: not writes(proxy), "the write to be given up")
        assert proxy.status()["feed"]["changes"] > before
        over.set()


# -- whose answer it is


def test_what_an_idle_connection_brings_is_nobodys_answer(tmp_path: Path) -> None:
    """Another user's reply, and a write's false success."""
    forged = b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n[{"action": "create"}]'

    def answers_twice(_: Request, connection: socket.socket) -> bool:
        connection.sendall(OK + forged)
        return True

    with Origin() as origin, LocalProxy(settings_for(origin.url, tmp_path)) as proxy:
        origin.handle("/api", answers_twice)
        for body in (b"[]", WRITE) * 5:
            with closing(sent(proxy, "/api", body)) as client:
                assert client.getresponse().read() == b"ok"
        assert len(origin.requests) == 10


@pytest.mark.parametrize(("path", "times"), [("/component/get?id=1", 2), ("/component/remove?id=1", 1)])
def test_a_closed_connection_costs_a_read_nothing(path: str, times: int, tmp_path: Path) -> None:
    seen: list[Request] = []

    def closes_once(request: Request, connection: socket.socket) -> bool:
        seen.append(request)
        if len(seen) > 1:
            connection.sendall(OK)
        return len(seen) > 1

    with Origin() as origin, LocalProxy(settings_for(origin.url, tmp_path)) as proxy:
        with closing(sent(proxy, "/warm", b"", "GET")) as client:
            assert client.getresponse().read() == b"ok"
        origin.handle(path.partition("?")[0], closes_once)
        with closing(sent(proxy, path, b"", "GET")) as client:
            assert client.getresponse().status == (200 if times == 2 else 504)
        assert len(seen) == times


@pytest.mark.parametrize(
    ("action", "times"), [("query", 2), ("permissions", 2), ("send_user_invite", 1), ("delete", 1), ("unheard_of", 1)]
)
def test_only_what_certainly_reads_is_sent_again(action: str, times: int, tmp_path: Path) -> None:
    """A mail that no entity shows is not sent twice either."""
    seen: list[Request] = []

    def closes_on_the_second(request: Request, connection: socket.socket) -> bool:
        seen.append(request)
        if len(seen) != 2:
            connection.sendall(OK)
        return len(seen) != 2

    body = json.dumps([{"action": action}]).encode()
    with Origin() as origin, LocalProxy(settings_for(origin.url, tmp_path)) as proxy:
        origin.handle("/api", closes_on_the_second)
        for status in (200, 200 if times == 2 else 504):
            with closing(sent(proxy, "/api", body)) as client:
                answer = client.getresponse()
                assert answer.status == status
                told = answer.read()
        assert times == 2 or json.loads(told)["exception"] == "WriteOutcomeUnknownError"
        assert len(seen) == 1 + times

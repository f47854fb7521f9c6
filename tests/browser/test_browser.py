"""Pages in a real browser: a tool with the real client works through the proxy, and one without a key does no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import MODULES, Site, open_site, program
from tests.clients.test_python import PLAN, proxy_of
from tests.ftrack_server import FtrackServer
from tests.scenarios.studio import open_studio, warm

pytestmark = [
    pytest.mark.required("G7.1"),
    pytest.mark.skipif(program() is None, reason="no chromium or chrome is installed"),
    pytest.mark.skipif(
        not (MODULES / "node_modules" / "@ftrack" / "api").is_dir(),
        reason="the JavaScript client is not installed; `make test` does it where there is npm",
    ),
]


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as running:
        yield running


def _local(url: str) -> str:
    return url.replace("127.0.0.1", "localhost")


def test_a_tool_sees_the_same(site: Site, tmp_path: Path) -> None:
    with FtrackServer(PLAN) as alone:
        user, key = alone.credentials("ana")
        expected = site.opened("tool.html", tmp_path / "direct", server=_local(alone.url), user=user, key=key)
    assert "failed" not in expected
    assert expected["first"] == expected["second"]
    assert expected["after"] == ["renamed by a page"] * 2 != expected["before"]
    with FtrackServer(PLAN) as server, proxy_of(server, tmp_path) as proxy:
        user, key = server.credentials("ana")
        seen = site.opened("tool.html", tmp_path / "proxied", server=_local(proxy.url), user=user, key=key)
        assert seen == expected
        assert proxy.status()["requests"]["hits"] >= 7


def test_a_page_without_a_key_does_nothing(site: Site, tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        ana = studio.person()
        warm(ana, studio.name_of_task)
        requests = studio.server.counters.requests
        seen = site.opened(
            "foreign_page.html",
            tmp_path / "evil",
            server=_local(studio.proxy.url),
            component=studio.server.production.components[0],
            socket="0123456789",
        )
        assert "failed" not in seen
        assert seen["socket"] == seen["image"] == seen["silent image"] == seen["script"] == "failed"
        assert seen["read omit"] == seen["read include"] == "failed"
        assert ana.ask(studio.name_of_task).is_hit
        assert (studio.changes, studio.server.counters.requests) == (0, requests)

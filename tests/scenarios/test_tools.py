"""What panels and menus of real tools cost ftrack: the first time, again in a second process, and after a change."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.ftrack_server.production import Production
from tests.scenarios import tools
from tests.scenarios.studio import Studio, open_studio
from tests.scenarios.walks import Look, directly, proxied, session_on

pytestmark = pytest.mark.optimal("S1")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """One asset with 39 versions of three components each."""
    with open_studio(tmp_path, sequences=1, shots=2, tasks=2, assets=1, versions=39, components=3) as opened:
        opened.proxy.clock.stop()
        yield opened


@pytest.mark.parametrize(
    ("look", "at_most"),
    [
        (tools.version_list, 5),
        (tools.component_panels, 14),
        (tools.version_menu, 6),
        (tools.preload, 8),
        (tools.asset_selector, 6),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_second_process_costs_nothing(look: Look, at_most: int, studio: Studio) -> None:
    truth = directly(studio, look)
    first, cold = proxied(studio, look)
    second, warm = proxied(studio, look)
    assert first == second == truth
    assert cold.queries <= at_most, cold
    assert warm.queries == 0, warm


@pytest.mark.optimal("S3")
def test_one_more_version(studio: Studio) -> None:
    """The 39 that were known are not asked for again."""
    proxied(studio, tools.version_list)
    before, made = studio.changes, studio.server.production
    new = {"asset_id": made.assets[0], "task_id": studio.task, "user_id": made.users["bo"]}
    studio.server.create("AssetVersion", version=40, comment="new", **new)
    studio.wait_for_change(before)
    seen, bill = proxied(studio, tools.version_list)
    assert seen == directly(studio, tools.version_list)
    assert (len(seen), seen[0][-1]) == (40, 40)
    assert bill.queries <= 4, bill


def _panel(session: Any, made: Production, version: int) -> Any:
    return tools.component_panel(session, made.versions[version])


def test_a_component_comes_to_another_location(studio: Studio) -> None:
    """The panel of its version is asked for again, once for two clients; those of other versions are not."""
    proxied(studio, tools.component_panels)
    made, first = studio.server.production, partial(_panel, version=0)
    component = studio.server.query(f'select id from Component where version_id is "{made.versions[0]}"')[0]["id"]
    with session_on(studio.proxy.url, studio.server.credentials("ana")) as session:
        new = {"component_id": component, "location_id": made.locations[0], "resource_identifier": "/there"}
        session.create("ComponentLocation", new)
        session.commit()
    truth = directly(studio, first)
    assert "/there" in str(truth)
    for at_most in (3, 0):
        seen, bill = proxied(studio, first)
        assert seen == truth
        assert bill.queries <= at_most, bill
    for version in range(1, 10):
        seen, bill = proxied(studio, partial(_panel, version=version))
        assert seen == directly(studio, partial(_panel, version=version))
        assert bill.queries == 0, bill


def test_a_transfer(studio: Studio) -> None:
    """Fifty components, three reads and a write each."""
    seen, bill = proxied(studio, tools.transfer)
    assert seen[0] == [0] * 50
    source = studio.server.production.locations[-1]
    chosen = "select component_id, resource_identifier from ComponentLocation"
    known = studio.server.query(f'{chosen} where location_id is "{source}"')
    identifiers = {row["component_id"]: row["resource_identifier"] for row in known}
    assert all(identifiers[component] == identifier for component, identifier in seen[1])
    assert bill.queries <= 10, bill
    writes = sum(b'"create"' in record.body for record in bill.records)
    assert writes == 50

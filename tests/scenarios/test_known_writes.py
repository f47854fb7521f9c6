"""What a write's answer tells of an entity is known at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.studio import Studio, open_studio, warm

pytestmark = pytest.mark.optimal("S1")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        opened.server.hub.hold_events()
        yield opened


def of_asset(identity: str) -> str:
    return f"select name, context_id from Asset where id is {identity}"


def test_an_update_is_known(studio: Studio) -> None:
    ana, asset = studio.person(), studio.server.production.assets[0]
    warm(ana, of_asset(asset))
    ana.update("Asset", asset, name="renamed")
    asked = studio.queries()
    (row,) = ana.ask(f"select name from Asset where id is {asset}").rows
    assert (row["name"], studio.queries()) == ("renamed", asked)


def test_what_is_removed_is_known_to_be_absent(studio: Studio) -> None:
    ana, version = studio.person(), studio.server.production.versions[0]
    warm(ana, f"select comment from AssetVersion where id is {version}")
    ana.call([{"action": "delete", "entity_type": "AssetVersion", "entity_key": [version]}])
    asked = studio.queries()
    assert ana.ask(f"select comment from AssetVersion where id is {version}").rows == []
    assert ana.ask(f"select version from AssetVersion where (id is '{version}') limit 1").rows == []
    assert studio.queries() == asked

"""Custom attributes that are called like attributes, relations and columns: their new values are seen at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.studio import Person, Studio, open_studio, warm

pytestmark = pytest.mark.required("G2.5")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder: Path = tmp_path_factory.mktemp("namesakes")
    with open_studio(folder, namesakes=True) as opened:
        yield opened


def owners(studio: Studio) -> dict[str, tuple[str, str, str]]:
    """By what a configuration is for: an entity's type and id, and the type of its values."""
    made = studio.server.production
    return {
        "task": ("Task", studio.task, "Context"),
        "show": ("Project", made.projects[0], "Context"),
        "assetversion": ("AssetVersion", made.versions[0], "AssetVersion"),
        "user": ("User", made.users["ray"], "User"),
        "list": ("TypedContextList", made.lists[0], "List"),
    }


def questions(kind: str, identity: str, key: str, value: Any) -> list[str]:
    named = f'key is "{key}" and value is "{value}"'
    return [
        f"select custom_attributes from {kind} where id is {identity}",
        f"select id, custom_attributes.key, custom_attributes.value from {kind} order by id",
        f"select id from {kind} where custom_attributes any ({named})",
        f"select id from {kind} where not custom_attributes any ({named}) order by id",
        f'select id from {kind} where custom_attributes.key is "{key}" and custom_attributes.value is "{value}"',
    ]


def set_value(studio: Studio, configuration: str, dense: str, identity: str, value: Any) -> None:
    studio.proxy.clock.ahead += 1  # nothing that follows has to settle
    before = studio.changes
    studio.server.update(f"{dense}CustomAttributeValue", [configuration, identity], value=value)
    studio.wait_for_change(before)


def compare(studio: Studio, ana: Person, expressions: list[str]) -> None:
    direct = studio.person(direct=True)
    studio.proxy.clock.ahead += 1
    for expression in expressions:
        assert ana.ask(expression).rows == direct.ask(expression).rows, expression


def test_a_value_that_is_set_is_seen(studio: Studio) -> None:
    ana = studio.person()
    configurations = studio.server.query(
        "select id, key, entity_type, default from CustomAttributeConfiguration order by key, entity_type"
    )
    assert len(configurations) > 20
    for configuration in configurations:
        kind, identity, dense = owners(studio)[configuration["entity_type"]]
        applying = studio.server.query(
            f"select configuration_id from {dense}CustomAttributeValue where entity_id is {identity}"
        )
        if configuration["id"] not in {value["configuration_id"] for value in applying}:
            continue
        for value in (3.0, 4.0) if isinstance(configuration["default"], float) else ("x", studio.task, "y"):
            asked = questions(kind, identity, configuration["key"], value)
            for expression in asked:
                warm(ana, expression)
            set_value(studio, configuration["id"], dense, identity, value)
            compare(studio, ana, asked)


def test_what_inherits_it_shows_it(studio: Studio) -> None:
    ana, sequence = studio.person(), studio.server.production.sequences[0]
    hierarchical = studio.server.query(
        "select id, key, default from CustomAttributeConfiguration where is_hierarchical is True order by key"
    )
    for configuration in hierarchical:
        if not isinstance(configuration["default"], str):
            continue
        key = configuration["key"]
        asked = [
            *questions("Task", studio.task, key, "inherited"),
            f"select value, entity_id from ContextCustomAttributeValue where entity_id is {studio.task}",
            f'select name from Task where parent.custom_attributes any (key is "{key}" and value is "inherited")',
        ]
        for expression in asked:
            warm(ana, expression)
        set_value(studio, configuration["id"], "Context", sequence, "inherited")
        compare(studio, ana, asked)

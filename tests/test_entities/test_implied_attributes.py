from __future__ import annotations

import pytest

from ftrack_proxy.entities.implied_attributes import comes_along
from tests.test_entities.production import CATALOGUE


@pytest.mark.parametrize(
    ("type_name", "names", "more"),
    [
        ("Task", "", {"id", "project_id", "context_type", "object_type_id"}),
        ("Task", "name", {"id", "project_id", "context_type", "object_type_id"}),
        ("Task", "link", {"_link", "id", "project_id", "context_type", "object_type_id"}),
        ("Project", "", {"id", "context_type", "object_type_id"}),
        ("Status", "name", {"id"}),
        ("Status", "unheard_of", {"id"}),
        ("Metadata", "value", {"parent_id", "key"}),
        ("AssetVersion", "comment status", {"id", "asset_id"}),
        ("UserSecurityRole", "is_all_projects", {"id", "is_all_open_projects"}),
    ],
)
def test_what_is_written_along(type_name: str, names: str, more: set[str]) -> None:
    tree = {name: {} for name in names.split()}
    found = comes_along(type_name, tree, CATALOGUE)
    assert found == more | tree.keys()
    assert comes_along(type_name, {name: {"id": {}} for name in tree}, CATALOGUE) is found

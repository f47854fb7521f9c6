from __future__ import annotations

import pytest

from ftrack_proxy.schema.loader import load_catalogue
from tests.test_schema.documents import DOCUMENT, real_catalogue, schema, small_catalogue

SMALL = small_catalogue()


@pytest.mark.parametrize(
    ("family", "members"),
    [
        ("Context", {"Context", "TypedContext", "Task", "Shot", "Prop", "Project"}),
        ("Component", {"Component", "FileComponent", "ContainerComponent"}),
        ("Resource", {"Resource", "User", "Group"}),
        ("List", {"List", "TypedContextList", "AssetVersionList"}),
        ("NoteCategory", {"NoteCategory", "NoteLabel"}),
        ("StatusChange", {"StatusChange", "TypedContextStatusChange"}),
        (
            "CustomAttributeConfiguration",
            {"CustomConfigurationBase", "CustomAttributeConfiguration", "CustomAttributeLinkConfiguration"},
        ),
        (
            "CustomAttributeValue",
            {
                "CustomAttributeValue",
                "ContextCustomAttributeValue",
                "AssetCustomAttributeValue",
                "AssetVersionCustomAttributeValue",
                "ListCustomAttributeValue",
            },
        ),
        (
            "CustomAttributeLink",
            {
                "CustomAttributeLink",
                "CustomAttributeLinkFrom",
                "UserCustomAttributeLink",
                "ContextCustomAttributeLinkFrom",
            },
        ),
        ("Status", {"Status"}),
        ("Type", {"Type"}),
        ("Nothing", set()),
    ],
)
def test_types_that_share_an_identity_space_are_one_family(family: str, members: set[str]) -> None:
    assert SMALL.members(family) == members


def test_a_declared_base_unites_what_no_table_here_knows() -> None:
    catalogue = load_catalogue(
        [
            *DOCUMENT,
            schema("Rule", "id name"),
            schema("LoneRule", "id", mixin="Rule"),
            schema("BaseUser", "id", mixin="Resource"),
            schema("Collaborator", "id", mixin="BaseUser"),
            schema("Orphan", "id", mixin="Missing"),
        ]
    )
    assert catalogue.family_of["LoneRule"] == catalogue.family_of["Rule"] == "Rule"
    assert catalogue.family_of["Collaborator"] == "Resource"
    assert catalogue.subtypes["BaseUser"] == {"Collaborator", "User"}
    assert catalogue.family_of["Orphan"] == "Orphan"
    assert "name" in catalogue.types["LoneRule"].attributes


def test_a_family_whose_base_this_document_lacks_is_still_one() -> None:
    lists = [declared for declared in DOCUMENT if declared["id"] in ("User", "Group")]
    catalogue = load_catalogue(lists)
    assert catalogue.family_of == {"User": "User", "Group": "User"}


def test_subtypes_of_bases() -> None:
    assert SMALL.subtypes["Context"] == {"TypedContext", "Task", "Shot", "Prop", "Project"}
    assert SMALL.subtypes["TypedContext"] == {"Task", "Shot", "Prop"}
    assert SMALL.subtypes["Task"] == frozenset()
    assert SMALL.subtypes["CustomAttributeLink"] == {"UserCustomAttributeLink"}
    assert SMALL.subtypes["CustomAttributeLinkFrom"] == {"ContextCustomAttributeLinkFrom"}


def test_the_real_document() -> None:
    catalogue = real_catalogue()
    assert len(catalogue.types) == 116
    united = {family for family in catalogue.family_of.values() if len(catalogue.members(family)) > 1}
    assert united == {
        "Component",
        "Context",
        "CustomAttributeConfiguration",
        "CustomAttributeLink",
        "CustomAttributeValue",
        "List",
        "NoteCategory",
        "Resource",
        "StatusChange",
    }
    assert len(catalogue.members("CustomAttributeLink")) == 16
    assert len(catalogue.members("CustomAttributeValue")) == 7
    assert catalogue.members("Context") == {
        *("Context", "TypedContext", "Project", "Task", "Shot", "Sequence", "Episode", "Folder"),
        *("AssetBuild", "Milestone"),
    }

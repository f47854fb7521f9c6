"""What a type is usually asked for: learned from what is asked, and never anything expensive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.queries.projection_tree import Tree, covers, paths_of
from ftrack_proxy.schema.declared_types import Kind
from ftrack_proxy.schema.derived import is_volatile
from ftrack_proxy.schema.loader import load_catalogue
from tests.ftrack_server.schemas import build_schemas
from tests.test_entities.production import CATALOGUE, trees
from tests.test_schema.documents import small_catalogue

TYPES = ["Task", "Shot", "Status", "AssetVersion", "Asset", "Note", "Job", "User", "FileComponent", "ReviewSession"]
WORD = st.sampled_from(sorted({name for of in TYPES for name in CATALOGUE.types[of].attributes}))
PATHS = st.lists(WORD, min_size=1, max_size=3).map(".".join)


def usual_after(*trees: Tree, times: int = 3, **seeds: list[str]) -> DefaultAttributes:
    usual = DefaultAttributes(seeds)
    for _ in range(times):
        for tree in trees:
            usual.note("Task", tree, CATALOGUE)
    return usual


def test_what_is_asked_for_again_and_again_is_usual() -> None:
    tree = {"name": {}, "status": {"name": {}}}
    assert usual_after(tree, times=2).of("Task", CATALOGUE) == {}
    usual = usual_after(tree)
    assert usual.of("Task", CATALOGUE) == tree
    assert usual.of("Task", CATALOGUE) is usual.of("Task", CATALOGUE)
    assert usual.of("Shot", CATALOGUE) == {}
    usual.note("Task", {"bid": {}}, CATALOGUE)
    usual.note("Task", {"bid": {}}, CATALOGUE)
    assert usual.of("Task", CATALOGUE) == tree
    usual.note("Task", {"bid": {}}, CATALOGUE)
    assert usual.of("Task", CATALOGUE) == {**tree, "bid": {}}


def test_seeds_are_of_a_type_or_else_of_its_family() -> None:
    usual = usual_after(Context=["name", "time_logged"], Shot=["bid"], Status=["unheard_of"])
    assert usual.of("Task", CATALOGUE) == {"name": {}}
    assert usual.of("Shot", CATALOGUE) == {"bid": {}}
    assert usual.of("Status", CATALOGUE) == {}
    assert usual.of("User", CATALOGUE) == {}


@given(st.dictionaries(st.sampled_from(TYPES), st.lists(PATHS, max_size=8)))
def test_nothing_expensive_is_ever_usual(seeds: dict[str, list[str]]) -> None:
    usual = DefaultAttributes(seeds)
    for type_name in seeds:
        for path in paths_of(usual.of(type_name, CATALOGUE)):
            current = type_name
            *through, last = path.split(".")
            for name in through:
                attribute = CATALOGUE.types[current].attributes[name]
                assert attribute.kind is Kind.REFERENCE
                assert attribute.target is not None
                assert not attribute.computed
                current = attribute.target
            attribute = CATALOGUE.types[current].attributes[last]
            assert attribute.kind is Kind.SCALAR
            assert not any((attribute.computed, attribute.restricted, attribute.is_opaque))
            assert not is_volatile(current, attribute, CATALOGUE)


def test_expensive_ones_are_left_out() -> None:
    for path in (
        "time_logged", "link", "thumbnail_url", "children.name", "status", "metadata.value", "parent.children.id",
        "name.inside", "unheard_of", "custom_attributes.value", "status.unheard_of",
    ):  # fmt: skip
        assert DefaultAttributes({"Task": [path]}).of("Task", CATALOGUE) == {}, path


@given(st.lists(trees(), max_size=6))
def test_only_what_was_asked_for_is_learned_and_not_too_much(asked: list[Tree]) -> None:
    usual = usual_after(*asked)
    found = usual.of("Task", CATALOGUE)
    paths = paths_of(found)
    assert set(paths) <= {path for tree in asked for path in paths_of(tree)}
    assert len(paths) <= 12


def test_learning_ends_at_some_size() -> None:
    plain = [
        name for name in CATALOGUE.types["Task"].attributes if DefaultAttributes({"Task": [name]}).of("Task", CATALOGUE)
    ]
    assert len(plain) > 12
    assert len(usual_after({name: {} for name in plain}).of("Task", CATALOGUE)) == 12


def test_what_was_learned_is_not_learned_again() -> None:
    """Counts are forgotten from time to time: what is usual keeps its place, once."""
    usual = DefaultAttributes({})
    for _ in range(12):
        for _ in range(3):
            usual.note("Task", {"name": {}}, CATALOGUE)
        for number in range(10_001):
            usual.note("Shot", {f"a{number}": {}}, CATALOGUE)
    for _ in range(3):
        usual.note("Task", {"bid": {}}, CATALOGUE)
    assert usual.of("Task", CATALOGUE) == {"name": {}, "bid": {}}


def test_what_ftrack_refused_is_not_asked_for() -> None:
    usual = usual_after({"name": {}}, Shot=["name"])
    usual.refuse("Task")
    assert usual.of("Task", CATALOGUE) == {}
    assert usual.of("Shot", CATALOGUE) == {"name": {}}


def test_another_schema_has_other_attributes() -> None:
    usual = usual_after({"name": {}, "priority_id": {}})
    assert covers(usual.of("Task", CATALOGUE), {"priority_id": {}})
    assert usual.of("Task", small_catalogue()) == {"name": {}}
    short = [document for document in build_schemas() if document["id"] != "Priority"]
    seeded = DefaultAttributes({"Task": ["priority.name", "name"]})
    assert seeded.of("Task", CATALOGUE) == {"priority": {"name": {}}, "name": {}}
    assert seeded.of("Task", load_catalogue(short)) == {"name": {}}

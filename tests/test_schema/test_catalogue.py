"""What a name means under one schema, and what is computed once for each."""

from __future__ import annotations

import weakref

import pytest

from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.per_catalogue import per_catalogue
from tests.test_schema.documents import small_catalogue

SMALL = small_catalogue()


def test_attributes_of_subtypes_are_found_on_the_base() -> None:
    assert [name for name, _ in SMALL.lookup("CustomAttributeLink", "user")] == ["UserCustomAttributeLink"]
    assert [name for name, _ in SMALL.lookup("Context", "bid")] == ["Prop", "Shot", "Task", "TypedContext"]
    assert [name for name, _ in SMALL.lookup("Context", "name")] == ["Context"]
    assert SMALL.lookup("Task", "is_private") == ()
    assert SMALL.lookup("Context", "bid") is SMALL.lookup("Context", "bid")


def test_an_attribute_of_no_type_is_an_error() -> None:
    with pytest.raises(KeyError):
        SMALL.lookup("Nothing", "name")


def test_what_follows_from_a_catalogue_is_computed_once_for_each() -> None:
    computed = []

    @per_catalogue
    def first_types(catalogue: Catalogue, count: int) -> list[str]:
        computed.append(count)
        return sorted(catalogue.types)[:count]

    other = small_catalogue()
    assert first_types(SMALL, 2) is first_types(SMALL, 2)
    assert first_types(other, 1) == first_types(SMALL, 1) == first_types(SMALL, 2)[:1]
    assert computed == [2, 1, 1]


def test_what_follows_from_a_catalogue_goes_with_it() -> None:
    class Table(dict[str, str]):
        pass

    @per_catalogue
    def table(_: Catalogue) -> Table:
        return Table()

    catalogue = small_catalogue()
    gone = weakref.ref(table(catalogue))
    assert gone() is not None
    del catalogue
    assert gone() is None


def test_catalogues_are_told_apart_by_identity() -> None:
    assert small_catalogue() != SMALL
    assert {SMALL: 1}[SMALL] == 1

"""What follows from a schema document alone is computed once for each, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple

from ftrack_proxy.schema.catalogue import Catalogue

_Key = TypeVarTuple("_Key")
_Value = TypeVar("_Value")


def per_catalogue(function: Callable[[Catalogue, *_Key], _Value]) -> Callable[[Catalogue, *_Key], _Value]:
    """Remember what a function returned, for as long as the catalogue lives.

    Its arguments are never forgotten: they must be names that the schema has, or come from few places.
    """

    @wraps(function)
    def remembered(catalogue: Catalogue, *key: *_Key) -> _Value:
        table: dict[tuple[*_Key], _Value] = catalogue.tables[function]
        try:
            return table[key]
        except KeyError:
            pass
        value = table[key] = function(catalogue, *key)
        return value

    return remembered

"""Which entities have custom attributes, and where the values that these show come from
(ftrack-protocol 3.5, 4.5, 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.derived_values import Sources, sources
from ftrack_proxy.facts.evidence import Source, inferred, seen
from ftrack_proxy.facts.type_names import ASSET, ASSET_VERSION, COMPONENT, CONTEXT, LIST, PROJECT, RESOURCE

CUSTOM_ATTRIBUTES: Final = "custom_attributes"
"""The attribute under which an entity shows them."""


@dataclass(frozen=True, slots=True)
class CustomAttributeOwner:
    """Entities of ``family`` can have custom attributes.

    ``prefix`` begins the names of the types that show them (``UserCustomAttributeValue``,
    ``UserCustomAttributeLink``). ``values_from``: what such a value is made from beside the stored values and their
    configuration; empty if the family has links only. ``links``: whether there are links from and to it.
    """

    family: str
    prefix: str
    values_from: Sources
    links: bool
    source: Source


_INHERITED: Final = "a value that is not set is that of the owner above, or the configuration's default"

CUSTOM_ATTRIBUTE_OWNERS: Final = (
    CustomAttributeOwner(
        CONTEXT, "Context",
        sources(CONTEXT, "custom_attributes", "parent_id", "project_id", "object_type_id", "type_id"),
        links=True, source=seen("ftrack-protocol 3.5, 4.5, 7.5", _INHERITED),
    ),
    CustomAttributeOwner(
        ASSET, "Asset",
        sources(ASSET, "custom_attributes", "context_id") | sources(CONTEXT, "custom_attributes", "parent_id"),
        links=True, source=inferred("ftrack-protocol 3.5, 5.3", _INHERITED),
    ),
    CustomAttributeOwner(
        ASSET_VERSION, "AssetVersion",
        sources(ASSET_VERSION, "custom_attributes", "asset_id")
        | sources(ASSET, "custom_attributes", "context_id")
        | sources(CONTEXT, "custom_attributes", "parent_id"),
        links=True, source=inferred("ftrack-protocol 3.5, 5.3", _INHERITED),
    ),
    CustomAttributeOwner(
        RESOURCE, "User", sources(RESOURCE, "custom_attributes"), links=True, source=seen("ftrack-protocol 5.3"),
    ),
    CustomAttributeOwner(
        RESOURCE, "Group", frozenset(), links=True, source=seen("ftrack-protocol 5.3", "link types only"),
    ),
    CustomAttributeOwner(
        COMPONENT, "Component", frozenset(), links=True, source=seen("ftrack-protocol 5.3", "link types only"),
    ),
    CustomAttributeOwner(
        LIST, "List", sources(LIST, "custom_attributes", "project_id") | sources(PROJECT, "custom_attributes"),
        links=True, source=inferred("ftrack-protocol 3.5, 5.3", _INHERITED),
    ),
    CustomAttributeOwner(
        "ListObject", "ListObject", sources("ListObject") | sources(LIST, "custom_attributes"),
        links=False, source=inferred("ftrack-protocol 3.5, 5.3", _INHERITED),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FixedValueAttribute:
    """An attribute of a shown value that its owner and configuration decide, and not what is set."""

    name: str
    source: Source


FIXED_VALUE_ATTRIBUTES: Final = tuple(
    FixedValueAttribute(name, inferred("ftrack-protocol 4.5, 5.6", "part of the key, or a name of the configuration"))
    for name in ("key", "entity_id", "configuration_id", "configuration")
)

KEY_PATHS: Final = ("key", "configuration.key")
"""The paths by which a query names the custom attribute whose value it compares (ftrack-protocol 4.5)."""

"""Paths to attributes: every path of a query is resolved through the schema once (ftrack-protocol 4.3, 4.4, 4.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ftrack_proxy.facts.derived_values import Sources
from ftrack_proxy.language.syntax import Path, Step
from ftrack_proxy.language.tokens import NotUnderstood
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, Kind
from ftrack_proxy.schema.derived import is_volatile, sources_of
from ftrack_proxy.schema.names import foreign_key_of
from ftrack_proxy.schema.per_catalogue import per_catalogue

Types = tuple[str, ...]


class Unresolvable(NotUnderstood):
    """The expression names a type or attribute that the schema does not have: ``name``, which is none ``among`` those
    that it has there."""

    def __init__(self, position: int, problem: str, name: str = "", among: Iterable[str] = ()) -> None:
        super().__init__(position, problem)
        self.name = name
        self.among = frozenset(among)


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedAttribute:
    """One attribute of one type: ``names`` are its own and that of its foreign key ``key``, if it is a relation;
    ``sources`` what it derives from."""

    type_name: str
    family: str
    attribute: Attribute
    key: str | None
    names: tuple[str, ...]
    sources: Sources
    is_volatile: bool


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedStep:
    """One step of a path: it begins at ``owners``, where ``found`` are the attributes of its name.

    ``targets`` are the types that a relation leads to, and ``types`` where the next step begins: the target, if it is
    narrowed to one. ``types`` is empty inside of a value, and ``None`` behind a plain one.
    """

    name: str
    cast: str | None
    owners: Types
    found: tuple[ResolvedAttribute, ...]
    targets: Types
    types: Types | None

    @property
    def is_collection(self) -> bool:
        """True if it leads to many rows."""
        return any(one.attribute.kind in (Kind.COLLECTION, Kind.MAPPED) for one in self.found)


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedPath:
    """A path through the schema. ``steps`` end where a value's own inside begins.

    ``keys`` are given for ``... relation.id`` in criteria: the (type, attribute) pairs of the foreign keys that are
    compared instead of the target, which the steps do not go on to then.
    """

    path: Path
    steps: tuple[ResolvedStep, ...]
    keys: tuple[tuple[str, str], ...] = ()

    @property
    def types(self) -> Types | None:
        """The types that it leads to; ``None`` for a plain value, empty inside of one."""
        return self.steps[-1].types

    @property
    def types_along(self) -> tuple[Types, ...]:
        """The types before each step of the path, and behind the last one."""
        along = [step.owners for step in self.steps]
        along.append(self.types or ())
        return (*along, *((),) * (len(self.path.steps) + 1 - len(along)))

    @property
    def is_whole(self) -> bool:
        """True if each of its steps is an attribute: none lies inside of a value."""
        return len(self.steps) == len(self.path.steps)


class Resolver:
    """Resolves the paths of one query; what it found of a path is there when the same path is met again."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._paths: dict[tuple[Types, tuple[Step, ...]], ResolvedPath] = {}
        self._compared: dict[tuple[Types, tuple[Step, ...]], ResolvedPath] = {}

    @property
    def resolved(self) -> Mapping[tuple[Types, tuple[Step, ...]], ResolvedPath]:
        """All paths, by where they begin and their steps."""
        return {**self._paths, **self._compared}

    def path(self, path: Path, start: Types) -> ResolvedPath:
        """Resolve a path that begins at rows of these types.

        Raises:
            Unresolvable: a step is no attribute there.
        """
        found = self._paths.get((start, path.steps))
        if found is None:
            found = self._paths[start, path.steps] = ResolvedPath(path, self._steps(path, start, len(path.steps)))
        return found

    def compared(self, path: Path, start: Types) -> ResolvedPath:
        """Resolve a path that is compared or sorted by.

        ``asset.id`` compares the foreign key: it reads ``asset_id`` and not the asset. An asset cannot go
        away unnoticed, for a removal reaches all that refer to it.

        Raises:
            Unresolvable: a step is no attribute there.
        """
        found = self._compared.get((start, path.steps))
        if found is None:
            found = self._compared[start, path.steps] = self._by_key(path, start) or self.path(path, start)
        return found

    def declared(self, type_name: str, name: str) -> ResolvedPath | None:
        """The path to a type's own attribute, wherever that leads; ``None`` if there is none."""
        attribute = self.catalogue.types[type_name].attributes.get(name)
        if attribute is None:
            return None
        target = attribute.target
        targets = () if target is None or target not in self.catalogue.types else (target,)
        found = (resolved_attribute(self.catalogue, type_name, name),)
        return ResolvedPath(
            Path((Step(name),)), (ResolvedStep(name, None, (type_name,), found, targets, targets or None),)
        )

    def _by_key(self, path: Path, start: Types) -> ResolvedPath | None:
        """The path up to a relation whose foreign key tells the last step, if every way to it has one."""
        if len(path.steps) < 2 or path.steps[-2].cast is not None or path.steps[-1].cast is not None:
            return None
        steps, last = self._steps(path, start, len(path.steps) - 1), path.steps[-1].name
        if len(steps) < len(path.steps) - 1:
            return None
        keys: list[tuple[str, str]] = []
        for one in steps[-1].found:
            target = self.catalogue.types.get(one.attribute.target or "")
            if one.key is None or one.key == one.attribute.name or one.sources:
                return None
            if target is None or target.primary_key != (last,):
                return None
            keys.append((one.type_name, one.key))
        return ResolvedPath(path, steps, tuple(keys))

    def _steps(self, path: Path, start: Types, count: int) -> tuple[ResolvedStep, ...]:
        steps: list[ResolvedStep] = []
        types: Types | None = start
        for index in range(count):
            if types is None:
                raise Unresolvable(_place(path, index), f"{path}: {path.steps[index].name!r} is below a plain value")
            if not types:
                break
            step = self._step(path, index, types)
            steps.append(step)
            types = step.types
        return tuple(steps)

    def _step(self, path: Path, index: int, owners: Types) -> ResolvedStep:
        step = path.steps[index]
        try:
            found = _found_step(self.catalogue, owners, step.name)
        except KeyError:
            among = {name for owner in owners for name in self.catalogue.types[owner].attributes}
            problem = f"{path}: no attribute {step.name!r} on {', '.join(owners)}"
            raise Unresolvable(_place(path, index), problem, step.name, among) from None
        if found is None:
            raise Unresolvable(_place(path, index), f"{path}: {step.name!r} leads to an unknown type")
        if step.cast is None:
            return found
        types = self._narrowed(path, index, found.targets)
        return ResolvedStep(step.name, step.cast, owners, found.found, found.targets, types)

    def _narrowed(self, path: Path, index: int, targets: Types) -> Types:
        """Narrow a relation (4.6). Only within the family that it leads to: anything else is an error
        upstream."""
        step, family_of = path.steps[index], self.catalogue.family_of
        assert step.cast is not None
        family, families = family_of.get(step.cast), {family_of[name] for name in targets}
        if family is None or family not in families:
            among = [name for name in self.catalogue.types if family_of[name] in families]
            place = _place(path, index) + len(step.name) + 1
            raise Unresolvable(place, f"{path}: cannot narrow to {step.cast!r}", step.cast, among)
        return (step.cast,)


@per_catalogue
def resolved_attribute(catalogue: Catalogue, type_name: str, name: str) -> ResolvedAttribute:
    """What the schema says of an attribute that a type has."""
    key = foreign_key_of(catalogue.types[type_name], name)
    attribute = catalogue.types[type_name].attributes[name]
    return ResolvedAttribute(
        type_name,
        catalogue.family_of[type_name],
        attribute,
        key,
        (name,) if key is None or key == name else (name, key),
        sources_of(type_name, name, catalogue),
        is_volatile(type_name, attribute, catalogue),
    )


@per_catalogue
def _found_step(catalogue: Catalogue, owners: Types, name: str) -> ResolvedStep | None:
    """A step that is not narrowed; ``None`` if it leads to a type that the document lacks.

    Raises:
        KeyError: there is no attribute of this name. Such names come from clients, and are not remembered.
    """
    found = [pair for owner in owners for pair in catalogue.lookup(owner, name)]
    if not found:
        raise KeyError(name)
    targets: dict[str, None] = {}
    is_opaque = False
    for _, attribute in found:
        if attribute.kind is Kind.SCALAR:
            is_opaque = is_opaque or attribute.is_opaque
        elif attribute.target is not None and attribute.target in catalogue.types:
            targets[attribute.target] = None
        else:
            return None
    resolved = tuple(resolved_attribute(catalogue, holder, name) for holder, _ in found)
    types: Types | None = tuple(targets)
    if not targets and not is_opaque:
        types = None
    return ResolvedStep(name, None, owners, resolved, tuple(targets), types)


def _place(path: Path, index: int) -> int:
    """Where a step of a path stands in the expression, unless there are blanks around a cast."""
    return path.position + (len(str(Path(path.steps[:index]))) + 1 if index else 0)

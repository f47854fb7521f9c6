"""The rules of freshness that tests switch off, one by one: something must fail then, or the rule is not tested.

The only place that knows where in the code each rule is; who uses a rule names it. `docs/promises.md` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ftrack_proxy.cache_policy.policy import Policy
from ftrack_proxy.changes import own_writes, reach, update_events
from ftrack_proxy.changes.change import ChangeKind
from ftrack_proxy.changes.event_items import ItemAction
from ftrack_proxy.decision import conclude
from ftrack_proxy.entities import entity_lookup
from ftrack_proxy.entities.entity_lookup import EntityLookup
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.entities.row_judge import RowJudge
from ftrack_proxy.hub.intake import HubIntake
from ftrack_proxy.identity.trust import Trust
from ftrack_proxy.judging import judge, validity
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.request import compose, read
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.forward import Forwarder
from ftrack_proxy.request.learn import Learner
from ftrack_proxy.schema.ownership import owner_keys

_Place = tuple[Any, str, Any]


def _as_of_its_end(self: Learner, began: Moment) -> Validity:
    return Validity(began, self._log.head)


def _kept_as_contexts(self: Policy, reads: Any, family_of: Any) -> Any:
    return _TERMS_OF(self, replace(reads, types=frozenset({"Context"})), family_of)


def _without_threads(family: Any, catalogue: Any) -> Any:
    return owner_keys(family, catalogue) - {"in_reply_to", "in_reply_to_id"}


def _mixed(
    self: EntityStore,
    ref: EntityRef,
    validity: Validity,
    type_name: str,
    values: Mapping[str, Any],
    asked: frozenset[str],
    **others: bool,
) -> None:
    known = self.known(ref)
    for old in known.observations if known is not None else ():
        values = {**dict(zip(old.layout.places, old.values, strict=True)), **values}
    _OBSERVE(self, ref, validity, type_name, values, asked, **others)


_TERMS_OF, _OBSERVE = Policy.terms_of, EntityStore.observe

# Rule -> where it is, and what stands in for it.
RULES: dict[str, list[_Place]] = {
    "own writes are recorded": [(Forwarder, "record", lambda *_: None)],
    "events are recorded": [(HubIntake, "take", lambda *_: None)],
    "a result counts from before its fetch": [(Learner, "_validity", _as_of_its_end)],
    "results are judged by later changes": [(judge, "first_affecting", lambda *_: None)],
    "what is joined is judged": [(conclude, "joiner_may_have", lambda *_: True)],
    "another epoch is unverified": [(validity, "UNVERIFIED", None)],
    "a batch is of one moment": [(room, "is_torn", lambda *_: False) for room in (read, compose)],
    "an entity record is of one moment": [(EntityStore, "observe", _mixed)],
    "a key is trusted for a limited time": [(Trust, "holds", lambda *_: True)],
    "each type has its terms": [(Policy, "terms_of", _kept_as_contexts)],
    "rows are judged by later changes": [(RowJudge, "accepts", lambda *_: True)],
    "absences are judged by later changes": [(RowJudge, "accepts_absence", lambda *_: True)],
    "a record may be too old to be judged": [(EntityLookup, "is_usable", lambda *_: True)],
    "a list is judged before its rows are used": [(entity_lookup, "judge", lambda *_: Verdict(True, Reason.CURRENT))],
    "records are kept apart by who asked": [
        (ApiCall, "entity_space", property(lambda _: (b"", EntityForm.NORMALISED))),
    ],
    "a new owner changes the old one": [
        (module, "changes_hands", lambda *_: []) for module in (update_events, own_writes)
    ],
    "what hangs on a row goes with it": [(reach, "with_dependants", lambda families, _: frozenset(families))],
    "replies go with their thread": [(reach, "owner_keys", _without_threads)],
    "a move is more than an update": [
        *((module, "moves", lambda *_: False) for module in (update_events, own_writes)),
        (update_events, "_KINDS", {**update_events._KINDS, ItemAction.MOVE: ChangeKind.UPDATED}),
    ],
}


@contextmanager
def without(*rules: str) -> Iterator[None]:
    """A proxy without these rules."""
    with pytest.MonkeyPatch.context() as patch:
        for rule in rules:
            for owner, name, substitute in RULES[rule]:
                patch.setattr(owner, name, substitute)
        yield

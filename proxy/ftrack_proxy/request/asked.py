"""Which results belong to a query: their keys are digests, and say nothing of it themselves."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

from ftrack_proxy.freshness.question import Question
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.request.call import ApiCall


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked: with what his result's moment and trust are found. Never shown."""

    credentials: Credentials
    identity: bytes


class Asked:
    """The keys of what was asked through this process, by canonical expression; the oldest are given up first."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._askers: OrderedDict[bytes, tuple[bytes, Asker]] = OrderedDict()
        self._keys: dict[bytes, set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._askers)

    def note(self, key: bytes, question: Question | None, call: ApiCall) -> None:
        """Note that ``key`` holds, or is about to hold, the call's answer to this question."""
        if question is None or key in self._askers or call.credentials is None or call.identity is None:
            return
        query = _digest(canonical(question.query))
        self._askers[key] = query, Asker(call.credentials, call.identity)
        self._keys.setdefault(query, set()).add(key)
        if len(self._askers) > self._limit:
            self._give_up_oldest()

    def of(self, text: str) -> list[tuple[bytes, Asker]]:
        """The keys of a canonical expression, each with its asker."""
        return [(key, self._askers[key][1]) for key in sorted(self._keys.get(_digest(text), ()))]

    def askers(self) -> list[Asker]:
        """Everybody who asked, once."""
        return list({asker.identity: asker for _, asker in self._askers.values()}.values())

    def _give_up_oldest(self) -> None:
        key, (query, _) = self._askers.popitem(last=False)
        keys = self._keys[query]
        keys.discard(key)
        if not keys:
            del self._keys[query]


def _digest(text: str) -> bytes:
    # Real expressions list hundreds of ids: thousands of them as texts would be a store of their own.
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

"""The one bounded map, against a plain list of what was put in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ftrack_proxy.values.bounded_map import BoundedMap

KEYS = st.sampled_from("abcdefg")
VALUES = st.text("x", max_size=6)


def weight_of(_: str, value: str) -> int:
    return len(value)


class AgainstAList(RuleBasedStateMachine):
    """Entries in the order in which they were put in or used, and those that were given up."""

    @initialize(limit=st.integers(0, 12), weighed=st.booleans())
    def begin(self, limit: int, weighed: bool) -> None:
        self.limit, self.weighed = limit, weighed
        self.told: list[tuple[str, str]] = []
        self.entries: list[tuple[str, str]] = []
        self.evicted: list[tuple[str, str]] = []
        self.map: BoundedMap[str, str] = (
            BoundedMap(limit, weigh=weight_of, on_eviction=self.tell)
            if weighed
            else BoundedMap(limit, on_eviction=self.tell)
        )

    def tell(self, key: str, value: str) -> None:
        assert key not in self.map
        self.told.append((key, value))

    def weight(self, value: str) -> int:
        return len(value) if self.weighed else 1

    def total(self) -> int:
        return sum(self.weight(value) for _, value in self.entries)

    def without(self, key: str) -> list[tuple[str, str]]:
        return [entry for entry in self.entries if entry[0] != key]

    @rule(key=KEYS, value=VALUES)
    def put(self, key: str, value: str) -> None:
        self.entries = self.without(key)
        if self.weight(value) <= self.limit:
            self.entries.append((key, value))
            while self.total() > self.limit:
                self.evicted.append(self.entries.pop(0))
        self.map.put(key, value)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        value = dict(self.entries).get(key)
        assert self.map.get(key) == value
        if value is not None:
            self.entries = [*self.without(key), (key, value)]

    @rule(key=KEYS)
    def pop(self, key: str) -> None:
        assert self.map.pop(key) == dict(self.entries).get(key)
        self.entries = self.without(key)

    @rule()
    def evict(self) -> None:
        if self.entries:
            self.map.evict()
            self.evicted.append(self.entries.pop(0))

    @rule()
    def clear(self) -> None:
        self.map.clear()
        self.entries.clear()

    @rule(key=KEYS)
    def peek(self, key: str) -> None:
        assert self.map.peek(key) == dict(self.entries).get(key)
        assert (key in self.map) is (key in dict(self.entries))

    @invariant()
    def is_the_same(self) -> None:
        assert list(self.map) == [key for key, _ in self.entries]
        assert list(self.map.values()) == [value for _, value in self.entries]
        assert self.map.oldest() == next(iter(self.entries), None)
        assert len(self.map) == len(self.entries)
        assert self.map.weight == self.total() <= self.limit
        assert self.told == self.evicted


TestAgainstAList = AgainstAList.TestCase
TestAgainstAList.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.lists(KEYS, max_size=30), st.integers(1, 5))
def test_read_by_peek_it_gives_up_the_oldest(keys: list[str], limit: int) -> None:
    kept: BoundedMap[str, int] = BoundedMap(limit)
    for number, key in enumerate(keys):
        if key not in kept:
            kept.put(key, number)
        kept.peek(keys[0])
    assert list(kept.values()) == sorted(kept.values())
    assert len(kept) == min(limit, len(set(keys)))


def test_none_is_a_value() -> None:
    seen: BoundedMap[str, None] = BoundedMap(2)
    for key in "abb":
        seen.put(key, None)
    assert ("a" in seen, "b" in seen, "c" in seen) == (True, True, False)
    seen.put("c", None)
    assert list(seen) == ["b", "c"]

"""The explanation's document, without a proxy: what is told of an expression and of what is stored of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ftrack_proxy.cache_policy.policy import Policy
from ftrack_proxy.changes.change import Change, ChangeKind, ChangeSource
from ftrack_proxy.explaining.explanation import Judgement, document, explained
from ftrack_proxy.explaining.invalidation import rule_in_words
from ftrack_proxy.judging.affects import EVERYTHING, RULES
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.loader import load_catalogue
from ftrack_proxy.settings import read_policy
from tests.ftrack_server.schemas import build_schemas

ASKED = 'select name from Task where status.name is "Done" order by bid limit 5'


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(build_schemas())


@pytest.fixture(scope="module")
def policy() -> Policy:
    return read_policy()


@pytest.fixture
def tell(catalogue: Catalogue, policy: Policy) -> Any:
    def told(expression: str, *judged: Judgement, live: bool = True) -> dict[str, Any]:
        it = explained(expression, catalogue, policy)
        return document(it, policy, judged, None, schema_known=True, live=live)

    return told


def changes(said: dict[str, Any], rule: str) -> list[str]:
    return [change for entry in said["invalidated_by"] if entry["rule"] == rule for change in entry["changes"]]


def test_a_query_that_is_kept(tell: Any) -> None:
    said = tell("SELECT  name FROM Task WHERE status.name is 'Done' order by bid limit 5")
    assert (said["understood"], said["canonical"]) == (True, ASKED.replace("bid limit", "bid asc limit"))
    assert "Status.name" in said["reads"]["filter"]
    assert "Task.status" in said["reads"]["filter"]
    assert "Task.name" in said["reads"]["projection"]
    assert {"Context", "Status"} <= set(said["reads"]["families"])
    assert all(said["reads"][part] == sorted(said["reads"][part]) for part in said["reads"])
    assert said["policy"]["kept"]
    assert said["policy"]["evented"]
    assert said["policy"]["max_age"] > 0
    assert {rule["of"] for rule in said["policy"]["rules"]} >= {"Task", "Status"}
    assert all(rule["reason"] for rule in said["policy"]["rules"])
    assert (said["cached"], said["verdict"], said["reason"], said["why_not"]) == (0, "none", None, None)


def test_what_would_make_it_stale(tell: Any) -> None:
    said = tell(ASKED)
    assert any("name" in change and "in the answer" in change for change in changes(said, "A1"))
    assert changes(said, "A2") == ["a new Task that may meet the criteria"]
    assert "status_id" in changes(said, "A3")[0]
    assert "bid" in changes(said, "A4")[0]
    assert changes(said, "A5")
    assert "an update of name of a Status that the criteria look at" in changes(said, "A6")
    assert changes(said, EVERYTHING)
    assert not changes(said, "A10")


def test_rules_that_cannot_fire_are_left_out(tell: Any) -> None:
    said = tell("select name from Task")
    assert changes(said, "A2") == ["a new Task"]
    assert not any(changes(said, rule) for rule in ("A3", "A4", "A5", "A6", "A7", "A9", "A10"))


def test_collections_and_sums(tell: Any) -> None:
    listed = changes(tell("select assets.name from Shot"), "A7")
    assert "an Asset that comes into a collection of a Context in the answer" in listed
    assert changes(tell("select count(id) from Task group by status_id"), "A10")


def test_rows_beside_the_own_ones_are_told_by_their_family(tell: Any) -> None:
    """A task's link shows names of whatever is above it: these are no tasks."""
    said = tell("select link, parent.name from Task")
    assert changes(said, "A8")[0].endswith("of a Context that a shown value derives from")
    assert " of a Context in the answer" in changes(said, "A1")[0]
    assert " of a Task in the answer" in changes(tell("select link, status.name from Task"), "A1")[0]


@pytest.mark.parametrize("rule", [*RULES, EVERYTHING])
def test_every_rule_is_described(rule: str) -> None:
    words = rule_in_words(rule)
    assert words != rule
    assert not words.startswith(rule)
    assert "\n" not in words


@pytest.mark.parametrize(
    ("expression", "position", "problem"),
    [
        ("select name from Task where", 27, "expected"),
        ("select nothing_such from Task", 7, "nothing_such"),
        ("NoSuchType", 0, "NoSuchType"),
    ],
)
def test_what_is_not_understood(tell: Any, expression: str, position: int, problem: str) -> None:
    said = tell(expression)
    assert (said["understood"], said["position"]) == (False, position)
    assert problem in said["problem"]
    assert f"position {position}" in said["why_not"]
    assert (said["reads"], said["policy"], said["invalidated_by"]) == (None, None, [])


def test_what_depends_on_the_caller(tell: Any) -> None:
    said = tell("Task where assignments any (resource.id is CURRENT_USER_ID)")
    assert said["volatile"]
    assert "who asks" in said["why_not"]
    assert not said["policy"]["kept"]


def test_what_the_policy_refuses(tell: Any) -> None:
    said = tell("select status from Job")
    assert not said["policy"]["kept"]
    assert "Job: " in said["why_not"]
    assert {"of": "Job", "kind": "uncached"}.items() <= said["policy"]["rules"][0].items()


def test_without_a_feed(tell: Any) -> None:
    assert "no change feed" in tell(ASKED, live=False)["why_not"]
    assert tell("select name from Status", live=False)["why_not"] is None


def test_without_a_schema(policy: Policy) -> None:
    said = document(explained(ASKED, None, policy), policy, [], None, schema_known=False, live=True)
    assert (said["understood"], said["schema_known"], said["reads"]) == (True, False, None)
    assert said["canonical"].startswith("select name from Task")
    assert "schema is not known" in said["why_not"]


FRESH = Judgement(Verdict(True, Reason.CURRENT))
AGED = Judgement(Verdict(False, Reason.AGED))
RENAMED = Change(
    ChangeKind.UPDATED,
    frozenset({"Context"}),
    "d0b5-secret-id",
    "Task",
    {"name": ("secret before", "secret after")},
    source=ChangeSource.HUB_EVENT,
)
AFFECTED = Judgement(Verdict(False, Reason.AFFECTED, 7, "A1"), RENAMED)


def test_the_worst_of_several_is_told(tell: Any) -> None:
    assert (tell(ASKED, FRESH)["verdict"], tell(ASKED, FRESH, FRESH)["cached"]) == ("fresh", 2)
    assert tell(ASKED, FRESH, AGED)["reason"]["value"] == "aged"
    said = tell(ASKED, FRESH, AGED, AFFECTED)
    assert (said["cached"], said["verdict"], said["reason"]["value"]) == (3, "stale", "affected")


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words(tell: Any, reason: Reason) -> None:
    assert tell(ASKED, Judgement(Verdict(reason is Reason.CURRENT, reason)))["reason"]["words"]


@pytest.mark.parametrize("source", list(ChangeSource))
def test_the_change_that_decided_it_without_its_values(tell: Any, source: ChangeSource) -> None:
    change = Change(RENAMED.kind, RENAMED.families, RENAMED.entity_id, "Task", RENAMED.attributes, source=source)
    reason = tell(ASKED, Judgement(AFFECTED.verdict, change))["reason"]
    assert (reason["seq"], reason["rule"], reason["rule_words"]) == (7, "A1", rule_in_words("A1"))
    assert reason["change"]["attributes"] == ["name"]
    assert reason["change"]["words"].endswith(": Task updated (name)")
    assert "secret" not in json.dumps(reason)


def test_a_change_of_anything(tell: Any) -> None:
    anything = Judgement(Verdict(False, Reason.AFFECTED, 1, EVERYTHING), Change(ChangeKind.UNKNOWN, None))
    assert tell(ASKED, anything)["reason"]["change"]["words"] == "an unknown source: anything may have changed"


def answered(said: dict[str, Any]) -> tuple[bool, str]:
    return said["from_cache"], said["why"]


def test_the_verdict_in_one_line(tell: Any, catalogue: Catalogue, policy: Policy) -> None:
    assert answered(tell(ASKED, FRESH)) == (True, "it is stored, and no change since it was fetched affects it")
    some, why = answered(tell(ASKED, FRESH, AGED))
    assert (some, why.startswith("1 of 2 stored answers to it are good")) == (True, True)
    assert "older than the policy allows" in why
    stale, why = answered(tell(ASKED, AFFECTED))
    assert (stale, "Task updated (name)" in why) == (False, True)
    assert "secret" not in why
    assert answered(tell(ASKED))[1].startswith("nobody has asked it")
    assert answered(tell(ASKED, live=False)) == (False, tell(ASKED, live=False)["why_not"])
    assert "no change feed" in tell(ASKED, live=False)["why"]
    for expression in ("select name from Task where", "select status from Job", "Task where name is CURRENT_USER"):
        assert answered(tell(expression)) == (False, tell(expression)["why_not"])
    known = document(explained(ASKED, catalogue, policy), policy, [], "entity", schema_known=True, live=True)
    assert answered(known) == (True, "it can be put together from what other answers told")


def test_the_pages_that_were_asked_for(tell: Any) -> None:
    paged = [Judgement(FRESH.verdict, None, window) for window in ((500, 500), (0, 500), (0, None), (0, 500))]
    assert tell(ASKED, *paged)["windows"] == [
        {"offset": 0, "limit": 500},
        {"offset": 0, "limit": None},
        {"offset": 500, "limit": 500},
    ]


@pytest.mark.parametrize(
    ("expression", "at", "nearest"),
    [
        ("select name from Taks", "Taks", "Task"),
        ("select name from assetversion", "assetversion", "AssetVersion"),
        ("select nam from Task", "nam", "name"),
        ("select name, parent.project.full_nam from Task", "full_nam", "full_name"),
        ("Task where status.nmae is x", "nmae", "name"),
        ("Task where parent[Shto].name is x", "Shto", "Shot"),
        ("Task where parent[Shot].nmae is x", "nmae", "name"),
        ("Task where id in (select id from Tsak)", "Tsak", "Task"),
        ("Task where assignments any (resuorce.id is x)", "resuorce", "resource"),
        ("Task order by naem", "naem", "name"),
        ("Task wehre name is x", "wehre", "where"),
        ("select name frmo Task", "frmo", "from"),
        ("selct name from Task", "name", "select"),
    ],
)
def test_what_may_have_been_meant(tell: Any, expression: str, at: str, nearest: str) -> None:
    said = tell(expression)
    assert said["position"] == expression.index(at)
    assert nearest in said["nearest"]


def test_nothing_is_guessed_where_nothing_is_like_it(tell: Any) -> None:
    for expression in ("Zzzzzz", "select qqqqq from Task", "Note where x )", "Task where name is"):
        assert tell(expression)["nearest"] == []
    assert tell(ASKED)["nearest"] == []

"""The policy's document, the terms that follow from it, and its reasons."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from ftrack_proxy.cache_policy.policy import BadPolicy, Policy, PolicyKind
from ftrack_proxy.cli.options import configured, settings_options
from ftrack_proxy.queries.read_set import ReadSet
from ftrack_proxy.settings import BadSetting, read_policy

FAMILY_OF = {"Task": "Context", "Shot": "Context", "FileComponent": "Component"}

DOCUMENT: dict[str, Any] = {
    "ages": {
        "ceiling": 1000,
        "proven": 500,
        "static": 300,
        "volatile": 60,
        "server_information": 61,
        "schemas": 62,
    },
    "unknown": {"kind": "timed", "max_age": 10, "reason": "not known", "learnable": True},
    "types": {
        "Context": {"kind": "evented", "reason": "events"},
        "Note": {"kind": "evented", "max_age": 700, "reason": "events"},
        "Status": {"kind": "static", "reason": "rarely", "learnable": True},
        "Component": {"kind": "timed", "max_age": 30, "reason": "none seen", "learnable": True},
        "Job": {"kind": "uncached", "reason": "read to be written", "learnable": True},
        "ApiKey": {"kind": "uncached", "reason": "secret"},
    },
    "attributes": {
        "Context.weather": {"kind": "timed", "max_age": 5, "reason": "changes by itself"},
        "Note.secret": {"kind": "uncached", "reason": "secret"},
    },
}


def changed(*path: str, to: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    table = document
    for name in path[:-1]:
        table = table[name]
    table[path[-1]] = to
    return document


@pytest.fixture
def policy() -> Policy:
    return Policy.from_document(DOCUMENT)


def reads(*types: str, attributes: tuple[tuple[str, str], ...] = (), volatile: bool = False) -> ReadSet:
    families = frozenset(FAMILY_OF.get(name, name) for name in types)
    return ReadSet(families, frozenset(types), frozenset(), frozenset(attributes), frozenset(), volatile)


def terms(policy: Policy, *types: str, **more: Any) -> tuple[float, bool, bool] | None:
    found = policy.terms_of(reads(*types, **more), FAMILY_OF)
    return None if found is None else (found.max_age, found.event_invalidated, found.durable)


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("Task",), (1000, True, True)),
        (("Note",), (700, True, True)),
        (("Task", "Note"), (700, True, True)),
        (("Status",), (300, False, True)),
        (("Task", "Status"), (300, True, True)),
        (("FileComponent",), (30, False, True)),
        (("NeverHeardOf",), (10, False, True)),
        (("Task", "Job"), None),
        (("ApiKey",), None),
    ],
)
def test_the_strictest_rule_holds(policy: Policy, types: tuple[str, ...], expected: Any) -> None:
    assert terms(policy, *types) == expected


def test_what_is_volatile_is_short_and_never_on_disk(policy: Policy) -> None:
    assert terms(policy, "Task", volatile=True) == (60, True, False)


def test_an_attribute_can_be_stricter_than_its_type(policy: Policy) -> None:
    assert terms(policy, "Shot", attributes=(("Shot", "name"),)) == (1000, True, True)
    assert terms(policy, "Shot", attributes=(("Shot", "weather"),)) == (5, True, True)
    assert terms(policy, "Note", attributes=(("Note", "secret"),)) is None


def test_a_types_own_rule_goes_before_its_familys() -> None:
    document = changed("types", "Shot", to={"kind": "timed", "max_age": 7, "reason": "own"})
    assert terms(Policy.from_document(document), "Shot") == (7, False, True)
    assert terms(Policy.from_document(document), "Task") == (1000, True, True)


def test_what_is_silent_counts_as_unknown(policy: Policy) -> None:
    assert terms(policy.with_coverage(proven=(), silent=("Context",)), "Task") == (10, False, True)
    assert terms(policy.with_coverage(proven=(), silent=("Context",)), "Task", "Note") == (10, True, True)
    assert terms(policy.with_coverage(proven=(), silent=("Status", "Job")), "Status") == (300, False, True)


def test_what_is_proven_counts_as_evented_if_it_may(policy: Policy) -> None:
    learned = policy.with_coverage(proven=("Status", "Job", "ApiKey"), silent=())
    assert terms(learned, "Status", "Job") == (500, True, True)
    assert terms(learned, "ApiKey") is None


def test_reasons_are_told_the_strictest_first(policy: Policy) -> None:
    found = policy.reasons(reads("Task", "Job", attributes=(("Task", "weather"),), volatile=True), FAMILY_OF)
    assert [(name, kind) for name, kind, _ in found] == [
        ("Job", PolicyKind.UNCACHED),
        ("Task.weather", PolicyKind.TIME_BOUNDED),
        ("values that change by themselves", PolicyKind.TIME_BOUNDED),
        ("Task", PolicyKind.EVENT_INVALIDATED),
    ]
    assert found[0][2] == "read to be written"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({**DOCUMENT, "type": {}}, "'type' is not known; known are ages"),
        (changed("ages", "ceilling", to=1), "ages: 'ceilling' is not known"),
        ({**DOCUMENT, "ages": {"ceiling": 1}}, "ages.proven is missing"),
        ({name: table for name, table in DOCUMENT.items() if name != "unknown"}, "unknown must be a table"),
        ({**DOCUMENT, "types": []}, "types must be a table"),
        (changed("types", "Note", to="evented"), "types.Note must be a table"),
        (changed("types", "Note", "kind", to="event"), "types.Note.kind is 'event'; expected one of evented"),
        (changed("types", "Note", "kind", to=["evented"]), "types.Note.kind is"),
        (changed("types", "Note", "max_age", to="long"), "types.Note.max_age is 'long'; expected a number"),
        (changed("types", "Note", "max_age", to=True), "expected a number of seconds above 0"),
        (changed("types", "Note", "max_age", to=float("nan")), "expected a number of seconds above 0"),
        (changed("types", "Note", "max_age", to=float("inf")), "expected a number of seconds above 0"),
        (changed("types", "Note", "max_age", to=-1), "expected a number of seconds above 0"),
        (changed("types", "Note", "reason", to=" "), "types.Note.reason is missing"),
        (changed("types", "Note", "why", to="x"), "types.Note: 'why' is not known"),
        (changed("types", "Note", "learnable", to=True), "what is evented has nothing to learn"),
        (changed("types", "Status", "learnable", to="yes"), "expected true or false"),
        (changed("types", "Job", "max_age", to=1), "what is uncached has no age"),
        (changed("types", "Component", to={"kind": "timed", "reason": "x"}), "types.Component.max_age is missing"),
        (changed("attributes", "weather", to=DOCUMENT["attributes"]["Note.secret"]), 'such as "Type.attribute"'),
        (changed("attributes", "A.b", to=DOCUMENT["types"]["Note"]), "events are of types"),
        (changed("unknown", to={"kind": "evented", "reason": "x"}), "cannot be evented"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(document: dict[str, Any], words: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        Policy.from_document(document)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


# -- the one that comes along

EVENTED = ("Task", "AssetVersion", "Note", "List", "ListObject", "Appointment", "Timelog", "Timer", "Resource")


def test_the_policy_that_comes_along() -> None:
    policy = read_policy()
    for name in EVENTED:
        assert terms(policy, name) == (21600, True, True), name
    assert terms(policy, "Status") == (300, False, True)
    assert terms(policy, "ComponentLocation") == (10, False, True)
    assert terms(policy, "FileComponent") == (30, False, True)
    assert terms(policy, "NoteComponent") == (10, False, True)
    for name in ("Metadata", "Job", "JobComponent", "Event", "Feed", "ApiKey", "EntitySetting"):
        assert terms(policy, name) is None, name
    learnable = ("Component", "ComponentLocation", "Metadata", "Job", "Status", "Asset", "ReviewSession")
    assert all(policy.types[name].learnable for name in learnable)
    assert (policy.server_information.max_age, policy.schemas.max_age) == (60, 21600)


def test_a_policy_file_that_cannot_be_read_is_told_by_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    with pytest.raises(BadSetting, match=r"cannot read the policy file .*mine\.toml: No such file"):
        read_policy(str(file))
    file.write_text("[ages")
    with pytest.raises(BadSetting, match="is not valid TOML"):
        read_policy(str(file))
    file.write_text("[age]\n")
    with pytest.raises(BadSetting, match=r"the policy file .*mine\.toml: the policy: 'age' is not known"):
        read_policy(str(file))


@click.command()
@settings_options
def show_unknown_age(**values: Any) -> None:
    click.echo(configured(values).settings.policy.unknown.max_age)


def test_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FTRACK_PROXY_CONFIG", "FTRACK_PROXY_POLICY"):
        monkeypatch.delenv(name, raising=False)
    built_in = (Path(__file__).parents[2] / "config" / "policy.toml").read_text()
    mine, bad, config = tmp_path / "mine.toml", tmp_path / "bad.toml", tmp_path / "config.toml"
    mine.write_text(built_in.replace("max_age = 10.0", "max_age = 3.0", 1))
    bad.write_text(built_in.replace('kind = "timed"', 'kind = "time"', 1))
    config.write_text(f'policy = "{mine}"\n')

    def run(*more: str) -> Any:
        return CliRunner().invoke(show_unknown_age, ["--upstream", "http://ftrack.test", *more])

    assert run().output == "10.0\n"
    assert run("--policy", str(mine)).output == "3.0\n"
    assert run("--config", str(config)).output == "3.0\n"
    refused = run("--policy", str(bad))
    assert refused.exit_code == 2
    assert "unknown.kind is 'time'; expected one of evented, timed, static, uncached" in refused.output
    monkeypatch.setenv("FTRACK_PROXY_POLICY", str(mine))
    assert run().output == "3.0\n"

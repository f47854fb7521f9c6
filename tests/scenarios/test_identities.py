"""Three identities apart: trust goes by the principal; what is stored by the partition and the representation.

Here all principals read from one partition, as members of one visibility class would.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.partition import Partition
from ftrack_proxy.identity.principal import account_of, principal_of
from ftrack_proxy.protocol.representation import EntityForm, Representation
from ftrack_proxy.request.identify import Identifier
from ftrack_proxy.request.split import Splitter
from tests.harness import PATIENCE
from tests.scenarios.studio import Person, Studio, open_studio, warm

pytestmark = pytest.mark.required("G6.2")

SALT = b"s" * 32
TOKEN = {"X-Studio-Token": "t"}
DENORMALISED = {"ftrack-api-options": "strict:1;denormalize:1"}
STATUSES = "select name from Status"
TIME_BOUNDED = "select name from Asset"


def one_for_all(_: object) -> Partition:
    return Partition(b"everybody")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, partition_of=one_for_all) as running:
        yield running


def accepted(person: Person, **headers: str) -> None:
    """Have ftrack accept somebody, by an answer that has nothing to do with what is asked later."""
    person.ask("select id from Priority", **headers)


@pytest.mark.parametrize("kind", ["result", "entities"])
def test_a_stored_answer_is_shared_with_whom_ftrack_accepted_itself(studio: Studio, kind: str) -> None:
    ana, other = studio.person("ana"), studio.person("ana")
    name = studio.name_of_task if kind == "entities" else STATUSES
    warm(ana, name)
    if kind == "entities":
        name += " limit 1"
    before = studio.queries()
    assert not other.ask(name, **TOKEN).is_hit
    assert studio.queries() == before + 1
    assert other.ask(name, **TOKEN).is_hit
    third = {"X-Studio-Token": "another"}
    accepted(other, **third)
    before = studio.queries()
    assert other.ask(name, **third).is_hit
    assert studio.queries() == before


def test_a_refused_key_ends_nobody_elses_trust(studio: Studio) -> None:
    ana, bo = studio.person("ana"), studio.person("bo")
    accepted(bo)
    warm(ana, STATUSES)
    studio.server.engine.revoke_key("bo")
    assert bo.ask("select name from Type").content["exception"] == "InvalidCredentialsError"
    for _ in range(2):
        assert bo.ask(STATUSES).content["exception"] == "InvalidCredentialsError"
        assert ana.ask(STATUSES).is_hit


def test_a_fetch_is_joined_only_by_whom_ftrack_accepted_itself(studio: Studio) -> None:
    ana, other, unknown = studio.person("ana"), studio.person("ana"), studio.person("ana")
    accepted(other, **TOKEN)
    hold = studio.server.hold(contains="from Status")
    first = ana.start(STATUSES)
    hold.wait_reached()
    joined = other.start(STATUSES, **TOKEN)
    studio.waiting(other)
    own = unknown.ask(STATUSES, **{"X-Studio-Token": "another"})
    hold.release()
    assert own.rows == first.result(PATIENCE).rows == joined.result(PATIENCE).rows
    assert "collapsed" in joined.result(PATIENCE).cache_status
    assert "collapsed" not in own.cache_status


def test_a_refusal_is_not_shared_with_another_principal(studio: Studio) -> None:
    ana, bo = studio.person("ana"), studio.person("bo")
    accepted(bo)
    hold = studio.server.hold(contains=TIME_BOUNDED, when="before")
    refused = ana.start(TIME_BOUNDED)
    hold.wait_reached()
    joined = bo.start(TIME_BOUNDED)
    studio.waiting(bo)
    studio.server.engine.revoke_key("ana")
    hold.release()
    assert refused.result(PATIENCE).content["exception"] == "InvalidCredentialsError"
    assert isinstance(joined.result(PATIENCE).content, list)


def test_another_representation_is_another_answer(studio: Studio) -> None:
    ana = studio.person("ana")
    warm(ana, studio.name_of_task)
    assert not ana.ask(studio.name_of_task, **DENORMALISED).is_hit
    assert ana.ask(studio.name_of_task, **DENORMALISED).is_hit


def test_keys_go_by_partition_and_representation_alone() -> None:
    body = b'[{"action": "query", "expression": "Task"}]'
    shared, own = Identifier(SALT, one_for_all), Identifier(SALT)

    def key(identifier: Identifier, user: str, *more: tuple[str, str]) -> bytes:
        headers = [("ftrack-user", user), ("ftrack-api-key", "k"), *more]
        return Splitter()._first(identifier.identify("/api", headers, body, body), body).keys[0]

    options = ("ftrack-api-options", "strict:1;denormalize:1")
    assert key(shared, "ana") == key(shared, "bo") == key(shared, "bo", ("Authorization", "Basic x"))
    assert key(shared, "ana", options) == key(shared, "bo", options) != key(shared, "ana")
    assert (
        len({key(own, "ana"), key(own, "bo"), key(own, "ana", ("Authorization", "x")), key(own, "ana", options)}) == 4
    )


def test_nobody_has_no_partition_either() -> None:
    call = Identifier(SALT, one_for_all).identify("/api", [("ftrack-user", "ana")], b"[]", b"[]")
    assert (call.principal, call.partition, call.entity_space) == (None, None, None)
    assert call.representation == Representation()
    assert call.representation.form is EntityForm.NORMALISED


def test_a_principal_is_an_account_and_what_else_it_shows() -> None:
    ana = Credentials("ana", "k")
    plain, behind = principal_of(ana, SALT), principal_of(ana, SALT, [("Authorization", "Basic x")])
    assert plain != behind
    assert plain.startswith(account_of(ana, SALT))
    assert behind.startswith(account_of(ana, SALT))

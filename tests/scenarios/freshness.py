"""What the contract demands of freshness, as short stories. Each fails when the rule that it is about is off.

A story gets a studio and raises ``AssertionError`` if an answer is wrong. `RULES` names the rule (of `tests.switches`)
that each is about; the tests run every story both ways.
"""

from __future__ import annotations

from collections.abc import Callable

from ftrack_proxy.hub.messages import HubMessage
from tests.harness import until
from tests.scenarios.studio import Studio, warm

Story = Callable[[Studio], None]


def own_write(studio: Studio) -> None:
    """G1: once a write's response is here, no read shows what was before, event or no event."""
    ana, bo = studio.person("ana"), studio.person("ana")
    warm(ana, studio.name_of_task)
    studio.server.hub.hold_events()
    ana.update("Task", studio.task, name="first name")
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "first name"
    assert bo.ask(studio.name_of_task).rows[0]["name"] == "first name"


def foreign_write(studio: Studio) -> None:
    """G2: once an event has reached the proxy, no read shows what was before."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    before = studio.server.hub.events
    studio.server.update("Task", studio.task, name="layout")
    until(lambda: len(studio.server.hub.events) > len(before), "the event to be published")
    studio.server.hub.wait_read()
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "layout"


def change_during_a_fetch(studio: Studio) -> None:
    """G3: what was fetched while it changed is not served to who reads after the change."""
    ana = studio.person()
    warm(ana, "select id from Status")
    held = studio.server.hold(contains=studio.task)
    early = ana.start(studio.name_of_task)
    held.wait_reached()
    studio.foreign(name="lighting")
    held.release()
    early.result()
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "lighting"


def joining_an_older_fetch(studio: Studio) -> None:
    """G3: a read that starts after an event is not answered by a fetch that began before it."""
    _join_an_older(studio, studio.name_of_task, lambda: studio.foreign(name="comp"))


def joining_an_older_list(studio: Studio) -> None:
    """G3: the same after a write, for a question that does not name its rows."""
    studio.server.hub.hold_events()
    expression = f'select name from Task where id is "{studio.task}" and name is_not "nothing"'
    _join_an_older(studio, expression, lambda: studio.person().update("Task", studio.task, name="comp"))


def _join_an_older(studio: Studio, expression: str, change: Callable[[], object]) -> None:
    ana, late = studio.person(), studio.person()
    warm(ana, "select id from Status")
    held = studio.server.hold(contains=studio.task)
    early = ana.start(expression)
    held.wait_reached()
    change()
    joined = late.start(expression)
    until(lambda: studio.proxy.parts.counters.waiting or joined.done(), "the late read to wait")
    held.release()
    early.result()
    assert joined.result().rows[0]["name"] == "comp"


def cut_and_restored(studio: Studio) -> None:
    """G4: what was fetched before a gap is asked for again after it."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.cut_feed()
    studio.server.update("Task", studio.task, name="fx")
    studio.restore_feed()
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "fx"


def read_in_the_gap(studio: Studio) -> None:
    """G4: nor is it served as fresh while the feed is away."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.cut_feed()
    studio.server.update("Task", studio.task, name="fx")
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "fx"
    studio.server.update("Task", studio.task, name="fx2")
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "fx2"


def asleep(studio: Studio) -> None:
    """G4: a machine that slept has missed events, though the socket still looks open."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.hub.go_silent()
    studio.server.update("Task", studio.task, name="paint")
    studio.proxy.clock.ahead += 200
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "paint"


def restarted(studio: Studio) -> None:
    """G4: what an earlier process fetched is asked for again."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.proxy.parts.store.flush()
    settings, environment = studio.proxy.settings, studio.proxy.environment
    studio.proxy.stop()
    studio.server.update("Task", studio.task, name="rig")
    studio.proxy = type(studio.proxy)(settings, environment).start()
    studio.proxy.wait_for_feed()
    again = studio.person()
    again.ask("select id from Type")
    assert again.ask(studio.name_of_task).rows[0]["name"] == "rig"


def outcome_unknown(studio: Studio) -> None:
    """G8: a write whose answer got lost may have happened: the client hears so, and reads are not older."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.hub.hold_events()
    studio.server.drop_next(after_commit=True, action="update")
    said = ana.update("Task", studio.task, name="roto")
    assert said.content["exception"] == "WriteOutcomeUnknownError"
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "roto"
    assert studio.server.counters.operations["update"] == 1


def seen_in_the_relay(studio: Studio) -> None:
    """G2: an event that a client receives through the relay is known to the proxy before the client has it."""
    from tests.scenarios.hub_client import HubClient

    ana = studio.person()
    warm(ana, studio.name_of_task)
    with HubClient(studio.proxy.url, *studio.server.credentials("ana")) as client:
        client.subscribe("topic=ftrack.update")
        studio.proxy.inside(lambda: _deafen(studio))
        studio.server.update("Task", studio.task, name="anim")
        client.wait_for("ftrack.update")
        assert ana.ask(studio.name_of_task).rows[0]["name"] == "anim"


def _deafen(studio: Studio) -> None:
    """The proxy's own subscription gets its events late; here: not at all."""
    for feed in studio.proxy.parts.coverage.feeds:
        feed._intake = _Deaf()


class _Deaf:
    def take_message(self, _: HubMessage) -> None: ...


def revoked_key(studio: Studio) -> None:
    """G6: a key that ftrack has not accepted for a while is asked about again."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.engine.revoke_key("ana")
    studio.proxy.clock.ahead += 301
    studio.proxy.inside(lambda: _heard_now(studio))
    assert isinstance(ana.ask(studio.name_of_task).content, dict)


def one_entity_one_moment(studio: Studio) -> None:
    """G7: a batch is not put together of an entity's old and new state."""
    ana = studio.person()
    one = f"select name, created_at from Task where id is '{studio.task}'"
    warm(ana, studio.name_of_task)
    studio.server.hub.hold_events()
    studio.server.update("Task", studio.task, name="matte")
    first, second = ana.ask(studio.name_of_task, one).content
    assert (
        not second["data"] or "name" not in second["data"][0] or first["data"][0]["name"] == second["data"][0]["name"]
    )


def read_to_be_written(studio: Studio) -> None:
    """G5: metadata is read in order to be written back, so it always comes from ftrack."""
    ana = studio.person()
    expression = f'select key, value from Metadata where parent_id is "{studio.task}"'
    warm(ana, studio.name_of_task)
    known = {row["key"] for row in ana.ask(expression).rows}
    studio.server.create(
        "Metadata", parent_id=studio.task, parent_type="Task", key="note_to_self", value="x", silent=True
    )
    assert {row["key"] for row in ana.ask(expression).rows} == known | {"note_to_self"}


def without_events(studio: Studio) -> None:
    """G5: what no event tells of is served at most for its age."""
    ana = studio.person()
    status = studio.server.production.statuses[0]
    expression = f'select name from Status where id is "{status}"'
    warm(ana, expression)
    studio.server.update("Status", status, name="Parked", silent=True)
    studio.proxy.clock.ahead += 301
    studio.proxy.inside(lambda: _heard_now(studio))
    # Only the answer's age is to run out here, not the trust in the key.
    ana.ask("select id from Type")
    assert ana.ask(expression).rows[0]["name"] == "Parked"


def _heard_now(studio: Studio) -> None:
    """Only the ages are to run out here, not the patience with the hub."""
    for feed in studio.proxy.parts.coverage.feeds:
        feed._heard = studio.proxy.clock()


# Story -> the rules that it is about.
RULES: dict[Story, tuple[str, ...]] = {
    own_write: ("own writes are recorded",),
    foreign_write: ("events are recorded",),
    change_during_a_fetch: ("a result counts from before its fetch",),
    joining_an_older_fetch: ("rows are judged by later changes",),
    joining_an_older_list: ("what is joined is judged",),
    cut_and_restored: ("another epoch is unverified",),
    read_in_the_gap: ("another epoch is unverified",),
    asleep: ("another epoch is unverified",),
    restarted: ("another epoch is unverified",),
    outcome_unknown: ("own writes are recorded",),
    seen_in_the_relay: ("events are recorded",),
    revoked_key: ("a key is trusted for a limited time",),
    one_entity_one_moment: ("a batch is of one moment",),
    read_to_be_written: ("each type has its terms",),
    without_events: ("each type has its terms",),
}

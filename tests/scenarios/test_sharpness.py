"""What a busy studio keeps: a change is felt where it shows, and nowhere else (issue 3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.studio import Person, Studio, open_studio, warm

pytestmark = pytest.mark.optimal("G2.6")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, projects=2, sequences=2) as opened:
        yield opened


def one(studio: Studio, expression: str) -> str:
    found: str = studio.server.query(expression)[0]["id"]
    return found


def context_of(studio: Studio, asset: str) -> str:
    found: str = studio.server.query(f'select context_id from Asset where id is "{asset}"')[0]["context_id"]
    return found


def untouched(person: Person, *expressions: str) -> None:
    for expression in expressions:
        assert person.ask(expression).cache_status == "ftrack-proxy; hit; detail=exact", expression


def stale(person: Person, *expressions: str) -> None:
    for expression in expressions:
        assert "fwd=stale" in person.ask(expression).cache_status, expression


def test_a_new_version_is_felt_in_its_own_asset_alone(studio: Studio) -> None:
    made, ana = studio.server.production, studio.person()
    here = made.assets[0]
    shot = context_of(studio, here)
    there = next(asset for asset in made.assets if context_of(studio, asset) != shot)
    mine = [
        f'select version, comment from AssetVersion where asset_id is "{here}"',
        f'select version from AssetVersion where asset.parent.id is "{shot}"',
        f'select versions.version from Asset where id is "{here}"',
        f'select latest_version.version from Asset where id is "{here}"',
        f'select version from AssetVersion where asset_id is "{here}" order by version desc limit 1',
    ]
    others = [
        f'select version, comment from AssetVersion where asset_id is "{there}"',
        f'select version, link from AssetVersion where asset_id is "{there}" order by version desc limit 1',
        f'select versions.version from Asset where id is "{there}"',
        f'select latest_version.version, versions.is_latest_version from Asset where id is "{there}"',
        f'select name from Asset where context_id is "{shot}"',
        "select name, color, state.short from Status order by sort",
        f'select name, status.name, link from Task where project_id is "{made.projects[0]}"',
        f'select name, assignments.resource.username from Task where project_id is "{made.projects[1]}"',
        "select name, full_name from Project where status is active",
    ]
    for expression in (*mine, *others):
        warm(ana, expression)
    before = studio.changes
    studio.server.create("AssetVersion", asset_id=here, version=90, comment="new", status_id=made.statuses[0])
    studio.wait_for_change(before)
    untouched(ana, *others)
    stale(ana, *mine)
    assert "new" in [row["comment"] for row in ana.ask(mine[0]).rows]


def test_a_renamed_sequence_is_felt_below_it_alone(studio: Studio) -> None:
    made, ana = studio.server.production, studio.person()
    here, there, elsewhere = made.sequences[0], made.sequences[1], made.sequences[2]
    below, beside = (
        [
            f'select link from Shot where parent_id is "{sequence}"',
            f'select link from Task where ancestors any (id is "{sequence}")',
            f'select link, version from AssetVersion where asset.parent.parent.id is "{sequence}"',
        ]
        for sequence in (here, there)
    )
    shot = one(studio, f'select id from Shot where parent_id is "{here}"')
    below += [
        f'select name, parent.name from Shot where id is "{shot}"',
        f'select context.link, duration from Timelog where context.parent.parent.id is "{here}"',
        f'select name from Sequence where project_id is "{made.projects[0]}"',
    ]
    beside += [
        f'select link, name from Task where ancestors any (id is "{elsewhere}")',
        f'select name, status.name from Task where project_id is "{made.projects[0]}"',
        f'select link from Task where project_id is "{made.projects[1]}"',
        f'select name from Sequence where project_id is "{made.projects[1]}"',
        "select name, color from Status",
    ]
    logged = one(studio, f'select id from Task where parent.parent.id is "{here}"')
    before = studio.changes
    studio.server.create("Timelog", context_id=logged, user_id=made.users["ana"], duration=60)
    studio.wait_for_change(before)
    studio.proxy.clock.ahead += 1  # what is asked now has nothing to settle
    for expression in (*below, *beside):
        assert warm(ana, expression).rows, expression
    before = studio.changes
    studio.server.update("Sequence", here, name="renamed")
    studio.wait_for_change(before)
    untouched(ana, *beside)
    stale(ana, *below)
    assert all("renamed" in str(ana.ask(expression).rows) for expression in below)


def test_work_in_one_project_is_not_felt_in_another(studio: Studio) -> None:
    made, ana = studio.server.production, studio.person()
    user = made.users["ana"]
    first, second = made.projects
    task = one(studio, f'select id from Task where project_id is "{first}"')
    assigned = f'assignments any (resource_id is "{user}")'
    mine = f'select name, status.name from Task where project_id is "{second}" and {assigned}'
    here = mine.replace(second, first)
    others = [
        mine,
        f'select name, status.name, link from Task where project_id is "{second}" order by name limit 10',
        f'select name, time_logged from Task where project_id is "{second}"',
        f'select name, custom_attributes from Shot where project_id is "{second}"',
    ]
    for expression in (here, *others):
        warm(ana, expression)
    before = studio.changes
    studio.server.create("Appointment", context_id=task, resource_id=user, type="assignment")
    studio.wait_for_change(before)
    untouched(ana, *others)
    stale(ana, here)
    before = studio.changes
    studio.server.update("Task", task, name="renamed", status_id=made.statuses[3])
    studio.server.create("Timelog", context_id=task, user_id=user, duration=60)
    shot = one(studio, f'select id from Shot where project_id is "{first}"')
    studio.server.create("Task", parent_id=shot, project_id=first, name="more")
    studio.wait_for_change(before + 2)
    untouched(ana, *others)
    assert "renamed" in [row["name"] for row in ana.ask(here).rows]

"""What expressions mean: families, paths, null, order, windows, groups."""

from __future__ import annotations

from typing import Any

import pytest

from .engine_stage import Stage, create, query


def test_rows_of_a_family_carry_their_own_type(shared: Stage) -> None:
    types = {row["__entity_type__"] for row in shared.ask("Context")}
    assert types == {"Project", "Folder", "AssetBuild", "Milestone", "Sequence", "Shot", "Task"}
    assert shared.count("Context") == shared.count("TypedContext") + shared.count("Project")
    assert {row["__entity_type__"] for row in shared.ask("Resource")} == {"User", "Group"}
    assert {row["__entity_type__"] for row in shared.ask("Component")} == {"FileComponent"}
    assert shared.ask("SequenceComponent") == []
    assert {row["__entity_type__"] for row in shared.ask("List")} == {"TypedContextList"}


def test_references_carry_their_own_type(shared: Stage) -> None:
    assert {row["parent"]["__entity_type__"] for row in shared.ask("select parent from Task")} == {"Shot"}
    assert {row["parent"]["__entity_type__"] for row in shared.ask("select parent from Sequence")} == {"Project"}


def test_attributes_of_members_on_the_family(stage: Stage) -> None:
    assert stage.count("Context where bid > 0") == stage.count("TypedContext")
    assert stage.ids("Context where full_name is 'River Film 0'") == stage.made.projects[:1]
    assert "bid" not in stage.ask("select bid from Context where context_type is show")[0]
    assert "bid" in stage.ask("select bid from Context where context_type is task")[0]


def test_two_paths_may_be_met_by_two_members_any_demands_one(stage: Stage) -> None:
    task, users = stage.made.tasks[0], stage.made.users
    for link in stage.ids(f"Appointment where context_id is {task}"):
        stage.delete("Appointment", link)
    stage.create("Appointment", type="assignment", context_id=task, resource_id=users["ana"])
    stage.create("Appointment", type="allocation", context_id=task, resource_id=users["bo"])
    apart = f"appointments.resource.username is ana and appointments.type is allocation and id is {task}"
    assert stage.ids(f"Task where {apart}") == [task]
    assert (
        stage.ids(f"Task where appointments any (type is allocation and resource.username is ana) and id is {task}")
        == []
    )
    assert stage.ids(
        f"Task where appointments any (type is allocation and resource.username is bo) and id is {task}"
    ) == [task]
    assert stage.ids(f"Task where allocations.resource.username is bo and id is {task}") == [task]
    assert stage.ids(f"Task where allocations.resource.username is ana and id is {task}") == []


def test_negative_conditions_speak_of_some_member_too(stage: Stage) -> None:
    task, users = stage.made.tasks[0], stage.made.users
    for link in stage.ids(f"Appointment where context_id is {task}"):
        stage.delete("Appointment", link)
    negative = f"Task where id is {task} and assignments.resource.username"
    for condition in ("is_not ana", "not_in (ana)", "not in (ana)", 'not_like "an%"'):
        assert stage.ids(f"{negative} {condition}") == [], "nobody is assigned: there is no member"
    stage.create("Appointment", type="assignment", context_id=task, resource_id=users["ana"])
    assert stage.ids(f"{negative} is_not ana") == []
    stage.create("Appointment", type="assignment", context_id=task, resource_id=users["bo"])
    for condition in ("is_not ana", "not_in (ana)", "not in (ana)", 'not_like "an%"'):
        assert stage.ids(f"{negative} {condition}") == [task], "Bo is one who is not Ana"
    assert stage.ids(f"Task where id is {task} and not assignments.resource.username is ana") == []


def test_null(stage: Stage) -> None:
    asset, version = stage.made.assets[0], stage.made.versions[0]
    stage.update("AssetVersion", version, task_id=None)
    mine = f"AssetVersion where asset_id is {asset} and"
    others = stage.made.versions[1:3]
    for missing in ("task is none", "task_id is None", "task_id = none", "not task has ()", "task.name is none"):
        assert stage.ids(f"{mine} {missing}") == [version], missing
    for present in (
        "task is_not none",
        "task_id != None",
        "task has ()",
        "not task_id is none",
        "task.name is_not none",
    ):
        assert stage.ids(f"{mine} {present}") == others, present
    assert stage.ids(f'{mine} task_id is "none"') == []
    assert stage.ids(f"{mine} task.bid < 1") == []
    assert stage.ids(f"{mine} task.bid > 1") == others
    assert stage.ask(f"select task.name from {mine} task is none")[0]["task"] is None


def test_not_over_groups(shared: Stage) -> None:
    every = shared.count("Task")
    layout = shared.count("Task where name is layout")
    assert shared.count("Task where not (name is layout or name is lighting)") == every - 2 * layout
    assert shared.count("Task where not (name is layout and parent.name is sh01010)") == every - 1
    assert shared.count("Task where not not name is layout") == layout
    assert shared.count("Task where not (not (name is layout) and not name is lighting)") == 2 * layout


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ('"lay%"', ["layout"]),
        ('"%out"', ["layout"]),
        ('"%ayo%"', ["layout"]),
        ('"layout"', ["layout"]),
        ('"LAYOUT"', ["layout"]),
        ('"l%t%"', ["layout", "lighting"]),
        (r'"lay\%"', []),
        ('"layo.t"', []),
        ('"ayo"', []),
    ],
)
def test_like(pattern: str, names: list[str], shared: Stage) -> None:
    assert sorted(set(shared.names(f"select name from Task where name like {pattern}"))) == names
    assert shared.count(f"Task where name not_like {pattern}") == shared.count(f"Task where not name like {pattern}")


@pytest.mark.parametrize(
    ("condition", "versions"),
    [
        ('date >= "2031-03-02T10:00:00"', [2, 3]),
        ('date > "2031-03-02T10:00:00"', [3]),
        ('date >= "2031-03-02T12:00:00+02:00"', [2, 3]),
        ('date < "2031-03-02T12:00:00+02:00"', [1]),
        ('date is "2031-03-02 10:00:00"', [2]),
        ('date is "2031-03-02T10:00:00Z"', [2]),
        ("date > 2031-03-02", [1, 2, 3]),
        ("date after 2031-03-03", []),
        ('date before "2031-03-02T09:00:01"', [1]),
        ('date like "2031-03-02%"', [1, 2, 3]),
        ("date > soon", []),
        ('version is "2"', [2]),
        ("version is 2.0", [2]),
        ("version in ('1', 3)", [1, 3]),
        ("version greater_than 1", [2, 3]),
        ("version less_than 2", [1]),
        ("version <= 2", [1, 2]),
        ("version is two", []),
        ('version like "%"', [1, 2, 3]),
        ("is_published is True", [1, 2, 3]),
        ("is_published is true", [1, 2, 3]),
        ("is_published = 1", [1, 2, 3]),
        ("is_published is false", []),
        ("is_latest_version is True", [3]),
        ("is_latest_version is False", [1, 2]),
    ],
)
def test_kinds_of_values(condition: str, versions: list[int], shared: Stage) -> None:
    expression = f"select version from AssetVersion where asset_id is {shared.made.assets[0]} and {condition}"
    assert [row["version"] for row in shared.ask(f"{expression} order by version")] == versions


def test_sub_selects(shared: Stage) -> None:
    inside = "select context_id from Appointment where resource.username is ana"
    direct = shared.ids("Task where assignments.resource.username is ana")
    assert shared.ids(f"Task where id in ({inside})") == direct
    assert shared.count(f"Task where id not_in ({inside})") == shared.count("Task") - len(direct)
    nested = f"select parent_id from Task where id in ({inside})"
    assert shared.ids(f"Shot where id in ({nested})") == shared.ids(
        "Shot where children.assignments.resource.username is ana"
    )
    assert shared.ids("Task where id in (select id from Task where name is nobody)") == []
    assert shared.count("Task where parent in (select parent from Task limit 1)") == 5


def test_order_by_several_keys_with_nulls(stage: Stage) -> None:
    shot = stage.made.shots[0]
    for name, sort in (("b", 1.0), ("a", 1.0), ("c", 2.0), ("d", None)):
        stage.create("Task", name=name, parent_id=shot, sort=sort, description="mine")
    mine = "select name from Task where description is mine order by"
    assert stage.names(f"{mine} sort, name") == ["d", "a", "b", "c"]
    assert stage.names(f"{mine} sort desc, name asc") == ["c", "a", "b", "d"]
    assert stage.names(f"{mine} sort ascending, name descending") == ["d", "b", "a", "c"]
    assert stage.names(f"{mine} name desc") == ["d", "c", "b", "a"]
    by_status = "select name from Status order by state.short desc, sort"
    assert stage.names(by_status)[0] == "Not started"


def test_order_by_values_of_several_kinds(shared: Stage) -> None:
    assert shared.count("ContextCustomAttributeValue order by value") > 0


def test_order_without_order_by_is_the_table_s(stage: Stage) -> None:
    project = stage.made.projects[0]
    before = (
        stage.ids("Task"),
        stage.ids(f"Task where project_id is {project}"),
        stage.ids(f"Task where id in ({','.join(stage.made.tasks)})"),
    )
    assert before[0] == before[2] == stage.made.tasks
    assert before[1] == [task for task in stage.made.tasks if task in before[1]]
    stage.update("Task", stage.made.tasks[0], name="renamed", description="again")
    assert stage.ids("Task") == before[0]
    assert stage.ids(f"Task where project_id is {project}") == before[1]
    children = stage.ask(f"select children from Shot where id is {stage.made.shots[0]}")[0]["children"]
    assert [child["id"] for child in children] == stage.made.tasks[:2]


@pytest.mark.parametrize(
    ("window", "length", "following"),
    [
        ("limit 2", 2, 2),
        ("offset 2 limit 2", 2, 4),
        ("limit 2 offset 58", 2, None),
        ("limit 2 offset 57", 2, 59),
        ("limit 60", 60, None),
        ("limit 61", 60, None),
        ("limit 0", 0, None),
        ("offset 58", 2, None),
        ("offset 60 limit 5", 0, None),
        ("offset 99", 0, None),
        ("", 60, None),
    ],
)
def test_windows(window: str, length: int, following: int | None, shared: Stage) -> None:
    entry = shared.run(query(f"Task {window}")).responses[0]
    assert (len(entry["data"]), entry["metadata"]["next"]["offset"]) == (length, following)


def test_pages_join_to_the_whole(shared: Stage) -> None:
    whole = shared.ids("Task order by name, id")
    pages = [shared.ids(f"Task order by name, id offset {n} limit 7") for n in range(0, 63, 7)]
    assert [identity for page in pages for identity in page] == whole


def test_groups(stage: Stage) -> None:
    shot = stage.made.shots[0]
    stage.create("Task", name="extra", parent_id=shot, bid=100.0)
    functions = "count(id), sum(bid), min(bid), max(bid), avg(bid)"
    rows = stage.ask(f"select {functions} from Task where parent_id is {shot} group by project_id")
    expected: dict[str, Any] = {
        "project_id": stage.made.projects[0], "count_id": 3, "sum_bid": 28_900.0, "min_bid": 100.0, "max_bid": 14_400.0,
        "avg_bid": 28_900.0 / 3,
    }  # fmt: skip
    assert rows == [expected]
    by_two = stage.ask("select count(id) from Task group by project_id, status.name")
    assert sum(row["count_id"] for row in by_two) == stage.count("Task")
    assert all(set(row) == {"project_id", "status.name", "count_id"} for row in by_two)
    assert len({(row["project_id"], row["status.name"]) for row in by_two}) == len(by_two)
    assert stage.ask("select count(id) from Task where name is nobody group by project_id") == []
    assert stage.ask("select count(id), max(bid) from Task where name is nobody") == [{"count_id": 0, "max_bid": None}]


def test_composite_keys(stage: Stage) -> None:
    task = stage.made.tasks[0]
    row = stage.ask(f"Metadata where parent_id is {task}")[0]
    assert (row["parent_id"], row["key"]) == (task, "origin")
    stage.update("Metadata", [task, "origin"], value="elsewhere")
    assert (
        stage.ask(f'select value from Metadata where (parent_id is "{task}"and key is "origin")')[0]["value"]
        == "elsewhere"
    )
    assert stage.ids("Task where metadata any (key=origin and value=elsewhere)") == [task]
    stage.delete("Metadata", [task, "origin"])
    assert stage.ids(f"Task where metadata.key is origin and id is {task}") == []
    assert (
        stage.refused(
            create("Metadata", parent_id=task, key="a", value=1), create("Metadata", parent_id=task, key="a")
        ).exception
        == "DuplicateEntryError"
    )


def test_ancestors_and_descendants(shared: Stage) -> None:
    project, sequence, shot = shared.made.projects[0], shared.made.sequences[0], shared.made.shots[0]
    assert shared.count(f"Task where ancestors any (id is {sequence})") == 20
    assert shared.count(f"TypedContext where ancestors.id in ({shot})") == 5
    assert shared.count(f"TypedContext where ancestors.id is {project}") == shared.count("TypedContext")
    assert shared.ids(f"Sequence where descendants any (id is {shared.made.tasks[0]})") == [sequence]
    row = shared.ask(f"select ancestors, descendants from Shot where id is {shot}")[0]
    assert [step["id"] for step in row["ancestors"]] == [project, sequence]
    assert [below["id"] for below in row["descendants"]] == shared.made.tasks[:5]
    found = shared.count(f"Component where version.asset.parent.ancestors.id in ({sequence})")
    assert found == shared.count("Component") / 3


def test_derived_values(stage: Stage) -> None:
    made = stage.made
    names = [
        (step["type"], step["name"])
        for step in stage.ask(f"select link from Task where id is {made.tasks[0]}")[0]["link"]
    ]
    assert names == [("Project", "proj0"), ("Sequence", "sq001"), ("Shot", "sh01010"), ("Task", "animation")]
    link = stage.ask(f"select link from AssetVersion where id is {made.versions[1]}")[0]["link"]
    assert [step["type"] for step in link] == ["Project", "Sequence", "Shot", "Asset", "AssetVersion"]
    assert link[-1]["name"] == "sh01010_0 - v2"
    asset = stage.ask(f"select latest_version from Asset where id is {made.assets[0]}")[0]
    assert asset["latest_version"]["id"] == made.versions[2]
    assert stage.ask(f"select time_logged from Task where id is {made.tasks[0]}")[0]["time_logged"] == 3600.0
    stage.create("Timelog", context_id=made.tasks[0], user_id=made.users["bo"], duration=60.0)
    logged = stage.ask(f"select time_logged, bid_time_logged_difference from Task where id is {made.tasks[0]}")[0]
    assert (logged["time_logged"], logged["bid_time_logged_difference"]) == (3660.0, 14_400.0 - 3660.0)


def test_casts(shared: Stage) -> None:
    shot = shared.made.shots[0]
    name = shared.names(f"select name from Shot where id is {shot}")[0]
    assert shared.count(f"Task where parent[Shot] has (name is {name})") == 5
    assert shared.count(f"Task where parent[Folder] has (name is {name})") == 0
    nested = "Task where parent[TypedContext] has (name is sh01010 and parent[Sequence] has (name is sq001))"
    assert shared.count(nested) == 5
    groups = "Task where assignments.resource[Group].memberships any (user.username is ana)"
    assert shared.count(groups) == 0
    assert shared.count("Group where memberships any (user.username is ana)") == 1

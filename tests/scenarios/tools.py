"""Panels and menus of real tools, asked entity by entity: functions from a session to what is shown."""

from __future__ import annotations

from typing import Any

from tests.ftrack_server.production import Production


def version_list(session: Any, made: Production) -> Any:
    """The browser's list of an asset's versions, newest first: populated, then users and numbers one by one."""
    asked = f'select id from AssetVersion where asset_id is "{made.assets[0]}" order by version desc'
    versions = list(session.query(asked))
    session.populate(versions, "date, comment")
    shown = []
    for version in versions:
        user = version["user"]
        who = (user["first_name"], user["last_name"], user["username"])
        shown.append((str(version["id"]), str(version["date"]), version["comment"], who, version["version"]))
    return shown


def component_panel(session: Any, version: str) -> Any:
    """The components of a version: where they are, what they are called there, and how large they are."""
    where = "component_locations.location.name, component_locations.location.label"
    components = list(
        session.query(f'select id, name, file_type, {where} from Component where version_id is "{version}"')
    )
    locations = sorted(found["name"] for found in session.query("select id, name, label from Location"))
    shown = []
    for component in components:
        known = session.get("Component", component["id"])
        places = component["component_locations"]
        session.populate([place["location"] for place in places], "name, label")
        identifiers = sorted(place["resource_identifier"] for place in places)
        shown.append((known["name"], component["file_type"], identifiers, component["size"]))
    return sorted(shown), locations


def component_panels(session: Any, made: Production) -> Any:
    """The panels of the first ten versions in an asset's list, one after the other."""
    versions = list(session.query(f'select id from AssetVersion where asset_id is "{made.assets[0]}" order by version'))
    return [component_panel(session, version["id"]) for version in versions[:10]]


def version_menu(session: Any, made: Production) -> Any:
    """A menu of an asset's versions and their components, by relations."""
    asset = session.get("Asset", made.assets[0])
    versions = list(asset["versions"])
    for version in versions:
        session.get("AssetVersion", version["id"])
    session.populate(versions, "components, components.name, components.id, components.file_type")
    shown = [(v["version"], sorted((c["name"], c["file_type"]) for c in v["components"])) for v in versions]
    return sorted(shown), asset["name"], asset["type"]["name"]


def preload(session: Any, made: Production) -> Any:
    """Every component of every version of an asset, got by its base type."""
    shown = []
    for version in list(session.query(f'select id from AssetVersion where asset_id is "{made.assets[0]}"')):
        for component in session.query(f'select id from Component where version_id is "{version["id"]}"'):
            known = session.get("Component", component["id"])
            shown.append((known["name"], known["size"]))
    return sorted(shown)


def asset_selector(session: Any, made: Production) -> Any:
    """From a task up to its project, then the assets beside it."""
    parent = session.get("Task", made.tasks[0])["parent"]
    assets = session.query(f'Asset where parent.id is "{parent["id"]}"')
    return parent["name"], parent["project"]["name"], sorted((asset["name"], asset["type"]["name"]) for asset in assets)


def transfer(session: Any, made: Production) -> Any:
    """Components go to another location: looked up twice each, and a write for each."""
    source, target = made.locations[-1], made.locations[0]
    listed = ", ".join(f'"{component}"' for component in made.components[:50])
    components = list(session.query(f"Component where id in ({listed})"))
    there = [len(session.query(_at(target, component["id"], "id")).all()) for component in components]
    moved = []
    for component in components:
        for _ in range(2):
            known = session.query(_at(source, component["id"], "resource_identifier")).first()
        values = {"component_id": component["id"], "location_id": target}
        session.create("ComponentLocation", {**values, "resource_identifier": known["resource_identifier"]})
        session.commit()
        moved.append((str(component["id"]), known["resource_identifier"]))
    return there, moved


def _at(location: str, component: str, shown: str) -> str:
    return f'select {shown} from ComponentLocation where location_id is "{location}" and component_id is "{component}"'

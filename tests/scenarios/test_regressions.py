"""Wrong answers that the oracle (tests/oracle) once found, each as a short story."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import until
from tests.scenarios.studio import Person, Studio, open_studio, warm

pytestmark = pytest.mark.required("G2.5")


def _blind(studio: Studio) -> Person:
    """Somebody who does not see the second project."""
    studio.server.engine.set_project_access("bo", [studio.server.production.projects[1]])
    bo = studio.person("bo")
    bo.ask("Project")
    until(lambda: all(feed.position()[1] for feed in studio.proxy.parts.coverage.feeds), "bo's feed")
    return bo


def test_a_row_comes_out_of_a_hidden_project(tmp_path: Path) -> None:
    """No criterion looks at where a row hangs, but who may not see all projects sees it come."""
    with open_studio(tmp_path, projects=2) as studio:
        everything = "select id from Timelog"
        bo = _blind(studio)
        hidden = studio.server.query(f'Timelog where context.project_id is "{studio.server.production.projects[1]}"')
        known = warm(bo, everything).rows
        before = studio.changes
        studio.server.update("Timelog", hidden[0]["id"], context_id=studio.task)
        studio.wait_for_change(before)
        assert len(bo.ask(everything).rows) == len(known) + 1


def test_what_hangs_on_it_comes_along(tmp_path: Path) -> None:
    """A version goes to an asset of another project: so do its notes, of which nobody tells."""
    with open_studio(tmp_path, projects=2) as studio:
        production, everything = studio.server.production, "select content from Note"
        bo = _blind(studio)
        inner = production.versions[-1]
        studio.server.create("Note", content="dark", parent_id=inner, parent_type="AssetVersion")
        known = warm(bo, everything).rows
        before = studio.changes
        studio.server.update("AssetVersion", inner, asset_id=production.assets[0])
        studio.wait_for_change(before)
        assert len(bo.ask(everything).rows) == len(known) + 1


def test_a_list_gets_another_name(tmp_path: Path) -> None:
    """A list stands in its project, which says nothing of the rows that are in it."""
    with open_studio(tmp_path) as studio:
        ana = studio.person()
        found = studio.server.query("select name, items from TypedContextList")[0]
        item = found["items"][0]["id"]
        named = f'select name from TypedContext where lists any (name is "{found["name"]}") and id in ("{item}", "x")'
        assert len(warm(ana, named).rows) == 1
        before = studio.changes
        studio.server.update("TypedContextList", found["id"], name="another")
        studio.wait_for_change(before)
        assert ana.ask(named).rows == []

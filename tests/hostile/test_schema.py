"""ftrack hangs, or fails, when it is asked for its schema: nobody waits for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import until
from tests.scenarios.studio import open_studio, warm

pytestmark = pytest.mark.required("S4")


def test_queries_pass_through_while_the_schema_hangs(tmp_path: Path) -> None:
    """They are answered although it has not come; as soon as it has, answers are kept."""
    with open_studio(tmp_path, listens_as=None) as studio:
        held = studio.server.hold(action="query_schemas")
        ana = studio.person()
        for _ in range(5):
            assert ana.ask(studio.name_of_task).cache_status == "ftrack-proxy; fwd=bypass"
        held.wait_reached()
        asked = [request for request in studio.server.requests_log if b"query_schemas" in request.body]
        assert len(asked) <= 1
        held.release()
        warm(ana, studio.name_of_task)


def test_a_schema_that_cannot_be_had_costs_no_answer(tmp_path: Path) -> None:
    with open_studio(tmp_path, listens_as=None) as studio:
        ana = studio.person()
        studio.server.fail_next(status=500, body=b"<html>", action="query_schemas", count=1_000)
        for _ in range(20):
            assert ana.ask(studio.name_of_task).rows
        until(lambda: studio.server.requests_log, "requests")
        asked = [request for request in studio.server.requests_log if b"query_schemas" in request.body]
        assert 1 <= len(asked) < 10


def test_after_a_restart_the_schema_that_was_kept_will_do(tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        warm(studio.person(), studio.name_of_task)
        until(lambda: (tmp_path / "state" / "schema.json").exists(), "the schema to be written down")
        studio.server.hold(action="query_schemas")
        studio.restart_proxy()
        ana = studio.person()
        first = ana.ask("select name from Type")
        assert first.cache_status == "ftrack-proxy; fwd=miss; stored"
        assert ana.ask("select name from Type").is_hit


def test_what_was_kept_of_another_server_is_not_gone_by(tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        warm(studio.person(), studio.name_of_task)
        until(lambda: (tmp_path / "state" / "schema.json").exists(), "the schema to be written down")
    with open_studio(tmp_path, listens_as=None) as studio:
        assert studio.proxy.inside(lambda: studio.proxy.parts.schema.catalogue) is None


def test_a_schema_that_changed_while_we_were_away_is_learned(tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        warm(studio.person(), studio.name_of_task)
        kept = tmp_path / "state" / "schema.json"
        until(kept.exists, "the schema to be written down")
        text = kept.read_text()
        studio.proxy.stop()
        kept.write_text(text.replace('"Status"', '"Standing"'))
        studio.proxy = type(studio.proxy)(studio.proxy.settings, studio.proxy.environment).start()
        schema = studio.proxy.parts.schema
        studio.person().ask(studio.name_of_task)
        until(lambda: studio.proxy.inside(lambda: schema.is_confirmed), "the schema to be confirmed")
        types = studio.proxy.inside(lambda: schema.catalogue.types)
        assert "Status" in types
        assert "Standing" not in types
        assert studio.changes > 0
        until(lambda: kept.read_text() == text, "it to be written down again")

"""Component bytes: uploads and downloads by the real client and by hand."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import requests

from tests.ftrack_server import FtrackServer
from tests.test_ftrack_server.conftest import OpenSession


@pytest.fixture
def stored(server: FtrackServer) -> str:
    """The id of a component whose bytes are `0123456789`."""
    component_id = str(uuid.uuid4())
    response = requests.put(server.engine.upload_url(component_id), data=b"0123456789", timeout=10)
    response.raise_for_status()
    return component_id


def fetch(
    server: FtrackServer, component_id: str, name: str = "get", *, user: str = "ana", **headers: str
) -> requests.Response:
    username, api_key = server.credentials(user)
    query = {"id": component_id, "username": username, "apiKey": api_key}
    return requests.get(f"{server.url}/component/{name}", params=query, headers=headers, timeout=10)


def test_the_client_uploads_and_downloads(server: FtrackServer, open_session: OpenSession, tmp_path: Path) -> None:
    source = tmp_path / "plate.bin"
    source.write_bytes(b"pixels" * 1000)
    session = open_session()
    location = session.query('Location where name is "ftrack.server"').one()
    component = session.create_component(str(source), {"name": "plate"}, location=location)
    assert server.component_bytes(component["id"]) == source.read_bytes()
    assert fetch(server, component["id"]).content == source.read_bytes()
    assert requests.get(location.get_url(component), timeout=10).content == source.read_bytes()
    location.remove_component(component)
    assert server.counters.component_removes == 1
    assert fetch(server, component["id"]).status_code == 404


def test_ranges_and_tags(server: FtrackServer, stored: str) -> None:
    whole = fetch(server, stored)
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    for wanted, content in (("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-3", b"789"), ("bytes=8-99", b"89")):
        part = fetch(server, stored, Range=wanted)
        assert (part.status_code, part.content) == (206, content)
    assert fetch(server, stored, Range="bytes=2-4").headers["Content-Range"] == "bytes 2-4/10"
    assert fetch(server, stored, Range="bytes=10-").status_code == 416
    assert fetch(server, stored, Range="bytes=2-4", **{"If-Range": '"old"'}).status_code == 200
    assert fetch(server, stored, **{"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_bytes_can_change_under_one_id(server: FtrackServer, stored: str) -> None:
    before, picture = fetch(server, stored), fetch(server, stored, "thumbnail")
    server.put_component(stored, b"other")
    after = fetch(server, stored)
    assert after.content == b"other"
    assert after.headers["ETag"] != before.headers["ETag"]
    assert fetch(server, stored, "thumbnail").content != picture.content


def test_a_redirect_to_the_file_server(server: FtrackServer, stored: str) -> None:
    server.redirect_components(True)
    response = fetch(server, stored)
    assert [entry.status_code for entry in response.history] == [302]
    assert response.content == b"0123456789"
    assert requests.get(f"{server.url}/files/component/{stored}", timeout=10).status_code == 403


def test_credentials_come_from_the_query_only(server: FtrackServer, stored: str, headers: dict[str, str]) -> None:
    url = f"{server.url}/component/get?id={stored}"
    assert requests.get(url, headers=headers, timeout=10).status_code == 401


def test_removal_is_a_write_by_get(server: FtrackServer, stored: str) -> None:
    assert fetch(server, stored, "remove").status_code == 200
    assert fetch(server, stored).status_code == 404
    assert fetch(server, stored, "remove").status_code == 404


def test_parts_are_joined_when_complete(server: FtrackServer, headers: dict[str, str]) -> None:
    component_id = str(uuid.uuid4())
    wanted = {
        "action": "get_upload_metadata",
        "component_id": component_id,
        "file_name": "a.bin",
        "file_size": 6,
        "parts": 2,
    }
    answer = requests.post(server.url + "/api", json=[wanted], headers=headers, timeout=10).json()[0]
    done = []
    for entry, data in zip(answer["urls"], (b"abc", b"def"), strict=True):
        tag = requests.put(entry["signed_url"], data=data, timeout=10).headers["ETag"]
        done.append({"part_number": entry["part_number"], "e_tag": tag})
    complete = {
        "action": "complete_multipart_upload",
        "upload_id": answer["upload_id"],
        "component_id": component_id,
        "parts": done,
    }
    assert requests.post(server.url + "/api", json=[complete], headers=headers, timeout=10).json()[0]
    assert server.component_bytes(component_id) == b"abcdef"


def test_the_productions_components(server: FtrackServer) -> None:
    component_id = server.production.components[0]
    assert fetch(server, component_id).status_code == 404, "its bytes are in the studio's location"
    assert fetch(server, component_id, "thumbnail").content.startswith(b"\x89PNG")
    server.put_component(component_id, b"bytes")
    assert fetch(server, component_id).content == b"bytes"
    server.engine.set_project_access("bo", server.production.projects)
    assert fetch(server, component_id, user="bo").status_code == 403
    assert fetch(server, "no-such-component").status_code == 404

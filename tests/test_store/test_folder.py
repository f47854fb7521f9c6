"""Folders: made private, or taken over if empty or ours; of others nothing is touched. One process holds one."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftrack_proxy.store.claim import (
    MARKER,
    FolderUnusable,
    FolderUnwritable,
    claim,
    file_system_of,
    warnings_of,
)
from ftrack_proxy.store.folder import CacheFolder, FolderInUse
from ftrack_proxy.store.state_file import StateFolder, write_state


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def opened(path: Path) -> CacheFolder:
    folder = CacheFolder(path)
    folder.hold()
    return folder


@pytest.fixture
def wide_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


# -- ours or not


@pytest.mark.usefixtures("wide_umask")
def test_what_is_made_is_private_with_its_parents(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    path = tmp_path / "there" / "a" / "b" / "c"
    claim(path)
    assert [mode_of(folder) for folder in (path, path.parent, path.parent.parent)] == [0o700] * 3
    assert mode_of(tmp_path / "there") == 0o755
    assert mode_of(path / MARKER) == 0o600
    claim(path)


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o777, 0o2770])
@pytest.mark.parametrize("inside", [(), ("lost+found",), (".DS_Store", ".nfs0001")])
def test_an_empty_folder_is_taken_as_it_is(mode: int, inside: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.mkdir()
    path.chmod(mode)
    for name in inside:
        (path / name).touch()
    claim(path)
    assert mode_of(path) == mode
    assert bool(warnings_of(path)) is bool(mode & 0o022)
    # From then on it is ours, whatever comes into it.
    (path / "anything").touch()
    claim(path)
    assert mode_of(path) == mode


def test_a_folder_of_somebody_elses_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "thesis"
    path.mkdir()
    path.chmod(0o755)
    for name in ("chapter 1", "chapter 2", "chapter 3", "chapter\n4"):
        (path / name).write_text("years of work")
    with pytest.raises(
        FolderUnusable, match=r"thesis has something else in it \(chapter\\n4, chapter 1, chapter 2 and 1 more\)"
    ):
        claim(path)
    assert mode_of(path) == 0o755
    assert len(list(path.iterdir())) == 4
    with pytest.raises(FolderUnusable):
        opened(path)
    assert len(list(path.iterdir())) == 4


def test_a_folder_of_a_version_without_marker_is_ours(tmp_path: Path) -> None:
    for name in ("salt", "lock", "coverage.json"):
        (tmp_path / name).touch()
    for name in ("results", "results.set-aside-123"):
        (tmp_path / name).mkdir()
    claim(tmp_path)


def test_places_that_everybody_uses_are_refused_even_if_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "ana"
    home.mkdir(parents=True)
    home.chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    scratch.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    link = tmp_path / "link"
    link.symlink_to(scratch)
    for path in (Path("/"), home, home.parent, scratch, link, scratch / ".." / "scratch", Path("/tmp")):
        before = mode_of(path)
        with pytest.raises(FolderUnusable, match=r"for example .*ftrack-proxy"):
            claim(path)
        assert mode_of(path) == before
    assert list(home.iterdir()) == list(scratch.iterdir()) == []
    claim(scratch / "ftrack-proxy")
    assert mode_of(scratch / "ftrack-proxy") == 0o700


def test_links_are_followed_to_what_they_name(tmp_path: Path) -> None:
    target, full = tmp_path / "target", tmp_path / "full"
    target.mkdir()
    full.mkdir()
    (full / "thesis").touch()
    for name, place in (("good", target), ("bad", full), ("nowhere", tmp_path / "missing")):
        (tmp_path / name).symlink_to(place)
    claim(tmp_path / "good")
    assert (target / MARKER).exists()
    with pytest.raises(FolderUnusable):
        claim(tmp_path / "bad")
    claim(tmp_path / "nowhere")
    assert mode_of(tmp_path / "missing") == 0o700
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(FolderUnusable):
        claim(tmp_path / "round")


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "below", tmp_path / ("x" * 300), tmp_path / "nul\0"):
        with pytest.raises(FolderUnusable):
            claim(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give folders away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "of_another"
    path.mkdir()
    path.chmod(0o777)
    os.chown(path, 4711, 4711)
    for folder in (tmp_path, *tmp_path.parents):
        # Up to the system's own, that user has to come to it.
        if folder.owner() == path.parent.owner() and folder.name.startswith(("pytest-", "popen-", tmp_path.name)):
            folder.chmod(0o755)
    script = (
        "import os, sys, pathlib; from ftrack_proxy.store.claim import claim; os.setuid(4712)\n"
        f"claim(pathlib.Path({str(path)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "belongs to another user" in done.stderr


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO])
def test_a_disk_that_cannot_be_written_is_no_wrong_folder(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", fail)
        with pytest.raises(FolderUnwritable, match=os.strerror(number)):
            claim(tmp_path / "new")
    claim(tmp_path / "there")
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", fail)
        with pytest.raises(FolderUnwritable, match=os.strerror(number)):
            claim(tmp_path / "there")


def test_the_kind_of_file_system_is_found(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 8:1 / / rw - ext4 /dev/vda rw\n"
        "2 1 0:5 / /home rw,relatime shared:1 - nfs4 server:/home rw\n"
        "3 1 0:6 / /mnt/a\\040b rw - cifs //server/x rw\n"
        "4 1 0:6 / /mnt/a\\040b rw - tmpfs none rw\n"
        "nonsense\n"
    )
    for path, kind in (("/home/ana", "nfs4"), ("/homes", "ext4"), ("/mnt/a b/c", "tmpfs"), ("/", "ext4")):
        assert file_system_of(Path(path), table) == kind
    assert file_system_of(tmp_path, tmp_path / "missing") is None


# -- the cache folder


def test_the_salt_stays(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    folder = opened(path)
    assert (mode_of(path), mode_of(path / "salt")) == (0o700, 0o600)
    assert len(folder.salt) == 32
    folder.close()
    again = opened(path)
    assert again.salt == folder.salt
    again.close()
    (path / "salt").write_bytes(b"short")
    other = opened(path)
    assert len(other.salt) == 32
    assert other.salt != folder.salt
    other.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    folder = opened(tmp_path / "cache")
    script = (
        "from pathlib import Path; from ftrack_proxy.store.folder import CacheFolder\n"
        f"CacheFolder(Path({str(folder.path)!r})).hold()"
    )
    refused = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "FolderInUse" in refused.stderr
    with pytest.raises(FolderInUse):
        opened(folder.path)
    folder.hold()
    folder.close()
    opened(folder.path).close()


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    script = (
        "import sys, time; from pathlib import Path; from ftrack_proxy.store.folder import CacheFolder\n"
        f"folder = CacheFolder(Path({str(path)!r})); folder.hold(); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(FolderInUse):
            opened(path)
        holder.send_signal(signal.SIGKILL)
    opened(path).close()


def test_a_deleted_folder_is_made_and_locked_again(tmp_path: Path) -> None:
    folder = opened(tmp_path / "cache")
    salt = folder.salt
    shutil.rmtree(folder.path)
    folder.hold()
    assert mode_of(folder.path) == 0o700
    assert (folder.path / "salt").read_bytes() == folder.salt == salt
    with pytest.raises(FolderInUse):
        opened(folder.path)
    # Where another took the place meanwhile, it is left to that one.
    shutil.rmtree(folder.path)
    other = opened(folder.path)
    with pytest.raises(FolderInUse):
        folder.hold()
    other.close()
    folder.hold()
    folder.close()


# -- the state folder


def test_documents_are_replaced_as_a_whole(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    assert state.read("a.json") is None
    state.write("a.json", {"b": 1})
    state.write("a.json", {"b": 2})
    assert state.read("a.json") == {"b": 2}
    assert mode_of(tmp_path / "state" / "a.json") == 0o600
    assert {path.name for path in (tmp_path / "state").iterdir()} == {MARKER, "a.json"}
    shutil.rmtree(tmp_path / "state")
    state.write("a.json", {"b": 3})
    assert (mode_of(tmp_path / "state"), state.trouble) == (0o700, None)


def test_a_state_that_cannot_be_written_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "thesis").touch()
    state = StateFolder(tmp_path)
    assert "something else in it" in str(state.trouble)
    for _ in range(3):
        with pytest.raises(OSError, match="something else in it"):
            state.write("a.json", {})
    assert len(caplog.records) == 1
    (tmp_path / "thesis").unlink()
    state.write("a.json", {})
    assert state.trouble is None


def test_half_a_document_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_state(tmp_path / "a.json", {})
    assert {path.name for path in tmp_path.iterdir()} == {MARKER}

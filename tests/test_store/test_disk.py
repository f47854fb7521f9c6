"""The disk tier: bytes only, bounded, private, and never in the way, whatever has happened to the folder."""

from __future__ import annotations

import os
import pickle
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import diskcache
import pytest

from ftrack_proxy.freshness.result import Result, Start
from ftrack_proxy.store.disk import DiskTier
from ftrack_proxy.store.folder import FolderInUse, FolderUnusable, open_folder
from ftrack_proxy.store.memory import MemoryTier
from ftrack_proxy.store.record import DamagedRecord, decode_record, encode_record
from ftrack_proxy.store.results import ResultStore

KEY = b"k" * 20


def result(body: bytes = b'{"data": []}', **changes: Any) -> Result:
    values: dict[str, Any] = {
        "body": body,
        "http_status": 200,
        "content_type": "application/json",
        "families": frozenset({"Context"}),
        "began": Start(5, 77, True, 12.5),
        "max_age": 60.0,
        "evented": True,
        "durable": True,
        "good_through": 6,
    }
    return Result(**{**values, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results"


def in_thread(tier: DiskTier, function: Any, *arguments: Any) -> Any:
    return tier.thread.submit(function, *arguments).result()


def read(tier: DiskTier, key: bytes = KEY) -> bytes | None:
    found: bytes | None = in_thread(tier, tier.read, key)
    return found


def flush(tier: DiskTier) -> None:
    in_thread(tier, lambda: None)


def database(folder: Path) -> Any:
    return closing(sqlite3.connect(folder / "cache.db"))


class Intruder:
    """Would leave a file behind if somebody unpickled it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (str(self.path), "w"))


def test_what_is_written_is_there_after_a_restart(folder: Path) -> None:
    tier = DiskTier(folder, 2**24)
    tier.submit(KEY, b"small")
    tier.submit(b"l" * 20, b"x" * 100_000)
    tier.close()
    tier = DiskTier(folder, 2**24)
    assert read(tier) == b"small"
    assert read(tier, b"l" * 20) == b"x" * 100_000
    assert read(tier, b"other") is None
    assert in_thread(tier, tier.measure)[0] == 2
    tier.close()


@pytest.mark.parametrize("where", ["value", "key"])
def test_a_planted_pickle_is_refused_and_never_unpickled(folder: Path, where: str, tmp_path: Path) -> None:
    tier = DiskTier(folder, 2**24)
    tier.submit(KEY, b"good")
    tier.close()
    evidence = tmp_path / "evidence"
    planted = pickle.dumps(Intruder(evidence))
    with database(folder) as connection:
        if where == "value":
            connection.execute("UPDATE Cache SET mode = 4, value = ?", (planted,))
        else:
            connection.execute("UPDATE Cache SET raw = 0, key = ?", (planted,))
        connection.commit()
    tier = DiskTier(folder, 2**24)
    assert read(tier) is None
    assert not evidence.exists()
    tier.submit(KEY, b"new")
    flush(tier)
    assert read(tier) == b"new"
    tier.close()


@pytest.mark.parametrize("mode", [3, 9])
def test_other_values_than_bytes_are_refused(folder: Path, mode: int) -> None:
    tier = DiskTier(folder, 2**24)
    tier.submit(KEY, b"good")
    tier.close()
    with database(folder) as connection:
        connection.execute("UPDATE Cache SET mode = ?, value = 'text'", (mode,))
        connection.commit()
    tier = DiskTier(folder, 2**24)
    assert read(tier) is None
    tier.close()


@pytest.mark.parametrize("damage", [b"garbage" * 1000, b""], ids=["garbage", "empty"])
def test_a_damaged_store_is_set_aside(folder: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    tier = DiskTier(folder, 2**24)
    tier.submit(KEY, b"good")
    tier.close()
    for file in folder.glob("cache.db*"):
        file.write_bytes(damage)
    tier = DiskTier(folder, 2**24)
    assert read(tier) is None
    tier.submit(KEY, b"new")
    flush(tier)
    assert read(tier) == b"new"
    tier.close()
    if damage:
        assert "set aside" in caplog.text
        assert list(folder.parent.glob("results.set-aside-*"))


def test_a_foreign_store_is_set_aside(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with diskcache.Cache(str(folder)) as foreign:
        foreign["somebody"] = {"else": 1}
    tier = DiskTier(folder, 2**24)
    assert in_thread(tier, tier.measure)[0] == 0
    tier.close()
    assert "set aside" in caplog.text
    aside = next(folder.parent.glob("results.set-aside-*"))
    with diskcache.Cache(str(aside)) as foreign:
        assert foreign["somebody"] == {"else": 1}


def test_a_file_in_its_place_is_set_aside(folder: Path) -> None:
    folder.write_text("what is this?")
    tier = DiskTier(folder, 2**24)
    assert read(tier) is None
    tier.close()


def test_damage_while_running_is_set_aside(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    tier = DiskTier(folder, 2**24)
    tier.submit(KEY, b"good")
    flush(tier)
    with database(folder) as connection:
        connection.execute("DROP TABLE Cache")
        connection.commit()
    assert read(tier) is None
    tier.submit(KEY, b"new")
    flush(tier)
    tier.submit(KEY, b"newer")
    flush(tier)
    assert read(tier) in (b"new", b"newer")
    tier.close()


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), sqlite3.OperationalError("disk is full")])
def test_a_full_disk_is_said_and_gets_over(folder: Path, problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    tier = DiskTier(folder, 2**24)
    with monkeypatch.context() as patch:
        patch.setattr(tier._cache, "set", lambda *_: (_ for _ in ()).throw(problem))
        tier.submit(KEY, b"lost")
        flush(tier)
        assert tier.trouble is not None
    tier.submit(KEY, b"kept")
    flush(tier)
    assert tier.trouble is None
    assert read(tier) == b"kept"
    tier.close()


def test_its_size_is_bounded(folder: Path) -> None:
    tier = DiskTier(folder, 2**20)
    for number in range(200):
        tier.submit(str(number).encode(), os.urandom(50_000))
    flush(tier)
    assert in_thread(tier, tier.measure)[1] < 3 * 2**20
    tier.close()


def test_a_record_reads_back_as_it_was() -> None:
    for families in (None, frozenset[str](), frozenset({"A", "B"})):
        kept = result(b'[\n"\x00"]', families=families, complete=True, fresh_until=99.0)
        assert decode_record(encode_record(kept)) == kept
    assert decode_record(encode_record(result())).fresh_until == float("inf")


def test_damaged_records_are_refused() -> None:
    record = encode_record(result())
    for damaged in (b"", b"\n", b"{}\nbody", record[:-1], record[:-1] + b"!", b"[1]\nx", record.replace(b"77", b'"x"')):
        with pytest.raises(DamagedRecord):
            decode_record(damaged)


async def test_a_flipped_byte_is_a_miss(folder: Path) -> None:
    tier = DiskTier(folder, 2**24)
    store = ResultStore(MemoryTier(2**20), tier)
    record = bytearray(encode_record(result()))
    record[-3] ^= 1
    tier.submit(KEY, bytes(record))
    store.flush()
    assert await store.load(KEY) is None
    assert tier.refused == 1
    assert (await store.measure())[0] == 0
    tier.close()


async def test_memory_comes_first_and_an_older_fetch_never_replaces_a_newer(folder: Path) -> None:
    tier = DiskTier(folder, 2**24)
    store = ResultStore(MemoryTier(2**20), tier)
    newer = result(b"newer", began=Start(9, 77, True, 1.0))
    assert store.put(KEY, newer)
    assert not store.put(KEY, result(b"older"))
    assert store.get(KEY) is newer
    secret = result(b"secret", durable=False)
    store.put(b"s" * 20, secret)
    store.flush()
    fresh = ResultStore(MemoryTier(2**20), tier)
    assert (await fresh.load(KEY)) == newer
    assert await fresh.load(b"s" * 20) is None
    tier.close()


def test_memory_gives_up_what_was_not_used() -> None:
    memory = MemoryTier(3_000)
    for name in (b"a", b"b", b"c"):
        memory.put(name, result(b"x" * 500))
    assert memory.get(b"a") is not None
    memory.put(b"d", result(b"x" * 500))
    assert memory.get(b"b") is None
    assert memory.get(b"a") is not None
    memory.put(b"e", result(b"x" * 10_000))
    assert memory.get(b"e") is None
    assert memory.size <= 3_000
    memory.drop(b"a")
    assert len(memory) == 2


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    folder = open_folder(tmp_path / "cache")
    yield folder
    folder.close()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_private(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    path.mkdir(mode=0o755)
    folder = open_folder(path)
    assert mode_of(path) == 0o700
    assert mode_of(path / "salt") == 0o600
    assert len(folder.salt) == 32
    folder.close()
    again = open_folder(path)
    assert again.salt == folder.salt
    again.close()
    (path / "salt").write_bytes(b"short")
    other = open_folder(path)
    assert len(other.salt) == 32
    assert other.salt != folder.salt
    other.close()


def test_one_process_at_a_time(opened: Any) -> None:
    script = (
        "from pathlib import Path; from ftrack_proxy.store.folder import open_folder\n"
        f"open_folder(Path({str(opened.path)!r}))"
    )
    refused = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "FolderInUse" in refused.stderr


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    script = (
        "import sys, time; from pathlib import Path; from ftrack_proxy.store.folder import open_folder\n"
        f"folder = open_folder(Path({str(path)!r})); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(FolderInUse):
            open_folder(path)
        holder.send_signal(signal.SIGKILL)
    open_folder(path).close()


def test_unusable_folders_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "below", Path("/"), Path.home(), Path("/proc/no/such")):
        with pytest.raises(FolderUnusable, match="--cache-dir"):
            open_folder(path)

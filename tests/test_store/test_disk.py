"""The disk tier: bytes only, bounded, private, and never blocking, whatever happens to its folder."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import diskcache
import pytest

from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.store.disk import FORMAT, DiskTier
from ftrack_proxy.store.record import DamagedRecord, decode_record, encode_record
from ftrack_proxy.store.results import ResultStore
from tests.harness import PATIENCE, until
from tests.test_judging.cases import moment

KEY = b"k" * 20


def result(body: bytes = b'{"data": []}', **changes: Any) -> Result:
    values: dict[str, Any] = {
        "body": body,
        "http_status": 200,
        "content_type": "application/json",
        "families": frozenset({"Context"}),
        "validity": Validity(moment(5, 12.5, epoch=77), 6),
        "terms": Terms(max_age=60.0, event_invalidated=True, durable=True),
        "durable": True,
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
    in_thread(tier, lambda: database_of(tier)._sql("DROP TABLE Cache"))
    assert read(tier) is None
    assert "set aside" in caplog.text
    tier.submit(KEY, b"new")
    assert read(tier) == b"new"
    tier.close()


def database_of(tier: DiskTier) -> Any:
    assert tier._cache is not None
    return tier._cache


def test_one_store_at_most_is_kept_aside_and_no_large_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        folder.mkdir()
        (folder / "cache.db").write_text(f"damage {number}")
        DiskTier(folder, 2**24).close()
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    until(lambda: len(asides(folder)) == 1, "older ones to go")
    assert (asides(folder)[0] / "cache.db").read_text() == "damage 3"
    monkeypatch.setattr("ftrack_proxy.store.set_aside._LIMIT", 100)
    folder.mkdir()
    (folder / "below").mkdir()
    (folder / "below" / "much").write_bytes(bytes(101))
    DiskTier(folder, 2**24).close()
    until(lambda: not asides(folder), "the large one to go")


def asides(folder: Path) -> list[Path]:
    return list(folder.parent.glob("results.set-aside-*"))


# What a process does whose store is shortened, file by file, while it is read and written. A mapped file would end it.
SHORTENED = """
import os, sys, pathlib
from ftrack_proxy.store.disk import DiskTier
folder = pathlib.Path(sys.argv[1])
tier = DiskTier(folder, 2**26)
def done(): tier.thread.submit(lambda: None).result()
for size in (0, 4096, 5000):
    for number in range(3000):
        tier.submit(b"%020d" % number, os.urandom(200))
        if number % 1000 == 0: done()
    done()
    for file in folder.glob("cache.db*"):
        os.truncate(file, min(size, file.stat().st_size))
        for number in range(3000):
            tier.thread.submit(tier.read, b"%020d" % number).result()
        tier.submit(b"x" * 20, b"new")
        done()
tier.submit(b"x" * 20, b"newer")
assert tier.thread.submit(tier.read, b"x" * 20).result() == b"newer"
print("mapped:", [line for line in open("/proc/self/maps") if str(folder) in line])
tier.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_shortened_store_does_not_end_the_process(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHORTENED, str(folder)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "mapped: []\n"


def test_a_store_of_an_earlier_version_is_not_mapped_either(folder: Path) -> None:
    folder.mkdir()
    (folder / "format").write_text(f"ftrack-proxy results, format {FORMAT}\n")
    with diskcache.Cache(str(folder)) as earlier:
        earlier[KEY] = b"kept"
    tier = DiskTier(folder, 2**24)
    assert read(tier) == b"kept"
    for pragma, value in (("mmap_size", 0), ("locking_mode", "exclusive"), ("journal_mode", "wal")):
        said = in_thread(tier, lambda p=pragma: database_of(tier)._sql(f"PRAGMA {p}").fetchall())
        assert said == [(value,)]
    assert not (folder / "cache.db-shm").exists()
    tier.close()


def test_a_store_deleted_while_in_use_is_begun_anew(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    tier = DiskTier(folder, 2**24)
    tier.submit(KEY, b"good")
    flush(tier)
    shutil.rmtree(folder)
    assert read(tier) is None
    assert "was deleted while in use" in caplog.text
    tier.submit(KEY, b"new")
    assert read(tier) == b"new"
    assert in_thread(tier, tier.measure)[0] == 1
    tier.close()
    tier = DiskTier(folder, 2**24)
    assert read(tier) == b"new"
    tier.close()


class Unwritable:
    """The folder around the store: cannot be had for a while."""

    def __init__(self) -> None:
        self.problem: OSError | None = OSError(errno.ENOSPC, "No space left on device")
        self.now = 0.0
        self.asked = 0

    def hold(self) -> None:
        self.asked += 1
        if self.problem is not None:
            raise self.problem

    def clock(self) -> float:
        return self.now


def test_without_a_folder_there_is_no_store_until_there_is_one(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    around = Unwritable()
    tier = DiskTier(folder, 2**24, hold=around.hold, clock=around.clock)
    for _ in range(100):
        tier.submit(KEY, b"lost")
    assert read(tier) is None
    assert in_thread(tier, tier.measure) == (0, 0)
    assert tier.trouble is not None
    assert "No space left on device" in tier.trouble
    assert (around.asked, len(caplog.records)) == (1, 1)
    around.now += 60
    assert read(tier) is None
    assert (around.asked, len(caplog.records)) == (2, 2)
    around.now += 60
    around.problem = None
    tier.submit(KEY, b"kept")
    assert read(tier) == b"kept"
    assert tier.trouble is None
    tier.close()


def test_a_full_disk_at_the_start_sets_nothing_aside(folder: Path) -> None:
    tier = DiskTier(folder, 2**24)
    tier.submit(KEY, b"good")
    tier.close()
    # No process writes a byte beyond a limit of its own: nearer to a full disk than any pretence of ours.
    script = (
        "import resource, sys, pathlib; from ftrack_proxy.store.disk import DiskTier\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "tier = DiskTier(pathlib.Path(sys.argv[1]), 2**24); tier.submit(b'n' * 20, b'new'); tier.close()\n"
        "print(tier.trouble)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert "kept in memory only" in done.stdout, done.stderr
    assert "Traceback" not in done.stderr
    assert asides(folder) == []
    tier = DiskTier(folder, 2**24)
    assert read(tier) == b"good"
    tier.close()


def _full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


@pytest.mark.parametrize("problem", [OSError(errno.ENOSPC, "No space left on device"), _full()])
def test_a_full_disk_is_said_and_gets_over(folder: Path, problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    tier = DiskTier(folder, 2**24)
    with monkeypatch.context() as patch:
        patch.setattr(database_of(tier), "set", lambda *_: (_ for _ in ()).throw(problem))
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
        kept = result(
            b'[\n"\x00"]', families=families, complete=True, validity=Validity(moment(5, 12.5, epoch=77), 6, 99.0)
        )
        assert decode_record(encode_record(kept)) == kept
    assert decode_record(encode_record(result())).validity.fresh_until == float("inf")


def test_damaged_records_are_refused() -> None:
    record = encode_record(result())
    for damaged in (
        b"",
        b"\n",
        b"{}\nbody",
        record[:-1],
        record[:-1] + b"!",
        b"[1]\nx",
        record.replace(b",77,", b',"x",'),
        record.replace(b"began", b"begun"),
    ):
        with pytest.raises(DamagedRecord):
            decode_record(damaged)


async def test_a_flipped_byte_is_a_miss(folder: Path) -> None:
    tier = DiskTier(folder, 2**24)
    store = ResultStore(2**20, tier)
    record = bytearray(encode_record(result()))
    record[-3] ^= 1
    tier.submit(KEY, bytes(record))
    store.flush()
    assert await store.peek(KEY) is None
    assert tier.refused == 1
    assert (await store.measure())[0] == 0
    tier.close()


async def test_memory_comes_first_and_an_older_fetch_never_replaces_a_newer(folder: Path) -> None:
    tier = DiskTier(folder, 2**24)
    store = ResultStore(2**20, tier)
    newer = result(b"newer", validity=Validity(moment(9, 1.0, epoch=77), 9))
    assert store.put(KEY, newer)
    assert not store.put(KEY, result(b"older"))
    assert store.in_memory(KEY) is newer
    secret = result(b"secret", durable=False)
    store.put(b"s" * 20, secret)
    store.flush()
    fresh = ResultStore(2**20, tier)
    found = await fresh.peek(KEY)
    assert found == newer
    assert fresh.in_memory(KEY) is None
    fresh.use(KEY, found)
    assert fresh.in_memory(KEY) is found
    assert await fresh.peek(b"s" * 20) is None
    tier.close()


def test_memory_gives_up_what_was_not_used(tmp_path: Path) -> None:
    tier = DiskTier(tmp_path / "results", 2**20)
    store = ResultStore(3_300, tier)
    for name in (b"a", b"b", b"c"):
        store.put(name, result(b"x" * 500))
    found = store.in_memory(b"a")
    assert found is not None
    store.use(b"a", found)
    assert store.in_memory(b"b") is not None  # to look is no use
    store.put(b"d", result(b"x" * 500))
    assert store.in_memory(b"b") is None
    assert store.in_memory(b"a") is found
    store.put(b"e", result(b"x" * 10_000))
    assert [name for name in (b"a", b"b", b"c", b"d", b"e") if store.in_memory(name)] == [b"a", b"c", b"d"]
    tier.close()

"""Truths about recordings from elsewhere: refused with a reason or used in peace, never run, never larger than they may be."""

import random
import resource
import sqlite3
import zlib

import pytest

from gancore.record.checking import check
from gancore.record.library import take_in
from gancore.record.reader import Reader
from gancore.record.store import RecordingError
from tests.record.fuzzing import BOMB, damaged, outcome, sound

CASES = 320


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return sound(tmp_path_factory.mktemp("sound") / "run.sqlite").read_bytes()


def test_a_sound_recording_passes_and_is_taken_in_under_a_name_of_its_own(whole, tmp_path):
    path = take_in(tmp_path, whole, {"owner": "me", "name": "from elsewhere"})
    check(path)
    with Reader(path) as reader:
        assert reader.last() == 400 and reader.fact("name") == "from elsewhere" and reader.fact("owner") == "me"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_hundreds_of_damaged_and_forged_recordings_are_refused_with_a_reason_or_sound(whole, tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = {"refused": 0, "sound": 0}
    for case in range(CASES):
        path = tmp_path / "case.sqlite"
        damaged(whole, case, path)
        seen[outcome(path)] += 1
        for left in tmp_path.iterdir():  # reading makes nothing beside the file that SQLite does not make
            assert left.name in ("case.sqlite", "case.sqlite-wal", "case.sqlite-shm", "case.sqlite-journal")
            left.unlink()
    assert seen["refused"] > CASES / 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000  # kB; a bomb unpacked would be more


def test_what_is_refused_leaves_nothing_in_the_library(whole, tmp_path):
    for data in (b"", b"no database", whole[: len(whole) // 2], whole[:-1], random.Random(0).randbytes(5000)):
        with pytest.raises(RecordingError, match="cannot read"):
            take_in(tmp_path / "runs", data, {})
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_bomb_is_not_unpacked(whole, tmp_path):
    path = tmp_path / "bomb.sqlite"
    path.write_bytes(whole)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE frames SET payload = ?", (zlib.decompress(BOMB),))
    with Reader(path) as reader, pytest.raises(RecordingError, match="larger than"):
        reader.frame(400)

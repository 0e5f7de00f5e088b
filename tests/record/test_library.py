"""Truths about the folder of recordings: it stays within its budget, and what is being written is never deleted."""

import os

import numpy as np
import pytest

from gancore.record.library import in_use, prune, remove, size
from gancore.record.recording import Reader, Recording


@pytest.fixture
def folder(tmp_path):
    """Four closed recordings, `0` the oldest, of equal size."""
    for k in range(4):
        recording = Recording.create(tmp_path / f"{k}.sqlite", {"seed": k}, ("loss",))
        recording.scalars(1, np.zeros((20_000, 1), np.float32))
        recording.close()
        os.utime(tmp_path / f"{k}.sqlite", (1000 + k, 1000 + k))
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_oldest_go_until_the_rest_fits(folder):
    one = size(folder / "0.sqlite")
    assert prune(folder, 4 * one) == []
    assert prune(folder, 3 * one - 1) == [folder / "0.sqlite", folder / "1.sqlite"]
    assert names(folder) == ["2.sqlite", "3.sqlite"]


def test_what_somebody_writes_stays_and_goes_on_growing(folder):
    recording = Recording.open(folder / "0.sqlite")
    recording.scalars(20_001, np.zeros((10, 1), np.float32))
    recording.commit()
    os.utime(folder / "0.sqlite", (1, 1))
    os.utime(folder / "0.sqlite-wal", (1, 1))
    assert in_use(folder / "0.sqlite") and not in_use(folder / "1.sqlite")
    assert prune(folder, 0) == [folder / f"{k}.sqlite" for k in (1, 2, 3)]
    recording.scalars(20_011, np.zeros((10, 1), np.float32))
    recording.close()
    with Reader(folder / "0.sqlite") as reader:
        assert reader.iterations() == 20_020
    assert prune(folder, 0) == [folder / "0.sqlite"] and names(folder) == []


def test_what_a_killed_worker_left_open_can_go(folder):
    recording = Recording.open(folder / "0.sqlite")
    recording.scalars(20_001, np.zeros((10, 1), np.float32))
    recording.commit()
    for ending in ("", "-wal"):
        (folder / f"left.sqlite{ending}").write_bytes((folder / f"0.sqlite{ending}").read_bytes())
    recording.close()
    assert size(folder / "left.sqlite") > size(folder / "0.sqlite") and not in_use(folder / "left.sqlite")
    prune(folder, 0)
    assert names(folder) == []


def test_what_is_no_recording_is_left_alone(folder):
    (folder / "notes.txt").write_text("mine")
    (folder / "other.sqlite").write_text("no database at all, but somebody's")
    prune(folder, 0)
    assert names(folder) == ["notes.txt", "other.sqlite"]


def test_a_folder_that_is_not_there_or_is_none_holds_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    assert prune(tmp_path / "nowhere") == prune(tmp_path / "file") == []


def test_removing_takes_what_lies_beside(folder):
    (folder / "0.sqlite-wal").write_text("")
    remove(folder / "0.sqlite")
    remove(folder / "0.sqlite")
    assert names(folder) == ["1.sqlite", "2.sqlite", "3.sqlite"]

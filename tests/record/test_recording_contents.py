"""Truths about what is in a recording: what went in comes out, within its room, and after a rewind there is one past."""

import json
import sqlite3
import threading
import time

import numpy as np
import pytest
import torch

from gancore.record import recording as recording_module
from gancore.record.recording import CHECKPOINTS, COMMIT_EVERY, Reader, Recording, runs_folder
from tests.record.numbered import CONFIG, NAMES, block


def test_what_went_in_comes_out(recording, path):
    recording.event(0, "play")
    for first in range(0, 10_000, 100):
        recording.scalars(first, block(first, 100))
    recording.event(10_000, "d_opt.lr = 0.01")
    recording.commit()
    with Reader(path) as reader:
        assert (reader.config, reader.names) == (CONFIG, NAMES)
        assert abs(reader.created - time.time()) < 60
        assert [(e["iteration"], e["what"]) for e in reader.events()] == [(0, "play"), (10_000, "d_opt.lr = 0.01")]
        assert reader.iterations() == 10_000
        iterations, values = reader.scalars()
        assert iterations.dtype == np.int64 and values.dtype == np.float32
        np.testing.assert_array_equal(iterations, np.arange(10_000))
        np.testing.assert_array_equal(values, block(0, 10_000))
        assert reader.last_checkpoint() is None


@pytest.mark.parametrize(
    "first, last", [(0, None), (0, 0), (17, 17), (5000, 9000), (4095, 4096), (9999, None), (10_001, None), (8, 7)]
)
def test_any_span_can_be_read(recording, path, first, last):
    recording.scalars(3, block(3, 9998))
    recording.commit()
    with Reader(path) as reader:
        iterations, values = reader.scalars(first, last)
    expected = np.arange(max(first, 3), min(10_001, 10_001 if last is None else last + 1))
    np.testing.assert_array_equal(iterations, expected)
    np.testing.assert_array_equal(values, block(3, 9998)[expected - 3])


def test_nan_and_infinity_are_kept_bit_by_bit(recording, path):
    odd = np.array([[np.nan, np.inf], [-np.inf, -0.0], [1e-45, 3.4e38]], np.float32)
    recording.scalars(0, odd)
    recording.commit()
    with Reader(path) as reader:
        assert reader.scalars()[1].tobytes() == odd.tobytes()


def test_scalars_follow_each_other(recording):
    recording.scalars(5, block(5, 5))
    for wrong in (9, 11):
        with pytest.raises(ValueError, match=f"iteration {wrong} came: the next one is 10"):
            recording.scalars(wrong, block(wrong, 1))
    with pytest.raises(ValueError, match="d_loss"):
        recording.scalars(10, np.zeros((4, 3), np.float32))
    recording.scalars(10, block(10, 1))


def test_the_caller_may_reuse_its_buffer(recording, path):
    ring = block(0, 10)
    recording.scalars(0, ring)
    ring[:] = 0
    recording.commit()
    with Reader(path) as reader:
        np.testing.assert_array_equal(reader.scalars()[1], block(0, 10))


def test_a_checkpoint_comes_back_bit_by_bit(recording, path):
    generator = torch.Generator().manual_seed(3)
    whole = torch.randn(4, 6, generator=generator)
    state = {
        "weights": whole,
        "view": whole.t()[1:],  # shares memory with its sibling and is not contiguous
        "generator": generator.get_state(),
        "steps": torch.tensor(12_345_678_901),
        "flag": torch.tensor([True, False]),
        "empty": torch.zeros(0),
        "half": torch.randn(3, dtype=torch.bfloat16, generator=generator),
    }
    for iteration in (100, 200, 300):
        recording.checkpoint(iteration, {**state, "at": torch.tensor(iteration)}, {"d_updates": iteration})
    with Reader(path) as reader:
        iteration, tensors, extra = reader.last_checkpoint()
    assert (iteration, extra, tensors.pop("at")) == (300, {"d_updates": 300}, 300)
    assert tensors.keys() == state.keys()
    for name, tensor in state.items():
        assert tensors[name].dtype == tensor.dtype and torch.equal(tensors[name], tensor)
    with Reader(path) as reader:
        assert [(reader.checkpoint(n) or [None])[0] for n in (99, 100, 250, 10**9)] == [None, 100, 200, 300]


def test_a_checkpoint_takes_the_scalars_and_events_before_it_along(recording, path):
    recording.scalars(0, block(0, 50))
    recording.event(20, "pause")
    recording.checkpoint(50, {"w": torch.ones(2)})
    recording.scalars(50, block(50, 3))  # still in memory
    with Reader(path) as reader:
        assert (reader.iterations(), len(reader.events()), reader.last_checkpoint()[0]) == (50, 1, 50)


def test_checkpoints_keep_to_their_room_and_the_newest_two_stay(recording, path, monkeypatch):
    monkeypatch.setattr(recording_module, "CHECKPOINT_ROOM", 2 * 800_000)
    sizes = []
    for iteration in range(0, 12):
        recording.checkpoint(iteration, {"w": torch.randn(200_000)})
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sizes.append(path.stat().st_size)
        with Reader(path) as reader:
            assert [reader.checkpoint(n)[0] for n in (iteration, iteration - 1) if n >= 0] == [
                iteration,
                iteration - 1,
            ][: iteration + 1]
    assert sizes[-1] <= sizes[3] < 4 * 800_000


def test_old_checkpoints_stay_thinly_spread(recording, path):
    for iteration in range(0, 20_000, 10):
        recording.checkpoint(iteration, {"w": torch.zeros(1)})
    with Reader(path) as reader:
        kept = sorted({reader.checkpoint(n)[0] for n in range(0, 20_000, 10)})
    assert len(kept) == CHECKPOINTS and kept[-2:] == [19_980, 19_990]
    # Wherever one wants to fork there is a checkpoint not long before: within two shares of an even spread of half of them.
    assert max(np.diff(kept)) < 2 * 20_000 / (CHECKPOINTS / 2) and kept[1] == 10


def test_frames_keep_to_their_room_thinned_from_the_dense_end(recording, path, monkeypatch):
    monkeypatch.setattr(recording_module, "FRAME_ROOM", 200_000)
    noise = np.random.default_rng(0)
    for iteration in range(2000):
        recording.frame(iteration, noise.bytes(1000))
        if iteration % 50 == 0:
            recording.commit()
    recording.commit()
    with Reader(path) as reader:
        kept, told = reader.frames(), reader.kept()
    assert kept[:8] == list(range(8)) and kept[-1] == 1999
    assert max(np.diff(kept)) < 2 * 2000 / (len(kept) / 2)
    assert told["made"] == 2000 and told["kept"] == len(kept) and told["bytes"] <= 200_000 and told["room"] == 200_000
    assert Recording.open(path).kept == told


def test_what_is_measured_now_and_then_comes_back(recording, path):
    recording.measured(3, {"w1": 0.5, "jsd": float("nan")})
    recording.measured(9, {"w1": 0.25})
    recording.commit()
    with Reader(path) as reader:
        assert reader.measured() == [(3, "jsd", None), (3, "w1", 0.5), (9, "w1", 0.25)]
        assert reader.measured(after=3) == [(9, "w1", 0.25)]


def test_after_a_rewind_there_is_one_past(recording, path):
    for first in range(0, 10_000, 1000):
        recording.scalars(first, block(first, 1000))
        recording.event(first, f"at {first}")
    recording.checkpoint(4499, {"w": torch.ones(1)})
    recording.checkpoint(9000, {"w": torch.ones(1)})
    recording.truncate(4500)
    recording.scalars(4501, -block(4501, 10))
    recording.commit()
    with Reader(path) as reader:
        iterations, values = reader.scalars()
        np.testing.assert_array_equal(iterations, np.arange(4511))
        np.testing.assert_array_equal(values, np.concatenate((block(0, 4501), -block(4501, 10))))
        assert [e["iteration"] for e in reader.events()] == [0, 1000, 2000, 3000, 4000]
        assert reader.last_checkpoint()[0] == 4499
    recording.truncate(-1)
    recording.scalars(1, block(1, 1))


def test_a_closed_recording_is_one_file_and_can_be_continued(path):
    recording = Recording.create(path, CONFIG, NAMES)
    recording.scalars(0, block(0, 5))
    recording.close()
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    recording = Recording.open(path)
    recording.scalars(5, block(5, 5))
    with Reader(path) as reader:  # a reader keeps the log open: closing still loses nothing
        recording.close()
        assert reader.iterations() == 10
    with Reader(path) as reader:
        np.testing.assert_array_equal(reader.scalars()[1], block(0, 10))


def test_commits_come_about_once_a_second(recording, path):
    with Reader(path) as reader:
        recording.scalars(0, block(0, 5))
        assert reader.iterations() == 0
        time.sleep(COMMIT_EVERY + 0.05)
        recording.tick()
        assert reader.iterations() == 5


def test_it_can_be_read_while_it_grows(recording, path):
    seen, done = [], threading.Event()

    def look():
        with Reader(path) as reader:
            while not done.is_set():
                iterations, values = reader.scalars()
                np.testing.assert_array_equal(values, block(0, len(iterations)))
                seen.append(len(iterations))

    thread = threading.Thread(target=look)
    thread.start()
    for first in range(0, 20_000, 100):
        recording.scalars(first, block(first, 100))
        recording.commit()
        time.sleep(0.001)
    done.set()
    thread.join()
    assert seen == sorted(seen) and len(set(seen)) > 3


def test_the_runs_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("GANSCOPE_RUNS", str(tmp_path / "mine"))
    assert runs_folder() == tmp_path / "mine"
    monkeypatch.delenv("GANSCOPE_RUNS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert runs_folder() == tmp_path / "ganscope" / "runs"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(runs_folder()) == "/home/someone/.cache/ganscope/runs"


def test_events_are_plain_json(recording, path):
    recording.event(3, "loss = hinge")
    recording.commit()
    with Reader(path) as reader:
        assert json.loads(json.dumps(reader.events()))[0]["what"] == "loss = hinge"


def test_a_frame_is_found_by_its_iteration_or_by_a_later_one(recording, path):
    for iteration in (10, 20):
        recording.frame(iteration, b"frame %d" % iteration)
    recording.frame(20, b"seen again")
    recording.commit()
    with Reader(path) as reader:
        assert reader.frames() == [10, 20]
        assert [reader.frame(n) for n in (9, 10, 19, 20, 99)] == [None, b"frame 10", b"frame 10"] + 2 * [b"seen again"]
    recording.truncate(15)
    with Reader(path) as reader:
        assert reader.frames() == [10]

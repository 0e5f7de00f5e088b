"""Truths about looking back: every moment comes back as it was drawn, curves and all, from a file that grows or rests."""

import numpy as np
import pytest

from gancore.observe.frame import Frame
from gancore.observe.observer import Observer
from gancore.record import replay as replay_module
from gancore.record.entry import Entry
from gancore.record.forking import fork
from gancore.record.reader import Reader
from gancore.record.recording import Recording
from gancore.record.replay import Replay
from gancore.run.keeping import PROBES, Keeping
from gancore.train.trainer import SCALARS, Trainer
from tests.run.tiny import TINY

DRAWN = frozenset({*PROBES["line"], "losses", "gradients"})


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A run of 1,300 iterations, recorded, and the frames that its page drew on the way."""
    trainer = Trainer(TINY)
    observer = Observer(Observer.prepare(TINY, trainer.game.source))
    recording = Recording.create(tmp_path_factory.mktemp("runs") / "run.sqlite", TINY.flat(), SCALARS)
    keeping, drawn = Keeping(recording, observer, trainer), {}
    for n in (0, 1, 1, 3, 195, 1, 299, 400, 400):
        first, rows = trainer.iteration + 1, trainer.advance(n).numpy() if n else np.zeros((0, 6), np.float32)
        observer.history.append(rows, first)
        keeping.rows(first, rows, 0.0)
        frame = observer.look(trainer, DRAWN, 1.0, playing=False)
        keeping.saw(frame, DRAWN, resting=True)
        drawn[trainer.iteration] = Frame.decode(frame.encode())
    keeping.tick(trainer, force=True)
    recording.close()
    return recording.path, drawn


def test_every_moment_comes_back_as_the_page_drew_it(played):
    path, drawn = played
    with Replay(path) as replay:
        for iteration in sorted(drawn, reverse=True):
            again, once = replay.frame(iteration), drawn[iteration]
            assert again.iteration == iteration
            assert again.arrays.keys() >= once.arrays.keys() - {"time"}
            for name in once.arrays.keys() - {"time"}:
                np.testing.assert_array_equal(again.arrays[name], once.arrays[name], err_msg=f"{name} at {iteration}")


def test_the_time_axis_is_that_of_the_whole_run_so_that_nothing_jumps(played):
    path, drawn = played
    with Replay(path) as replay:
        assert {tuple(replay.frame(n).arrays["time"]) for n in drawn} == {(0.0, 2000.0)}


def test_between_frames_the_one_before_is_shown_and_steps_go_from_frame_to_frame(played):
    path, drawn = played
    kept = sorted(drawn)
    with Replay(path) as replay:
        assert replay.frame(kept[3] + 1).iteration == kept[3]
        assert [replay.frame(kept[3], step).iteration for step in (-1, 0, 1)] == kept[2:5]
        assert replay.frame(kept[0], -1).iteration == kept[0] and replay.frame(10**9, 1).iteration == kept[-1]


def test_only_what_cannot_be_made_again_is_stored(played):
    path, drawn = played
    with Reader(path) as reader:
        for iteration in drawn:
            stored = Frame.decode(reader.frame(iteration)).arrays
            assert (
                not {"time", "d_loss", "g_grad_t", "w1", "value_t"} & stored.keys()
                and {"p_g", "map_x"} <= stored.keys()
            )


def test_a_growing_recording_is_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(replay_module, "CHUNK", 64)  # so that a mark is made of several readings
    recording = Recording.create(tmp_path / "run.sqlite", {}, ("a",))
    rows = np.random.default_rng(0).normal(size=(5000, 1)).astype(np.float32)
    with Replay(recording.path) as replay:
        assert replay.frame(0) is None
        for first in range(0, 5000, 500):
            recording.scalars(first + 1, rows[first : first + 500])
            recording.frame(first + 500, Frame(first + 500, {}).encode())
            recording.commit()
            grown = replay.frame(10**9)
            with Replay(recording.path) as fresh:
                for name, array in fresh.frame(10**9).arrays.items():
                    np.testing.assert_array_equal(grown.arrays[name], array)
            assert grown.iteration == first + 500 and np.isin(grown.arrays["a"], rows).all()
    recording.close()


def test_a_fork_holds_its_parents_past_and_nothing_later(played, tmp_path):
    path, drawn = played
    fork(path, tmp_path / "child.sqlite", 300)
    child = Recording.open(tmp_path / "child.sqlite")
    child.truncate(300)
    child.close()
    with Reader(path) as parent, Reader(child.path) as reader:
        assert reader.frames() == [n for n in sorted(drawn) if n <= 300]
        assert reader.last() == 300 and reader.checkpoint(10**9) is None and reader.fact("parent")["iteration"] == 300
        np.testing.assert_array_equal(reader.scalars()[1], parent.scalars(last=300)[1])
    assert [p.name for p in tmp_path.iterdir()] == ["child.sqlite"]


def test_the_library_says_what_a_recording_is_without_reading_it_whole(played, tmp_path):
    entry = Entry.of(played[0])
    assert entry.iterations == 1300 and entry.config == TINY.flat() and not entry.problem
    assert all(20 <= len(line) <= 61 and np.isfinite(line).all() for line in entry.losses.values())
    (tmp_path / "no.sqlite").write_text("nothing")
    assert "cannot read" in Entry.of(tmp_path / "no.sqlite").problem

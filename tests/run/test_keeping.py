"""Truths about what recording may take of a run's time."""

import time

import numpy as np
import pytest

from gancore.observe.observer import Observer
from gancore.record.recording import Recording
from gancore.run import keeping as module
from gancore.run.keeping import Keeping
from gancore.train.trainer import SCALARS, Trainer
from tests.run.tiny import TINY


@pytest.fixture
def kept(tmp_path):
    """A run, its recording and what keeps it."""
    trainer = Trainer(TINY)
    observer = Observer(Observer.prepare(TINY, trainer.game.source))
    recording = Recording.create(tmp_path / "run.sqlite", TINY.flat(), SCALARS)
    yield trainer, recording, Keeping(recording, observer, trainer)
    recording.close()


def played(keeping, iteration: int, seconds: float) -> None:
    keeping.rows(iteration, np.zeros((1, len(SCALARS)), np.float32), seconds)


@pytest.mark.parametrize("slow", ["scalars", "checkpoint"])
def test_frames_wait_for_all_that_was_written(kept, monkeypatch, slow):
    trainer, recording, keeping = kept
    monkeypatch.setattr(recording, slow, lambda *_: time.sleep(0.4))
    assert keeping.due()
    trainer.advance(1)
    played(keeping, 1, 0.01)
    keeping.tick(trainer)
    assert not keeping.due()
    monkeypatch.undo()
    played(keeping, 2, 0.2 / module.SHARE)
    assert keeping.due()


def test_a_run_whose_looks_are_dear_is_kept_too_now_and_then(kept):
    trainer, _, keeping = kept
    look = keeping.observer.look

    def dear(*args):
        end = time.thread_time() + 0.4
        while time.thread_time() < end:
            pass
        return look(*args)

    keeping.observer.look = dear
    trainer.advance(1)
    keeping.look(trainer, 0.0)
    assert keeping.last == 1 and not keeping.due()
    played(keeping, 1, 1 / module.SHARE)
    trainer.advance(1)
    keeping.look(trainer, 0.0)
    assert keeping.last == 2


def test_only_the_first_iterations_are_kept_one_by_one(kept):
    trainer, _, keeping = kept
    keeping.look(trainer, 0.0)
    assert keeping.opening
    while keeping.due():
        trainer.advance(1)
        keeping.look(trainer, 0.0)
    assert not keeping.opening
    played(keeping, 1, 0.2 / module.SHARE)
    keeping.look(trainer, 0.0)
    assert keeping.due() and not keeping.opening


def test_where_many_runs_begin_each_keeps_fewer_of_its_first_iterations_one_by_one(kept):
    trainer, _, keeping = kept
    while keeping.opening:
        trainer.advance(1)
        keeping.look(trainer, 0.0, crowd=30)
    assert keeping.last == trainer.iteration == module.FIRST
    assert keeping.due()  # there is time left for later frames

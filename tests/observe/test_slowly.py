"""Long computations in slices: they move only while waited for, end as if they had never stopped, and begin again when due."""

import time

import numpy as np
import pytest

from gancore.config import Config
from gancore.observe.observer import Observer
from gancore.observe.slowly import Sliced, Slowly
from gancore.train.trainer import Trainer


def counting(parts, log):
    def work(tick):
        for part in range(parts):
            tick()
            log.append(part)
        return {"sum": np.array(sum(log))}

    return work


def test_it_moves_only_while_it_is_waited_for():
    log = []
    job = Sliced(counting(5, log))
    time.sleep(0.05)
    assert log == []
    for parts in range(5):
        assert not job.go_on(0)  # no time at all: on to the next tick
        time.sleep(0.02)
        assert log == list(range(parts))
    assert job.go_on(0)
    assert log == [0, 1, 2, 3, 4] and job.result["sum"] == 10


def test_what_goes_wrong_is_raised_where_it_was_asked_for():
    job = Sliced(lambda tick: {}["nothing"])
    with pytest.raises(KeyError):
        job.go_on(1.0)


def test_a_paused_run_is_looked_at_until_it_is_done_and_then_no_more():
    slow, begun = Slowly(), []

    def begin():
        begun.append(1)
        return lambda tick: [tick() or time.sleep(0.03) for _ in range(6)] and {"at": np.array(len(begun))}

    while not slow.look(7, begin, playing=False):
        pass
    assert begun == [1] and slow.arrays["at"] == 1
    assert slow.look(7, begin, playing=False) and begun == [1]
    while not slow.look(8, begin, playing=False):
        pass
    assert begun == [1, 1]


def test_a_playing_run_rests_between_two_computations():
    slow, begun = Slowly(), []

    def begin():
        begun.append(1)
        return lambda tick: time.sleep(0.05) or {}

    for moment in range(20):
        slow.look(moment, begin, playing=True)
    assert len(begun) == 1  # the next is due after 50 times as long


def test_a_run_with_slow_probes_trains_the_same():
    """Every iteration's scalars are equal, whoever looks at eigenvalues and paths on the way; these arrive in the end."""
    config = Config.from_flat({"data": "two-normals", "g.width": 8, "d.width": 8, "batch": 32, "d.dropout": 0.1})
    alone, seen = Trainer(config), Trainer(config)
    observer = Observer(Observer.prepare(config, seen.game.source))
    wanted = {"game-eigenvalues", "path-angle", "phase"}
    for _ in range(10):
        alone_rows, rows = alone.advance(3), seen.advance(3)
        assert alone_rows.equal(rows)
        observer.history.append(rows.numpy(), seen.iteration - 2)
        observer.look(seen, wanted, 0.0)
    frame = observer.look(seen, wanted, 0.0, playing=False)
    while observer.unfinished:
        frame = observer.look(seen, wanted, 0.0, playing=False)
    assert frame.arrays["eigen_at"] == frame.arrays["path_at"] == 30
    assert len(frame.arrays["eigen_re"]) == 12 and len(frame.arrays["path_cosine"]) == len(frame.arrays["path"])
    np.testing.assert_array_equal(frame.arrays["phase_now_real"], rows[-1:, 1].numpy())

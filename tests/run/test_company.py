"""Runs of one game in one worker are played in one batch where a device does that, and each is recorded as if it were alone.

Where there is no CUDA device the batch is played in halves on the processor.
"""

import gc
import weakref

import numpy as np
import pytest
import torch

from gancore.run import company
from gancore.run.messages import Change, Close, Pace, Pause
from gancore.run.pool import LocalPool
from gancore.train import trainer
from gancore.train.trainer import Trainer
from tests.run.tiny import TINY, until

ALONE = "CUDA graph" if torch.cuda.is_available() else "in halves"
SEEDS = {f"seed-{seed}": TINY.with_("seed", seed) for seed in (3, 4, 5)}


@pytest.fixture
def on_device(monkeypatch):
    """Runs are played as on a device."""
    monkeypatch.setattr(trainer, "usual", lambda: "captured")
    monkeypatch.setenv("GANSCOPE_DEVICE", "cuda" if torch.cuda.is_available() else "cpu")


def engine(hosting, name):
    return hosting.run(name).trainer.engine.told


def open_all(hosting):
    for name, config in SEEDS.items():
        hosting.open(name, config, sweep="seeds")


def test_seeds_are_played_in_one_batch_and_recorded_as_if_each_were_alone(hosting, on_device):
    open_all(hosting)
    for name in SEEDS:
        hosting.plays(name, 40)
    assert {engine(hosting, name) for name in SEEDS} == {f"{ALONE}, 3 runs in one batch"}
    for name, config in SEEDS.items():
        iterations, rows = hosting.recorded(name)
        assert list(iterations) == list(range(1, hosting.run(name).trainer.iteration + 1))
        alone = Trainer(config, engine="eager").advance(len(rows)).numpy()
        np.testing.assert_allclose(rows, alone, rtol=1e-4, atol=1e-5)


def test_who_pauses_or_leaves_or_plays_another_game_is_alone_and_the_others_stay_together(hosting, on_device):
    open_all(hosting)
    hosting.plays("seed-3", 10)
    hosting.say(Change("seed-3", ["loss=hinge"]))
    hosting.goes_on("seed-3", 5)
    hosting.goes_on("seed-4", 5)
    assert engine(hosting, "seed-3") == ALONE
    assert engine(hosting, "seed-4") == engine(hosting, "seed-5") == f"{ALONE}, 2 runs in one batch"
    hosting.say(Pause("seed-5"))  # who is left alone plays alone
    rested = hosting.run("seed-5").trainer.iteration
    hosting.goes_on("seed-4", 5)
    assert engine(hosting, "seed-4") == ALONE and hosting.run("seed-5").trainer.iteration == rested


def test_a_learning_rate_that_is_turned_for_one_leaves_all_in_the_batch(hosting, on_device):
    open_all(hosting)
    hosting.plays("seed-3", 10)
    hosting.say(Change("seed-3", ["d_opt.lr=0.004"]))
    hosting.goes_on("seed-3", 5)
    assert engine(hosting, "seed-3") == engine(hosting, "seed-4") == f"{ALONE}, 3 runs in one batch"
    assert hosting.run("seed-3").trainer.config.d_opt.lr == 0.004 != hosting.run("seed-4").trainer.config.d_opt.lr


def test_runs_of_no_sweep_play_alone_and_can_be_played_again_to_the_bit(hosting, on_device):
    for name, config in SEEDS.items():
        hosting.open(name, config)
    hosting.plays("seed-3", 10)
    hosting.plays("seed-5", 10)
    assert {engine(hosting, name) for name in SEEDS} == {ALONE}


def test_who_has_a_speed_limit_plays_alone(hosting, on_device):
    hosting.open("slow", SEEDS["seed-3"], pace={"speed": 200}, sweep="seeds")
    hosting.open("fast", SEEDS["seed-4"], sweep="seeds")
    hosting.plays("slow", 5)
    hosting.plays("fast", 5)
    assert engine(hosting, "slow") == engine(hosting, "fast") == ALONE


def test_all_stop_where_they_were_asked_to(hosting, on_device):
    for name, config in SEEDS.items():
        hosting.open(name, config, pace={"until": 30}, sweep="seeds")
    hosting.rounds(lambda: all(run.state == "finished" for run in hosting.worker.runs.values()))
    assert [run.trainer.iteration for run in hosting.worker.runs.values()] == [30, 30, 30]


def test_one_that_fails_leaves_the_others_playing(hosting, on_device):
    wild = {"loss": "wasserstein", "d_opt": "sgd", "g_opt": "sgd"}
    for name, config in SEEDS.items():
        lr = {"d_opt.lr": "10" if name == "seed-4" else "0.001"}
        hosting.open(name, config.from_flat(wild | lr, base=config), sweep="seeds")
    hosting.rounds(lambda: hosting.run("seed-4").trainer and hosting.status("seed-4").state == "failed")
    assert "became non-finite" in hosting.status("seed-4").detail
    hosting.goes_on("seed-3", 5)
    assert engine(hosting, "seed-3") == engine(hosting, "seed-5") == f"{ALONE}, 2 runs in one batch"


def test_a_batch_is_made_once_all_are_there(hosting, on_device, monkeypatch):
    monkeypatch.setattr(company, "SETTLED", 2.0)
    made = []
    plain = company.Ensemble
    monkeypatch.setattr(company, "Ensemble", lambda trainers: made.append(len(trainers)) or plain(trainers))
    open_all(hosting)
    hosting.plays("seed-5", 10)
    assert made == [3]


def test_what_a_batch_holds_is_let_go_when_one_of_it_leaves(hosting, on_device):
    open_all(hosting)
    hosting.plays("seed-3", 10)
    assert hosting.worker.company.ensembles
    gone = weakref.ref(hosting.run("seed-5").trainer)
    hosting.say(Close("seed-5"))
    hosting.worker.company.keep(hosting.worker.runs.values())
    assert not hosting.worker.company.ensembles
    gc.collect()
    assert gone() is None


def test_a_batch_in_which_nobody_plays_any_more_is_let_go(hosting, on_device, monkeypatch):
    open_all(hosting)
    hosting.plays("seed-3", 10)
    for name in SEEDS:
        hosting.say(Pause(name))
    hosting.worker.company.keep(hosting.worker.runs.values())
    assert hosting.worker.company.ensembles
    monkeypatch.setattr(company, "RESTED", -1.0)
    hosting.worker.company.keep(hosting.worker.runs.values())
    assert not hosting.worker.company.ensembles


def test_while_a_newcomer_waits_for_more_the_others_and_other_games_play_on(hosting, on_device, monkeypatch):
    hosting.open("other", TINY.with_("batch", 48))
    hosting.open("seed-3", SEEDS["seed-3"], sweep="seeds")
    hosting.open("seed-4", SEEDS["seed-4"], sweep="seeds")
    hosting.plays("seed-4", 10)
    monkeypatch.setattr(company, "SETTLED", 1e9)
    hosting.open("seed-5", SEEDS["seed-5"], sweep="seeds")
    hosting.rounds(lambda: hosting.run("seed-5").trainer)
    for name in ("seed-3", "seed-4", "other"):
        hosting.goes_on(name, 10)
    assert hosting.run("seed-5").trainer.iteration == 0
    monkeypatch.setattr(company, "SETTLED", 0.0)
    hosting.goes_on("seed-5", 10)
    assert engine(hosting, "seed-5") == f"{ALONE}, 3 runs in one batch"


def test_who_is_asked_to_have_stopped_by_now_is_finished_and_holds_nobody_up(hosting, on_device):
    open_all(hosting)
    hosting.open("other", TINY.with_("batch", 48))
    hosting.plays("seed-3", 20)
    for name in ("seed-3", "seed-4"):
        hosting.say(Pace(name, {"until": 5}))
    hosting.rounds(lambda: all(hosting.run(name).state == "finished" for name in ("seed-3", "seed-4")))
    hosting.goes_on("seed-5", 5)
    hosting.goes_on("other", 20)


def test_an_error_that_nobody_foresaw_stops_its_run_alone(hosting, on_device, monkeypatch):
    open_all(hosting)
    hosting.plays("seed-3", 10)

    def fails(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(company.Ensemble, "_together", fails)
    monkeypatch.setattr(hosting.run("seed-4").trainer, "advance", fails)
    hosting.rounds(lambda: hosting.run("seed-4").state == "failed")
    assert "MemoryError: no room" in hosting.run("seed-4").detail
    hosting.goes_on("seed-3", 5)
    iterations, _ = hosting.recorded("seed-3")
    assert list(iterations) == list(range(1, hosting.run("seed-3").trainer.iteration + 1))


@pytest.mark.parametrize("on_cuda", [True, False])
def test_a_run_is_placed_beside_another_where_there_is_a_device(on_cuda):
    pool = LocalPool(2, lambda message: None, lambda runs: None)
    try:
        pool.place("one")
        pool.place("three")  # a second worker
        until(lambda: all(worker.warm for worker in pool.workers))  # both
        pool.host("one").on_cuda = on_cuda
        pool.place("four", beside="one")
        pool.place("two", beside="one")
        assert (pool.host("two") is pool.host("four") is pool.host("one")) is on_cuda
        pool.place("two", beside="three")
        assert pool.host("two") is pool.host("one") or not on_cuda
    finally:
        pool.close()

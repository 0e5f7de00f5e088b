"""Runs of one game in one worker are played in one batch where a device does that, and each is recorded as if it were alone.

Where there is no CUDA device the batch is played in halves on the processor.
"""

import numpy as np
import pytest
import torch

from gancore.run import company
from gancore.run.messages import Change, Close, Pause
from gancore.run.pool import LocalPool
from gancore.train import trainer
from gancore.train.trainer import Trainer
from tests.run.tiny import TINY

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
        hosting.open(name, config)


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
    hosting.say(Pause("seed-5"))
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


def test_who_has_a_speed_limit_plays_alone(hosting, on_device):
    hosting.open("slow", SEEDS["seed-3"], pace={"speed": 200})
    hosting.open("fast", SEEDS["seed-4"])
    hosting.plays("slow", 5)
    hosting.plays("fast", 5)
    assert engine(hosting, "slow") == engine(hosting, "fast") == ALONE


def test_all_stop_where_they_were_asked_to(hosting, on_device):
    for name, config in SEEDS.items():
        hosting.open(name, config, pace={"until": 30})
    hosting.rounds(lambda: all(run.state == "finished" for run in hosting.worker.runs.values()))
    assert [run.trainer.iteration for run in hosting.worker.runs.values()] == [30, 30, 30]


def test_one_that_fails_leaves_the_others_playing(hosting, on_device):
    wild = {"loss": "wasserstein", "d_opt": "sgd", "g_opt": "sgd"}
    for name, config in SEEDS.items():
        lr = {"d_opt.lr": "10" if name == "seed-4" else "0.001"}
        hosting.open(name, config.from_flat(wild | lr, base=config))
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
    hosting.say(Close("seed-5"))
    hosting.worker.company.keep(hosting.worker.runs.values())
    assert not hosting.worker.company.ensembles


def test_a_run_is_placed_beside_another(monkeypatch):
    pool = LocalPool(2, lambda message: None, lambda runs: None)
    try:
        pool.place("one")
        pool.place("two", beside="one")
        pool.place("three")
        assert pool.host("two") is pool.host("one") is not pool.host("three")
        pool.place("two", beside="three")
        assert pool.host("two") is pool.host("one")
    finally:
        pool.close()

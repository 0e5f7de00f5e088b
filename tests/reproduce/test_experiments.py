"""Every experiment can be played as it stands, says where its published figures come from, and keeps its protocol."""

import math
import os
from dataclasses import replace

import pytest
import torch

from gancore.reproduce import experiments, play
from gancore.reproduce.experiment import Experiment
from gancore.reproduce.goodfellow import EPOCH, momentum_rises, rates_fall
from gancore.train.trainer import Trainer

HAS_MNIST = os.path.isdir(os.path.join(os.environ.get("GANSCOPE_DATA", "/nowhere"), "mnist"))


def needs_mnist(experiment: Experiment) -> None:
    if any("mnist" in arm.config.data.name for arm in experiment.arms()) and not HAS_MNIST:
        pytest.skip("set GANSCOPE_DATA to a folder that holds mnist/ to run this")


def opened(experiment: Experiment, i: int = 0) -> Trainer:
    arm = experiment.arms()[i]
    trainer = Trainer(arm.config, experiment.source(arm.config), planned=arm.planned)
    experiment.begin(trainer)
    return trainer


@pytest.fixture(params=experiments)
def experiment(request):
    return experiments.make(request.param)


def test_every_arm_trains(experiment):
    needs_mnist(experiment)
    for i, _ in enumerate(experiment.arms()):
        assert opened(experiment, i).advance(3).isfinite().all()


def test_the_published_figures_are_among_those_measured_and_have_a_source(experiment):
    names = [row.name for row in (*experiment.arms(), *experiment.controls())]
    assert len(set(names)) == len(names)
    for arm in experiment.arms():
        assert set(arm.published) <= set(experiment.figures)
        for told in arm.published.values():
            assert told.source and (told.words or math.isfinite(told.value))


def test_quick_is_shorter_and_both_have_an_estimate(experiment):
    steps, seeds = experiment.quick
    assert steps < experiment.steps and seeds <= experiment.seeds
    assert 0 < experiment.minutes(steps, seeds) < experiment.minutes(experiment.steps, experiment.seeds)


def test_the_plane_is_measured_with_a_census(experiment):
    if experiment.arms()[0].config.data.page != "plane":
        return
    figures = experiment.measure(opened(experiment))
    assert list(figures) == list(experiment.figures)
    control = experiment.controls()[0].measure()
    assert control["high quality, %"].value == pytest.approx(98.9, abs=1) and control["reverse KL"].value < 0.02


def test_the_first_gan_starts_and_moves_as_its_code_says():
    experiment = experiments.make("goodfellow-2014-mnist")
    needs_mnist(experiment)
    trainer = opened(experiment)
    game, mean = trainer.game, trainer.game.source.pixels.float().mean(0).flatten() / 255
    assert len(game.source.pixels) == 50_000
    assert (len(trainer.state.g), len(trainer.state.d)) == (2_503_984, 1_231_441)  # biases included
    z = trainer.config.noise.sample(2_000, torch.Generator().manual_seed(0))
    assert z.std().item() == pytest.approx(1, abs=0.01) and z.abs().max() <= math.sqrt(3)
    # The weights move the logits about; on average G draws the mean digit.
    assert game.generate(trainer.state, z).mean(0).sub(mean).abs().max() < 0.15
    trainer.state = replace(trainer.state, iteration=2 * EPOCH)
    trainer.advance(0)
    assert (
        trainer.config.d_opt.momentum == trainer.config.g_opt.momentum == pytest.approx(0.5 + 0.2 * 2 / 249, abs=1e-5)
    )
    assert momentum_rises()[-1].what == "g_opt.momentum=0.7" and trainer.config.dynamics.same
    first, last = rates_fall()[0], rates_fall()[-1]
    assert first.iteration == 200 * EPOCH and (last.iteration, last.what) == (299 * EPOCH, "g_opt.lr=0.02")


@pytest.fixture
def ring(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return experiments.make("pacgan-ring")


class Stop:
    """Says stop when it has been asked often enough."""

    def __init__(self, after: float):
        self.left = after

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def played(experiment, steps, after=math.inf, heard=None):
    said = [] if heard is None else heard
    return play.play(experiment, experiment.arms()[1], 4, steps, Stop(after), said.append, lambda n: None).trainer


def test_a_run_that_was_stopped_goes_on_as_if_it_never_had(ring):
    halfway = played(ring, 12, after=2)
    assert 0 < halfway.iteration < 12
    heard = []
    resumed = played(ring, 12, heard=heard)
    assert "continues at iteration" in heard[0]
    play.place(ring.arms()[1], 4).unlink()
    straight = played(ring, 12)
    assert resumed.iteration == straight.iteration == 12
    assert torch.equal(resumed.state.g, straight.state.g) and torch.equal(resumed.state.d, straight.state.d)


@pytest.mark.parametrize("damage", [b"", b"\x00" * 64, "cut"])
def test_a_damaged_checkpoint_is_begun_anew(ring, damage):
    played(ring, 4)
    path = play.place(ring.arms()[1], 4)
    path.write_bytes(path.read_bytes()[:1000] if damage == "cut" else damage)
    assert played(ring, 2).iteration == 2


def test_what_decides_a_run_decides_its_checkpoint(ring):
    gan, packed = ring.arms()
    places = {play.place(gan, 0), play.place(gan, 1), play.place(packed, 0)}
    assert len(places) == 3 and play.place(experiments.make("pacgan-ring").arms()[0], 0) in places

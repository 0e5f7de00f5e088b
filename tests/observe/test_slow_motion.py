"""Slow motion tells each stage with its own numbers and pictures, and looking at it leaves the run as it was."""

import json
import re

import numpy as np
import pytest
import torch

from gancore.config import Config
from gancore.game.losses import losses
from gancore.observe.look import SCORED
from gancore.observe.observer import Observer
from gancore.observe.slow_motion import SlowMotion, label, sentence, written
from gancore.train.dynamics import dynamics
from gancore.train.trainer import Diverged, Trainer

PAGES = {
    "plane": {"data": "ring", "noise.dim": 2},
    "line": {"data": "normal"},
    "digits": {"data": "digits", "noise.dim": 4},
}


def opened(page="plane", played=3, **settings):
    config = Config.from_flat(PAGES[page] | {"batch": 16, "g.width": 8, "d.width": 8} | settings)
    trainer = Trainer(config)
    trainer.advance(played)
    return trainer, Observer(Observer.prepare(config, trainer.game.source))


def frames(trainer, observer, *probes):
    stages = trainer.foresee()
    for at in range(len(stages)):
        observer.slow = SlowMotion(stages, at)
        yield stages[at], observer.look(trainer, {"stages", *probes}, 0.0, playing=False)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", dynamics)
def test_every_stage_of_every_dynamics_has_a_sentence_and_arrays_that_travel(name, page):
    trainer, observer = opened(page, **{"dynamics": name})
    for stage, frame in frames(trainer, observer):
        told = frame.info["slow"]
        assert told["sentence"].endswith(".") and told["stages"][told["at"]]["label"] == label(stage)
        assert not any(np.isinf(array).any() for array in frame.arrays.values())
        json.dumps(frame.info, allow_nan=False)
        frame.encode()


@pytest.mark.parametrize("loss", losses)
def test_a_sentence_says_the_numbers_of_the_iteration_that_is_played(loss):
    trainer, observer = opened(loss=loss)
    said = {f"{stage.who}{stage.name}": sentence(stage, trainer.config) for stage, _ in frames(trainer, observer)}
    d_loss, real, fake, d_grad, g_loss, g_grad = (written(x) for x in trainer.advance(1)[0].tolist())
    assert d_loss in said["dloss"] and g_loss in said["gloss"]
    assert real in said["djudge"] and fake in said["djudge"]
    assert d_grad in said["dgradient"] and g_grad in said["ggradient"]
    assert re.search(r"D's update 4\.$", said["dupdate"]) and re.search(r"G's update 4\.$", said["gupdate"])


def test_the_pictures_of_a_stage_are_its_own_batch_and_d_as_it_then_stands():
    trainer, observer = opened()
    seen = list(frames(trainer, observer, "points"))
    for stage, frame in seen:
        arrays = frame.arrays
        np.testing.assert_array_equal(arrays["slow_z"], stage.batch.z)
        assert ("slow_fake" in arrays) == (stage.fake is not None)
        assert ("slow_real" in arrays) == (stage.who == "d")
        if stage.fake is not None:
            np.testing.assert_array_equal(arrays["slow_fake"], stage.fake)
        fake = trainer.game.generate(stage.state, observer.fixed.z)[:SCORED]
        np.testing.assert_array_equal(np.stack([arrays["fake_x"], arrays["fake_y"]], 1), fake)
    fields = [frame.arrays["slow_d_image"] for _, frame in seen]
    assert all((field == fields[0]).all() for field in fields[:5]) and (fields[4] != fields[5]).any()
    assert [frame.info["d_updates"] for _, frame in seen] == [3] * 5 + [4] * 7
    assert {frame.iteration for _, frame in seen} == {3}


def test_arrows_are_gs_pull_and_samples_then_move_to_where_the_new_g_sends_their_z():
    trainer, observer = opened()
    *_, (told, pulled), (last, moved) = frames(trainer, observer)
    pull = trainer.game.pull(told.state, told.fake, observer.fixed.real[: len(told.fake)])
    np.testing.assert_allclose(pulled.arrays["slow_pull"], pull, rtol=1e-6)
    trainer.advance(1)
    np.testing.assert_array_equal(moved.arrays["slow_moved"], trainer.game.generate(trainer.state, last.batch.z))
    assert "slow_moved" not in pulled.arrays


def test_scores_are_shares_of_the_batch_and_d_on_the_line_is_a_curve():
    trainer, observer = opened("line")
    for stage, frame in frames(trainer, observer, "density"):
        arrays = frame.arrays
        np.testing.assert_allclose(arrays["slow_d"], arrays["d_x"], atol=1e-6)
        if stage.fake_scores is not None:
            sides = arrays["slow_scores"].sum(1)
            np.testing.assert_allclose(sides, [stage.real_scores is not None, 1], atol=1e-6)


def test_looking_in_slow_motion_neither_moves_the_run_nor_its_past():
    trainer, observer = opened()
    observer.look(trainer, {"points", "sliced"}, 0.0)
    before, past = trainer.state.fork().tensors(), observer.past.trail(0)
    kept = {names: line.read(names[0])[1].copy() for names, (line, _) in observer.measured.items()}
    for _ in frames(trainer, observer, "points", "sliced"):
        pass
    after = trainer.state.tensors()
    assert all(torch.equal(before[name], after[name]) for name in before)
    np.testing.assert_array_equal(observer.past.trail(0)[1], past[1])
    for names, (line, _) in observer.measured.items():
        np.testing.assert_array_equal(line.read(names[0])[1], kept[names])
    observer.slow = None
    assert "slow" not in observer.look(trainer, {"stages"}, 0.0).info


def test_a_stage_of_a_game_that_explodes_is_still_told():
    wild = {"loss": "least-squares", "g_opt": "sgd", "d_opt": "sgd", "d_opt.lr": 10.0, "g_opt.lr": 10.0}
    trainer, observer = opened(played=0, **wild)
    with pytest.raises(Diverged):
        trainer.advance(500)
    assert any("not finite" in frame.info["slow"]["sentence"] for _, frame in frames(trainer, observer))

"""What the plane shows is true: arrows point down G's loss, colours are D's, a perfect D differs from D* by nothing."""

import dataclasses

import numpy as np
import pytest
import torch

from gancore.config import Config
from gancore.game.losses import losses
from gancore.observe import look
from gancore.observe.look import SCORED
from gancore.observe.metrics.plane import SIDE
from gancore.observe.observer import Observer
from gancore.observe.probes.plane import ARROWS, LENGTH, densities, outlines, painted, round_up, star
from gancore.train.trainer import Trainer

RING = {"data": "ring", "data.sigma": 0.05, "g.width": 16, "d.width": 16, "noise.dim": 2, "batch": 64}


def observed(trainer, *probes, observer=None):
    observer = observer or Observer(Observer.prepare(trainer.config, trainer.game.source))
    return observer.look(trainer, set(probes), 0.0).arrays


def generating(trainer, samples):
    """The trainer with a generator that draws these samples (2000, 2), whatever z says."""
    trainer.game.generate = lambda state, z, ema=False: torch.as_tensor(samples, dtype=torch.float32)
    return trainer


@pytest.mark.parametrize("loss", losses)
def test_arrows_are_minus_the_slope_of_gs_loss_at_each_sample(loss):
    trainer = Trainer(Config.from_flat(RING | {"d.activation": "tanh"}).with_("loss", loss))
    trainer.advance(20)
    game, state = trainer.game, trainer.state
    state = type(state)(**{**vars(state), "d": state.d.double()})
    x, real = torch.randn(6, 2, dtype=torch.float64), torch.randn(6, 2, dtype=torch.float64)

    def g_loss(x):
        return game.loss.generator(game.judge(state, real), game.judge(state, x)).item()

    pull, step = game.pull(state, x, real), 1e-5
    for i in range(6):
        for j in range(2):
            there = torch.zeros_like(x)
            there[i, j] = step
            slope = (g_loss(x + there) - g_loss(x - there)) / (2 * step)
            assert pull[i, j].item() == pytest.approx(-6 * slope, rel=1e-4, abs=1e-7)


def test_an_arrow_goes_from_its_sample_along_the_pull_as_long_as_the_stated_unit_says():
    trainer = Trainer(Config.from_flat(RING))
    trainer.advance(50)
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    arrays = observed(trainer, "arrows", observer=observer)
    outline = np.stack([arrays["arrow_x"], arrays["arrow_y"]], 1).reshape(ARROWS, 6, 2)
    x = trainer.game.generate(trainer.state, observer.fixed.z)[:SCORED]
    pull = trainer.game.pull(trainer.state, x, observer.fixed.real[:SCORED])[:ARROWS].numpy()
    np.testing.assert_array_equal(outline[:, 0], x[:ARROWS])
    (left, right), _ = trainer.game.source.window
    expected = pull / float(arrays["arrow_unit"]) * LENGTH * (right - left)
    np.testing.assert_allclose(outline[:, 1] - outline[:, 0], expected, atol=1e-5)
    assert np.isnan(outline[:, 5]).all() and np.isfinite(outline[:, :5]).all()


def test_an_arrow_of_no_length_is_a_dot():
    assert (outlines(np.ones((1, 2)), np.zeros((1, 2)), 0.1)[0, :5] == 1).all()


@pytest.mark.parametrize("value, up", [(0.0, 1e-12), (0.011, 0.02), (0.2, 0.2), (0.21, 0.5), (7, 10), (1e30, 1e30)])
def test_scales_go_in_round_steps(value, up):
    assert round_up(value) == up


def test_a_picture_is_blue_where_d_says_real_and_stands_the_right_way_up():
    said = np.full((SIDE, SIDE), 0.5)
    said[0, 0], said[-1, -1] = 0.7, 0.3  # bottom left, top right
    arrays = painted("d", said.ravel(), losses["non-saturating"]())
    picture = arrays["d_image"]
    assert picture.shape == (SIDE, SIDE, 4) and (picture[..., 3] > 0).sum() == 2
    assert picture[-1, 0, 2] > picture[-1, 0, 0] and picture[0, -1, 0] > picture[0, -1, 2]
    assert (arrays["d_low"], arrays["d_high"]) == (0.3, 0.7)


def test_d_minus_d_star_is_clear_for_the_best_d_and_not_for_another():
    trainer = Trainer(Config.from_flat(RING | {"data.sigma": 0.2}))
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    # A perfect generator: D* is 1/2 wherever there is anything, and so is a D that outputs nothing but 0.
    generating(trainer, trainer.game.source.sample(2000, torch.Generator().manual_seed(1)))
    flat = type(trainer.state)(**{**vars(trainer.state), "d": trainer.state.d * 0})
    trainer.state = flat
    arrays = observed(trainer, "field", "best-field", "field-difference", observer=observer)
    assert (arrays["d_image"][..., 3] == 0).all() and arrays["difference_high"] <= 0.5
    middle = arrays["best_image"][..., 3][arrays["best_image"][..., 3] > 0]
    assert middle.size  # noise of 2,000 samples leaves some
    generating(trainer, np.zeros((2000, 2)))
    one_place = observed(trainer, "best-field", observer=observer)
    top = one_place["best_image"][SIDE // 2 - 1, SIDE // 2 - 1]
    assert top[3] > 140 and top[0] > top[2]  # all orange where only generated samples are


@pytest.mark.parametrize("loss", ["non-saturating", "least-squares"])
def test_d_minus_d_star_vanishes_as_d_is_trained_on_a_generator_that_stands_still(loss):
    """G is the identity and a shift, by hand: both densities are normal. D takes steps alone, as on the page."""
    rules = {"data": "plane-mixture", "data.modes": "1:0:0:0.6", "noise": "normal", "noise.std": 0.7, "noise.dim": 2}
    players = {"g.width": 4, "g.depth": 1, "d.width": 32, "d.activation": "tanh", "d_opt": "adam", "d_opt.lr": 3e-3}
    trainer = Trainer(Config.from_flat(rules | players | {"batch": 512, "loss": loss}))
    both = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])  # z = relu(z) - relu(-z)
    frozen = torch.cat([both.ravel(), torch.zeros(4), both.T.ravel(), torch.tensor([0.6, -0.2])])
    trainer.state = dataclasses.replace(trainer.state, g=frozen)
    fixed = Observer.prepare(trainer.config, trainer.game.source)

    def off():
        seen = look.Look(trainer, fixed, None, {})
        weight = sum(densities(seen)).ravel()
        away = np.abs(seen.field - star(seen))
        return np.nansum(weight * away) / weight.sum(), away[weight > 0.1 * weight.max()].max()

    mean, most = off()
    assert mean > 0.15 and most > 0.4
    for lr, steps in (("0.003", 400), ("0.0003", 400)):
        trainer.apply(f"d_opt.lr={lr}")
        for _ in range(steps):
            trainer.apply("step=d")
    mean, most = off()
    assert mean < 0.035 and most < 0.12 and torch.equal(trainer.state.g, frozen)


def test_what_the_pointer_reads_is_d_and_both_densities_at_the_middle_of_each_cell():
    trainer = Trainer(Config.from_flat(RING | {"data.sigma": 0.2}))
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    generating(trainer, trainer.game.source.sample(2000, torch.Generator().manual_seed(1)))
    arrays = observed(trainer, "reading", observer=observer)
    known = observer.fixed.reference
    # Averaged over cells and blurred by one: a bell's variance grows by 13/12 of a squared cell.
    wider = dataclasses.replace(trainer.game.source, sigma=float(np.sqrt(0.04 + 13 / 12 * known.cell[0] ** 2)))
    exact = wider.log_prob(known.grid.double()).exp().numpy().reshape(SIDE, SIDE)
    said = trainer.config.loss.read(trainer.game.judge(trainer.state, known.grid)).numpy().reshape(SIDE, SIDE)
    np.testing.assert_allclose(arrays["d_at"], said, rtol=1e-6)
    np.testing.assert_allclose(arrays["p_at"], exact, atol=0.01 * exact.max())
    assert arrays["p_at"].sum() * known.cell.prod() == pytest.approx(1, abs=0.02)
    assert arrays["q_at"].sum() * known.cell.prod() == pytest.approx(1, abs=0.02)
    dense = exact > 0.3 * exact.max()  # a perfect sampler: the ratio is one but for chance
    assert np.abs(np.log(arrays["ratio_at"][dense])).mean() < 0.25
    assert np.isnan(arrays["ratio_at"][0, 0]) or arrays["p_at"][0, 0] > 1e-6 * exact.max()


def test_without_a_density_the_pointer_reads_d_alone():
    arrays = observed(Trainer(Config.from_flat({"data": "spiral", "g.width": 8})), "reading")
    assert set(arrays) == {"d_at"}


@pytest.mark.parametrize("split", [(250,) * 8, (1800, *[29] * 6, 26), (2000, *[0] * 7)])
def test_shares_and_effective_modes_of_samples_set_by_hand(split):
    trainer = Trainer(Config.from_flat(RING))
    centres = np.array(trainer.config.data.modes)[:, 1:3]
    generating(trainer, np.repeat(centres, split, axis=0))
    arrays = observed(trainer, "modes")
    p = np.array(split)[np.array(split) > 0] / 2000
    np.testing.assert_allclose(arrays["mode_share"], np.array(split) / 2000)
    assert arrays["effective"][-1] == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-5)
    assert arrays["high_quality"][-1] == 1
    if split[0] == 1800:  # nine tenths on one mode: all eight are "found", which is not what is shown
        assert 1.6 < arrays["effective"][-1] < 1.7
        low, high = look.plane_reference(trainer.game.source).bands.T
        assert arrays["mode_share"][0] > high[0] and (arrays["mode_share"][1:] < low[1:]).all()


def test_data_without_modes_or_density_show_no_census_and_an_empty_d_star():
    trainer = Trainer(Config.from_flat({"data": "spiral", "g.width": 8}))
    arrays = observed(trainer, "modes", "best-field", "sliced")
    assert not {name for name in arrays if name.startswith("mode")} and np.isfinite(arrays["sw1"]).all()
    assert (arrays["best_image"][..., 3] == 0).all()


def test_a_critic_without_a_scale_gets_one_that_fits():
    trainer = Trainer(Config.from_flat(RING | {"loss": "wasserstein"}))
    arrays = observed(trainer, "field")
    assert arrays["d_low"] == -arrays["d_high"] and arrays["d_image"][..., 3].max() > 50


def test_samples_that_broke_leave_gaps_and_clear_pictures():
    trainer = Trainer(Config.from_flat(RING))
    trainer.state = dataclasses.replace(trainer.state, g=trainer.state.g * 1e30)
    arrays = observed(trainer, "points", "field", "best-field", "arrows", "modes", "sliced")
    assert np.isnan(arrays["fake_x"]).any() and np.isnan(arrays["sw1"]).all()
    assert not any(np.isinf(array).any() for array in arrays.values())

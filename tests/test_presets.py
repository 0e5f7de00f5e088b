"""Presets of well-known recipes do on the line what their stories say."""

import pytest

from gancore import presets
from gancore.observe.look import Fixed, Look
from gancore.train.trainer import Trainer


def distances(config, iterations=500):
    """Wasserstein-1 to the exact density, of the untrained generator and after so many iterations."""
    trainer = Trainer(config)
    fixed = Fixed(config, trainer.game.source)
    before = Look(trainer, fixed, None, {}).distances["w1"]
    trainer.advance(iterations)
    return before, Look(trainer, fixed, None, {}).distances["w1"]


@pytest.mark.parametrize("name", ["hinge-spectral-norm", "line", "relativistic-r1-r2", "wgan-gp"])
def test_a_quick_recipe_comes_near_within_500_iterations(name):
    before, after = distances(presets.load(name).config)
    assert after < 0.4 * before


def census(trainer, iterations):
    """Which modes G reaches after so many more iterations."""
    trainer.advance(iterations)
    return Look(trainer, Fixed(trainer.config, trainer.game.source), None, {}).census


def test_the_ring_is_found_whole_within_500_iterations():
    assert census(Trainer(presets.load("plane").config), 500).effective > 7


def test_collapse_sits_on_one_bell_until_g_learns_half_as_fast_as_d():
    trainer = Trainer(presets.load("failure-collapse").config)
    assert census(trainer, 1500).effective < 2
    trainer.apply("g_opt.lr=0.00025")
    assert census(trainer, 2000).effective > 7


def test_unrolling_finds_both_bells_where_alternating_turns_run_to_one():
    config = presets.load("unrolled").config
    one_bell = config.data.right  # W1 of one bell alone: half the mass, twice this far away
    assert distances(config)[1] < 0.3 * one_bell
    assert distances(config.with_("dynamics", "alternating"))[1] > 0.8 * one_bell

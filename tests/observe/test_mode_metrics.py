"""The census of modes agrees with closed forms: on perfect samplers, on collapsed ones, on nothing."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from gancore.observe.metrics.modes import PERFECT_2D, Census, band, census, tally


def ring(count: int = 8, sigma: float = 0.01) -> np.ndarray:
    """Rows weight, x, y, sigma."""
    turn = 2 * np.pi * np.arange(count) / count
    return np.stack([np.ones(count), np.cos(turn), np.sin(turn), np.full(count, sigma)], 1)


def drawn(modes: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    rows = modes[random.choice(len(modes), n, p=modes[:, 0] / modes[:, 0].sum())]
    return rows[:, 1:3] + rows[:, 3:] * random.standard_normal((n, 2))


def test_a_perfect_sampler_has_every_mode_and_no_more_than_it_can_of_quality():
    seen = census(drawn(ring(), 200_000), ring())
    assert math.isclose(PERFECT_2D, 0.98889, abs_tol=1e-5)
    assert seen.found == 8 and abs(seen.high_quality - PERFECT_2D) < 4 * math.sqrt(PERFECT_2D / 90 / 200_000)
    assert seen.effective > 7.99


def test_bands_hold_a_perfect_samplers_shares_95_times_in_100():
    inside = []
    for seed in range(100):
        seen = census(drawn(ring(), 2_500, seed), ring())
        inside.append((seen.bands[:, 0] <= seen.shares) & (seen.shares <= seen.bands[:, 1]))
    assert 0.92 < np.mean(inside) < 0.98


@pytest.mark.parametrize("count, n", [(8, 2_500), (25, 2_500)])
def test_the_floor_of_the_reverse_kl_is_what_perfect_samplers_have(count, n):
    random = np.random.default_rng(0)
    found = [tally(random.integers(0, count, n), count) for _ in range(400)]
    floor = (count - 1) / (2 * n)
    assert found[0].floor == floor and np.mean([seen.reverse_kl for seen in found]) == pytest.approx(floor, rel=0.1)


def test_ninety_percent_on_one_of_eight_counts_as_little_more_than_one_mode():
    counts = np.array([6300, *[100] * 7])
    seen = Census(counts, np.full(8, 1 / 8), 7_000)
    entropy = -0.9 * math.log(0.9) - 0.1 * math.log(0.1 / 7)
    assert seen.found == 8 and seen.effective == pytest.approx(math.exp(entropy)) == pytest.approx(1.6815, abs=1e-4)
    assert seen.reverse_kl == pytest.approx(math.log(8) - entropy)
    assert seen.shares[0] > seen.bands[0, 1] and (seen.shares[1:] < seen.bands[1:, 0]).all()


def test_one_mode_alone_is_one_effective_mode_and_log_k_away():
    modes = ring()
    seen = census(drawn(modes[:1], 1_000), modes)
    assert seen.found == 1 and seen.effective == pytest.approx(1) and seen.reverse_kl == pytest.approx(math.log(8))


def test_uneven_weights_are_what_shares_are_held_against():
    modes = ring(4)
    modes[:, 0] = (4, 2, 1, 1)
    seen = census(drawn(modes, 100_000), modes)
    assert np.allclose(seen.weights, (0.5, 0.25, 0.125, 0.125)) and seen.reverse_kl < 1e-3
    assert census(drawn(ring(4), 100_000), modes).reverse_kl == pytest.approx(
        float(np.log(0.25 / seen.weights).mean()), abs=0.01
    )


def test_each_mode_measures_in_its_own_spread():
    modes = np.array([[1, 0, 0, 0.1], [1, 1, 0, 0.01]])
    seen = census(np.array([[0.29, 0], [0.31, 0], [1.02, 0], [0.9, 0]]), modes)
    assert seen.counts.tolist() == [1, 1] and seen.high_quality == 0.5


@pytest.mark.parametrize("x", [np.full((10, 2), 50.0), np.full((10, 2), np.nan), np.full((10, 2), np.inf)])
def test_samples_that_are_nowhere_find_nothing(x):
    seen = census(x, ring())
    assert (seen.found, seen.high_quality, seen.effective, seen.reverse_kl) == (0, 0.0, 0.0, math.inf)
    assert np.isnan(seen.shares).all()


@pytest.mark.parametrize("n", [1, 10, 2000, 100_000])
def test_bands_are_the_quantiles_of_the_binomial(n):
    random = np.random.default_rng(0)
    p = np.concatenate([random.random(300), random.random(300) ** 60, [0.0, 1.0, 1 / 8]])
    assert np.array_equal(band(n, p), binom.ppf([[0.025, 0.975]], n, p[:, None]) / n)

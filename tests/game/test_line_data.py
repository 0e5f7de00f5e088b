"""Truths about densities on the line: they integrate to one, and draws and `log_prob` tell the same story."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from gancore import seeds
from gancore.catalog import BadKnob
from gancore.game.data import data

N = 20_000
LINE = [name for name in data if data[name].page == "line"]
EDGY = {
    "normal": {"mean": -20, "std": 0.05},
    "two-normals": {"left": 3, "right": -3, "share": 0.01, "std": 0.05},
    "mixture": {"modes": "1:-4:0.001,3:0:0.8,0.5:9:2"},
    "uniform": {"low": -20, "high": 20},
    "exponential": {"rate": 20},
    "cauchy": {"spread": 10, "loc": -3},
}
BOTH = [data[name]() for name in LINE] + [data.make(name, **EDGY[name]) for name in LINE]


def log_prob(density, x):
    return density.log_prob(torch.as_tensor(x, dtype=torch.float64)).numpy()


def oracle(density):
    """The same density by SciPy."""
    if hasattr(density, "modes"):
        total = sum(w for w, _, _ in density.modes)
        return lambda x: sum(w / total * stats.norm.cdf(x, m, s) for w, m, s in density.modes)
    return {
        "uniform": lambda: stats.uniform(density.low, density.high - density.low).cdf,
        "exponential": lambda: stats.expon(scale=1 / density.rate).cdf,
        "cauchy": lambda: stats.cauchy(density.loc, density.spread).cdf,
    }[density.name]()


def knots(density):
    """Where to cut the integral: the density's own landmarks."""
    if hasattr(density, "modes"):
        return sorted({m + k * s for _, m, s in density.modes for k in (-9, -3, 0, 3, 9)})
    if density.name == "cauchy":
        return [density.loc + density.spread * t for t in (-1e6, -1e3, -10, 0, 10, 1e3, 1e6)]
    low, high = density.window
    return [low, 0.0 if density.name == "exponential" else density.low, density.scale, 40 * density.scale + abs(high)]


@pytest.mark.parametrize("density", BOTH, ids=lambda d: d.name)
def test_it_integrates_to_one(density):
    at = sorted(set(knots(density)) | ({density.high} if density.name == "uniform" else set()))
    mass = sum(
        integrate.quad(lambda x: math.exp(log_prob(density, [x])[0]), a, b, limit=200)[0] for a, b in pairwise(at)
    )
    assert mass == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("density", BOTH, ids=lambda d: d.name)
def test_log_prob_is_the_slope_of_the_distribution_function(density):
    cdf, h = oracle(density), 1e-4 * min([density.scale, *(s for _, _, s in getattr(density, "modes", ()))])
    x = density.sample(200, seeds.stream(3, "x"))[:, 0].double().numpy()
    inside = np.isfinite(log_prob(density, x - h)) & np.isfinite(log_prob(density, x + h)) & (np.abs(x) < 100)
    x = x[inside]
    slope = (cdf(x + h) - cdf(x - h)) / (2 * h)
    np.testing.assert_allclose(np.exp(log_prob(density, x)), slope, rtol=1e-4)


@pytest.mark.parametrize("density", BOTH, ids=lambda d: d.name)
def test_draws_follow_the_density(density):
    x = density.sample(N, seeds.stream(3, "x"))[:, 0].double().numpy()
    assert np.isfinite(x).all() and np.isfinite(log_prob(density, x)).all()
    assert stats.kstest(x, oracle(density)).pvalue > 1e-4


@pytest.mark.parametrize("density", BOTH, ids=lambda d: d.name)
def test_the_window_shows_nearly_all_of_it_and_scale_is_its_spread(density):
    low, high = density.window
    cdf = oracle(density)
    seen = cdf(high) - cdf(low)
    assert seen > (0.94 if density.heavy_tailed else 0.999)
    if not density.heavy_tailed:
        x = density.sample(N, seeds.stream(4, "x"))
        assert x.std().item() == pytest.approx(density.scale, rel=0.05)


def test_outside_the_support_nothing_is_likely():
    assert log_prob(data["uniform"](), [-1.01, 1.01]).tolist() == [-math.inf] * 2
    assert log_prob(data["exponential"](), [-0.01]).tolist() == [-math.inf]


def test_weights_of_a_mixture_need_not_sum_to_one():
    one, three = data.make("mixture", modes="1:-1:0.5,1:1:0.5"), data.make("mixture", modes="3:-1:0.5,3:1:0.5")
    x = np.linspace(-4, 4, 50)
    np.testing.assert_allclose(log_prob(one, x), log_prob(three, x))
    np.testing.assert_allclose(log_prob(one, x), log_prob(data.make("two-normals", left=-1, right=1), x))


def test_float32_is_answered_in_float32():
    for name in LINE:
        assert data[name]().log_prob(torch.zeros(3)).dtype == torch.float32, name


def test_an_empty_box_is_refused():
    with pytest.raises(BadKnob, match="low below the high"):
        data.make("uniform", low=2, high=2)

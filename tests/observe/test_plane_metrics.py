"""Distances in the plane are right where the answer is known, and a perfect sampler lands in its own band."""

import math

import numpy as np
import pytest
import torch

from gancore.game.data import data
from gancore.observe.metrics.plane import SIDE, PlaneReference, level

N = 500


@pytest.fixture(scope="module")
def ring():
    return PlaneReference.of(data["ring"](sigma=0.05).open(), N)


def drawn(known, seed, n=N):
    return known.source.sample(n, torch.Generator().manual_seed(seed)).numpy()


@pytest.mark.parametrize("name", ["ring", "grid", "spiral", "checkerboard", "segment"])
def test_a_perfect_sampler_is_inside_its_own_floor_in_95_of_100_draws(name):
    """All but 2 in 129 are expected inside; 400 draws tell 98.4 % from 95 % by more than four standard deviations."""
    known = PlaneReference.of(data[name]().open(), N)
    draws = [drawn(known, seed) for seed in range(400)]
    measures = {"sw1": known.sliced, "jsd": known.jsd}
    measures |= {"coverage": lambda x: known.told(x)[0], "one_nn": lambda x: known.told(x)[1]}
    if known.modes is not None:
        measures |= {
            "high_quality": lambda x: known.census(x).high_quality,
            "effective": lambda x: known.census(x).effective,
        }
    assert set(measures) == set(known.floor)
    for measure, of in measures.items():
        low, high = known.floor[measure]
        assert np.mean([low <= of(x) <= high for x in draws]) >= 0.95, measure


def test_the_divergence_on_the_grid_is_log_2_apart_and_rises_with_every_mode_that_is_missing(ring):
    assert ring.jsd(np.full((N, 2), 50.0)) == pytest.approx(math.log(2), abs=1e-6)
    centres, x = ring.modes[:, 1:3], drawn(ring, 1)
    nearest = np.linalg.norm(x[:, None] - centres, axis=2).argmin(1)
    kept = [x[nearest < count][np.arange(N) % (nearest < count).sum()] for count in (8, 6, 4, 2, 1)]
    found = [ring.jsd(some) for some in kept]
    assert found == sorted(found) and found[0] < ring.floor["jsd"][1]
    exact = 0.5 * math.log(2 / 1.5) + 0.5 * (0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(2))  # half of the modes
    assert found[2] == pytest.approx(exact, abs=2 * ring.floor["jsd"][1])
    assert math.isnan(ring.jsd(np.full((N, 2), np.nan)))


@pytest.mark.parametrize("imbalance", [1.0, 20.0])
def test_bands_hold_a_perfect_samplers_shares_95_times_in_100(imbalance):
    known = PlaneReference.of(data["ring"](imbalance=imbalance).open(), N)
    shares = np.array([known.census(drawn(known, seed)).counts / N for seed in range(200)])
    inside = (known.bands[:, 0] <= shares) & (shares <= known.bands[:, 1])
    assert 0.93 < inside.mean() < 0.99  # counts are whole: the band holds a little more
    np.testing.assert_allclose(
        known.expected / known.expected.sum(), known.modes[:, 0] / known.modes[:, 0].sum(), atol=0.01
    )


def test_a_moved_sample_is_as_far_away_as_all_directions_see_on_average(ring):
    away = (
        3 * np.abs(ring.directions[0]).mean()
    )  # W1 of a shift is its length along the direction; 2/pi of it in the mean
    assert away == pytest.approx(3 * 2 / math.pi, rel=0.01)
    x = drawn(ring, 1) + np.array([3, 0], np.float32)
    assert ring.sliced(x) == pytest.approx(away, rel=0.02)


def test_what_is_not_finite_has_no_distance(ring):
    x = drawn(ring, 1)
    x[3, 0] = np.inf
    assert math.isnan(ring.sliced(x))


@pytest.mark.parametrize("name", ["ring", "grid", "rings", "checkerboard", "segment", "disjoint"])
def test_the_real_share_of_cells_is_what_many_samples_have(name):
    known = PlaneReference.of(data[name]().open(), 100)
    many = known.share(drawn(known, 2, 200_000))
    assert np.abs(known.p - many).sum() < 0.03 and known.p.sum() == pytest.approx(1, abs=0.02)


def test_where_no_density_is_known_there_is_none():
    assert PlaneReference.of(data["spiral"]().open(), 100).p is None


def test_samples_beyond_the_window_or_nowhere_count_without_being_seen(ring):
    x = drawn(ring, 1)
    x[: N // 2] = 1e30
    x[0] = np.nan
    assert ring.share(x).sum() == pytest.approx(0.5, abs=0.02)


def test_the_line_where_a_field_is_zero_is_a_circle_for_a_cone():
    window = ((-2.0, 2.0), (-1.0, 3.0))
    x, y = (low + (high - low) * (np.arange(SIDE) + 0.5) / SIDE for low, high in window)
    x, y = level(np.hypot(*np.meshgrid(x, y - 1)) - 1.2, window)
    assert np.isnan(x[2::3]).all() and len(x) > 150
    there = np.isfinite(x)
    np.testing.assert_allclose(np.hypot(x[there], y[there] - 1), 1.2, atol=0.01)
    ends = {(round(float(a), 4), round(float(b), 4)) for a, b in zip(x[there], y[there])}
    assert len(ends) == there.sum() // 2  # every end is met by the next segment's


@pytest.mark.parametrize("value", [1.0, -1.0, np.nan])
def test_a_field_that_is_nowhere_zero_has_no_line(value):
    x, y = level(np.full((SIDE, SIDE), value), ((0.0, 1.0), (0.0, 1.0)))
    assert len(x) == len(y) == 0

"""What the plane's metrics say of known states of G: a ring of eight, spread 0.05, 512 samples, means of 20 draws.

The table was measured once, before this code, with programs of its own. Where it gives an interval of a perfect sampler's
draws, so do ours; the means agree within what 20 draws on either side leave to chance.
"""

import numpy as np
import pytest

from gancore.game.data import data
from gancore.observe.metrics.modes import census
from gancore.observe.metrics.neighbours import Neighbourhood

N, DRAWS, SIGMA = 512, 20, 0.05
MODES = np.array(data["ring"](sigma=SIGMA).modes)
CENTRES = MODES[:, 1:3]


def on(chance, rows, sigma=SIGMA):
    return CENTRES[rows] + sigma * chance.standard_normal((N, 2))


def turning(chance):
    turn = 2 * np.pi * chance.random(N)
    return np.stack([np.cos(turn), np.sin(turn)], 1) + SIGMA * chance.standard_normal((N, 2))


STATES = {
    "perfect": lambda chance: on(chance, chance.integers(0, 8, N)),
    "4 of 8 modes": lambda chance: on(chance, chance.integers(0, 4, N)),
    "1 of 8 modes": lambda chance: on(chance, np.zeros(N, int)),
    "point on a mode": lambda chance: np.tile(CENTRES[0], (N, 1)),
    "point at centre": lambda chance: np.zeros((N, 2)),
    "90 % on one": lambda chance: on(chance, np.where(chance.random(N) < 0.9, 0, chance.integers(1, 8, N))),
    "uniform ring": turning,
    "blurred x3": lambda chance: on(chance, chance.integers(0, 8, N), 3 * SIGMA),
    "noise": lambda chance: chance.standard_normal((N, 2)),
}
COLUMNS = ("found", "a tenth of fair", "high quality", "off", "effective", "coverage", "1-NN")
TABLE = {
    "perfect": (8.0, 8.0, 0.988, 0.046, 7.95, 0.966, 0.505),
    "4 of 8 modes": (4.0, 4.0, 0.990, 0.500, 3.99, 0.497, 0.667),
    "1 of 8 modes": (1.0, 1.0, 0.990, 0.875, 1.00, 0.123, 0.892),
    "point on a mode": (1.0, 1.0, 1.000, 0.875, 1.00, 0.015, 0.998),
    "point at centre": (0.0, 0.0, 0.000, 1.000, 0.00, 0.000, 1.000),
    "90 % on one": (8.0, 4.8, 0.988, 0.778, 1.65, 0.479, 0.801),
    "uniform ring": (8.0, 8.0, 0.354, 0.076, 7.85, 0.661, 0.777),
    "blurred x3": (8.0, 8.0, 0.390, 0.069, 7.87, 0.641, 0.755),
    "noise": (7.7, 7.7, 0.055, 0.229, 6.77, 0.178, 0.937),
}
# To how many digits the table was written; where its single point lay on the mode it does not say: 2 of 512 samples.
EXACT = (0.05, 0.05, 0.0005, 0.0005, 0.005, 0.004, 0.0005)


def measured(state) -> np.ndarray:
    """(draws, columns)"""
    rows = []
    for seed in range(DRAWS):
        chance = np.random.default_rng(seed)
        real, fake = STATES["perfect"](chance), STATES[state](chance)
        seen = census(fake, MODES)
        tenth = (seen.shares >= 0.1 / 8).sum()
        rows.append(
            (seen.found, tenth, seen.high_quality, seen.off, seen.effective, *Neighbourhood.of(real).told(fake))
        )
    return np.array(rows)


@pytest.mark.parametrize("state", STATES)
def test_the_table_is_reproduced(state):
    rows = measured(state)
    chance = 4 * rows.std(0, ddof=1) * (2 / DRAWS) ** 0.5  # standard errors of the difference of two means
    for name, mean, expected, within in zip(COLUMNS, rows.mean(0), TABLE[state], chance + EXACT):
        assert mean == pytest.approx(expected, abs=within + 1e-9), name


@pytest.mark.parametrize("column, low, high", [("off", 0.027, 0.061), ("1-NN", 0.476, 0.544)])
def test_a_perfect_samplers_draws_lie_in_the_tables_intervals(column, low, high):
    """The intervals are those of 20 other draws, whose range new draws leave in 2 of 21 cases."""
    draws = measured("perfect")[:, COLUMNS.index(column)]
    assert low < draws.mean() < high and ((low <= draws) & (draws <= high)).mean() >= 0.7


def test_coverage_and_1nn_tell_every_bad_state_from_a_perfect_one_which_the_count_of_modes_does_not():
    perfect = measured("perfect")
    coverage, told = (COLUMNS.index(name) for name in ("coverage", "1-NN"))
    for state in set(STATES) - {"perfect"}:
        bad = measured(state)
        assert bad[:, coverage].max() < perfect[:, coverage].min() and bad[:, told].min() > perfect[:, told].max(), (
            state
        )
    assert measured("90 % on one")[:, 0].min() >= 7  # "8 of 8", of a generator that is worth 1.65 modes

"""Truths about laws in the plane: they integrate to one, draws follow them, and every mode gets its share."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gancore import seeds
from gancore.catalog import BadKnob
from gancore.game.data import data

N = 40_000
PLANE = [name for name in data if data[name].page == "plane" and name != "own-points"]
# Wide enough for a lattice to see them; what is narrow differs by scale alone.
LAWS = [data[name]() for name in PLANE if name not in ("ring", "grid")] + [
    data.make("ring", sigma=0.05),
    data.make("ring", count=3, radius=2, sigma=0.2, imbalance=20),
    data.make("grid", sigma=0.3),
    data.make("grid", side=2, spacing=1, sigma=0.5),
    data.make("plane-mixture", modes="1:-1:3:0.5,3:0:0:0.2"),
    data.make("rings", count=5, sigma=0.3),
    data.make("segment", angle=-90, length=0.1, sigma=1),
    data.make("segment", angle=75, length=10, sigma=0.1),
    data.make("disjoint", gap=0, radius=2),
    data.make("checkerboard", cells=10, half=0.5),
    data.make("pinwheel", blades=1, twist=-2),
    data.make("spiral", arms=5, turns=0.25),
]
KNOWN = [law for law in LAWS if hasattr(law, "log_prob")]


def lattice(law, cells):
    """Edges of a lattice over four standard deviations beyond the window, (2, cells + 1), its centres and a cell's area."""
    room = 4 * law.scale
    edges = np.stack([np.linspace(low - room, high + room, cells + 1) for low, high in law.window])
    x, y = (edges[:, 1:] + edges[:, :-1]) / 2
    centres = torch.from_numpy(np.stack(np.meshgrid(x, y, indexing="ij"), -1))
    return edges, centres, math.prod(np.diff(edges)[:, 0])


def named(law):
    return law.name


@pytest.mark.parametrize("law", KNOWN, ids=named)
def test_it_integrates_to_one(law):
    _, centres, area = lattice(law, 1500)
    assert (law.log_prob(centres).exp().sum() * area).item() == pytest.approx(1, abs=3e-3)


@pytest.mark.parametrize("law", KNOWN, ids=named)
def test_draws_follow_the_density(law):
    fine, coarse = 1200, 30
    edges, centres, area = lattice(law, fine)
    mass = law.log_prob(centres).exp().numpy() * area
    mass = mass.reshape(coarse, fine // coarse, coarse, -1).sum((1, 3)).ravel()
    x = law.sample(N, seeds.stream(3, "x"))
    counts = np.histogram2d(*x.T.numpy(), bins=edges[:, :: fine // coarse])[0].ravel()
    assert law.log_prob(x.double()).isfinite().double().mean() > 0.999  # float32 may fall onto the border of an area
    some = mass * N > 20
    seen, due = counts[some], mass[some]
    assert seen.sum() == pytest.approx(due.sum() * N, abs=5 * math.sqrt(N * max(1 - due.sum(), 1e-3)))
    due = due * seen.sum() / due.sum()
    assert stats.chisquare(seen, due).pvalue > 1e-4


@pytest.mark.parametrize("law", [law for law in LAWS if hasattr(law, "modes")], ids=named)
def test_every_mode_gets_its_share(law):
    weight, *place, sigma = np.array(law.modes).T
    x = law.sample(N, seeds.stream(4, "x")).double().numpy()
    share = weight / weight.sum()
    log_each = np.log(share) - 2 * np.log(sigma) - ((x[:, None] - np.stack(place, 1)) ** 2).sum(2) / (2 * sigma**2)
    belongs = np.exp(log_each - log_each.max(1, keepdims=True))
    belongs = (belongs / belongs.sum(1, keepdims=True)).mean(0)
    assert (np.abs(belongs - share) < 5 * np.sqrt(share * (1 - share) / N)).all()


@pytest.mark.parametrize("law", [*LAWS, data["ring"](), data["grid"]()], ids=named)
def test_the_window_shows_nearly_all_of_it_and_scale_is_its_spread(law):
    x = law.sample(N, seeds.stream(5, "x"))
    low, high = torch.tensor(law.window).T
    assert ((x > low) & (x < high)).all(1).float().mean() > 0.995
    assert ((x.amax(0) - x.amin(0)) / (high - low)).max() > 0.5  # and is not too large for it
    assert x.var(0).mean().sqrt().item() == pytest.approx(law.scale, rel=0.05)


def test_the_ring_is_that_of_the_literature():
    ring = data["ring"]()
    weight, x, y, sigma = np.array(ring.modes).T
    assert len(ring.modes) == 8 and (weight == 1).all() and (sigma == 0.01).all()
    np.testing.assert_allclose(np.hypot(x, y), 1)
    gaps = np.hypot(x[:, None] - x, y[:, None] - y) + 9 * np.eye(8)
    np.testing.assert_allclose(gaps.min(1), 2 * math.sin(math.pi / 8))  # eight places, none of them twice
    uneven = np.array(data.make("ring", imbalance=10).modes)[:, 0]
    assert uneven[0] / uneven[-1] == pytest.approx(10) and (np.diff(uneven) < 0).all()


def test_the_grid_is_that_of_the_literature():
    places = {(x, y) for _, x, y, _ in data["grid"]().modes}
    assert places == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}


def test_within_three_sigma_lie_as_many_as_the_law_says():
    """1 - exp(-4.5) = 98.89 %: the most that "high quality" can be."""
    ring = data["ring"]()
    place = torch.tensor(ring.modes)[:, 1:3]
    near = torch.cdist(ring.sample(N, seeds.stream(6, "x")), place).amin(1) < 3 * ring.sigma
    due = 1 - math.exp(-4.5)
    assert abs(near.double().mean().item() - due) < 4 * math.sqrt(due * (1 - due) / N)


@pytest.mark.parametrize(
    "name, distance", [("spiral", 1.1), ("two-moons", 1.9), ("swiss-roll", 2.2), ("pinwheel", 2.8)]
)
def test_curves_stay_within_reach(name, distance):
    x = data[name]().sample(N, seeds.stream(7, "x"))
    assert x.norm(dim=1).max() < distance


def test_moons_do_not_touch():
    moons = data.make("two-moons", sigma=0.001)
    x = moons.sample(4000, seeds.stream(8, "x"))
    upper = (x[:, 0] + 0.5).square() + (x[:, 1] + 0.25).square() < 1.01
    upper &= (x[:, 1] > -0.26) & ((x[:, 0] + 0.5).square() + (x[:, 1] + 0.25).square() > 0.99)
    assert abs(upper.float().mean() - 0.5) < 0.05
    assert torch.cdist(x[upper], x[~upper]).min() > 0.2


@pytest.mark.parametrize("name", ["disjoint", "checkerboard"])
def test_off_the_support_nothing_is_likely(name):
    law = data[name]()
    assert law.log_prob(torch.tensor([[0.0, 0.001], [99.0, 0.0]]))[-1] == -math.inf
    assert law.log_prob(law.sample(100, seeds.stream(9, "x"))).isfinite().all()


@pytest.mark.parametrize("law", KNOWN, ids=named)
def test_float32_is_answered_in_float32_and_anywhere(law):
    far = law.log_prob(torch.tensor([[0.0, 0.0], [1e3, -1e3]]))
    assert far.shape == (2,) and far.dtype == torch.float32 and not far.isnan().any()


def test_a_board_with_an_odd_number_of_squares_is_refused():
    with pytest.raises(BadKnob, match="even number"):
        data.make("checkerboard", cells=3)

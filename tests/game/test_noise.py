"""Truths about priors: their moments, their bounds, and that what they refuse is refused."""

import math

import pytest
import torch
from scipy import stats

from gancore import seeds
from gancore.catalog import BadKnob
from gancore.game.noise import Bernoulli, Mixture, Normal, Point, Spherical, Stratified, TruncatedNormal, Uniform, noise

N = 20_000


def drawn(prior, name="z"):
    return prior.sample(N, seeds.stream(5, name))


def mixture_cdf(prior):
    centres = prior.centres()[:, 0].tolist()
    return lambda x: sum(stats.norm.cdf(x, c, prior.spread) for c in centres) / len(centres)


DISTRIBUTIONS = [
    (Uniform(low=-0.5, high=3.0), stats.uniform(-0.5, 3.5).cdf),
    (Normal(std=2.5), stats.norm(scale=2.5).cdf),
    (TruncatedNormal(bound=2.0), stats.truncnorm(-2, 2).cdf),
    (TruncatedNormal(bound=0.1), stats.truncnorm(-0.1, 0.1).cdf),
    (Mixture(components=3), mixture_cdf(Mixture(components=3))),
    (Spherical(dim=3, radius=2.0), stats.uniform(-2, 4).cdf),  # Archimedes: on a sphere each coordinate is uniform
    (Spherical(dim=2), stats.arcsine(-1, 2).cdf),
    (Stratified(reach=5.0), stats.uniform(-5, 10.01).cdf),
    (Stratified(dim=2, reach=8.0, jitter=0.0), stats.uniform(-8, 16).cdf),
]


@pytest.mark.parametrize("prior, cdf", DISTRIBUTIONS, ids=lambda value: getattr(value, "name", ""))
def test_draws_follow_their_distribution(prior, cdf):
    z = drawn(prior)[:, 0].double().numpy()
    # 1e-4: seeds are fixed, so that this cannot flicker; a wrong distribution has p = 0 at this size.
    assert stats.kstest(z, cdf).pvalue > 1e-4


DEPENDENT = {"stratified", "point"}  # by design


@pytest.mark.parametrize("name", [name for name in noise if name not in DEPENDENT])
def test_numbers_of_one_z_and_draws_are_uncorrelated(name):
    z = drawn(noise.make(name, dim=2))
    between = torch.corrcoef(z.T)[0, 1]
    following = torch.corrcoef(torch.stack([z[1:, 0], z[:-1, 0]]))[0, 1]
    assert abs(between) < 5 / math.sqrt(N) and abs(following) < 5 / math.sqrt(N)


def test_bounds_are_kept():
    assert drawn(Uniform(low=-1, high=1)).abs().max() <= 1
    for bound in (0.1, 2.0, 5.0):
        z = drawn(TruncatedNormal(bound=bound))
        assert z.isfinite().all() and z.abs().max() <= bound


@pytest.mark.parametrize("p", [0.01, 0.5, 0.9])
def test_bernoulli_is_zeros_and_ones(p):
    z = drawn(Bernoulli(dim=3, p=p))
    assert set(z.unique().tolist()) == {0, 1}
    assert (z.mean(0) - p).abs().max() < 5 * math.sqrt(p * (1 - p) / N)


@pytest.mark.parametrize("dim", [1, 2, 256])
def test_on_a_sphere_all_are_equally_far_out_and_no_side_is_preferred(dim):
    z = drawn(Spherical(dim=dim, radius=3.0))
    torch.testing.assert_close(z.norm(dim=1), torch.full((N,), 3.0))
    assert z.mean(0).abs().max() < 5 * 3 / math.sqrt(dim * N)
    assert (z.T @ z / N - torch.eye(dim) * 9 / dim).abs().max() < 6 * 9 / dim / math.sqrt(N) * math.sqrt(2)


@pytest.mark.parametrize("dim", [1, 3])
def test_stratified_batches_leave_no_gap_and_only_the_first_number_is_in_order(dim):
    z = Stratified(dim=dim, reach=8.0, jitter=0.01).sample(8, seeds.stream(5, "z"))
    jitter = z.sort(0).values - torch.linspace(-8, 8, 8)[:, None]
    assert jitter.min() > -1e-6 and 0.005 < jitter.max() < 0.01 + 1e-6
    assert torch.equal(z[:, 0], z[:, 0].sort().values)
    assert all(not torch.equal(column, column.sort().values) for column in z[:, 1:].T)


def test_a_point_is_one():
    assert torch.equal(drawn(Point()), torch.ones(N, 1))


def test_mean_and_spread():
    for prior, std in [(Uniform(low=-math.sqrt(3), high=math.sqrt(3)), 1.0), (Normal(std=0.7), 0.7)]:
        z = drawn(prior)
        assert abs(z.mean()) < 5 * std / math.sqrt(N)
        assert z.std().item() == pytest.approx(std, rel=0.03)


def test_a_mixtures_bells_lie_evenly():
    line = Mixture(components=3, radius=2.0).centres()
    assert line[:, 0].tolist() == [-2, 0, 2]
    ring = Mixture(components=8, dim=2, radius=2.0).centres()
    assert torch.allclose(ring.norm(dim=1), torch.tensor(2.0))
    gaps = torch.cdist(ring, ring).fill_diagonal_(9).min(1).values
    assert torch.allclose(gaps, gaps[0]) and gaps[0] > 1  # eight bells, none of them twice


def test_an_empty_interval_is_refused():
    with pytest.raises(BadKnob, match="low below the high"):
        Uniform(low=1, high=1)


def test_streams_of_a_seed_are_independent_and_named():
    a, b = drawn(Normal(), "data")[:, 0], drawn(Normal(), "noise")[:, 0]
    assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1]) < 5 / math.sqrt(N)
    assert torch.equal(a, drawn(Normal(), "data")[:, 0])


def test_a_cloned_stream_draws_what_the_other_would_have():
    one = seeds.stream(1, "x")
    torch.randn(7, generator=one)
    other = seeds.clone(one)
    assert torch.equal(torch.randn(9, generator=one), torch.randn(9, generator=other))

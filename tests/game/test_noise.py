"""Truths about priors: their moments, their bounds, and that what they refuse is refused."""

import math

import pytest
import torch
from scipy import stats

from gancore import seeds
from gancore.catalog import BadKnob
from gancore.game.noise import Mixture, Normal, TruncatedNormal, Uniform, noise

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
]


@pytest.mark.parametrize("prior, cdf", DISTRIBUTIONS, ids=lambda value: getattr(value, "name", ""))
def test_draws_follow_their_distribution(prior, cdf):
    z = drawn(prior)[:, 0].double().numpy()
    # 1e-4: seeds are fixed, so that this cannot flicker; a wrong distribution has p = 0 at this size.
    assert stats.kstest(z, cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", noise)
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

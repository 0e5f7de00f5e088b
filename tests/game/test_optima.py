"""A discriminator that plays its best says what the papers say it would, and is worth what they say it is worth."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch.distributions import Normal

from gancore.game.losses import losses

X = torch.linspace(-7.0, 8.0, 101, dtype=torch.float64)
PAIRS = {
    "wider": (Normal(0.0, 1.0).log_prob(X), Normal(0.5, 1.3).log_prob(X)),
    "two bells, one missed": (
        torch.logaddexp(Normal(-1.5, 0.8).log_prob(X), Normal(1.5, 0.8).log_prob(X)) - math.log(2),
        Normal(1.2, 1.2).log_prob(X),
    ),
}
KNOWN = [name for name in losses if losses[name]().knows_best]
SETTINGS = [
    *((name, {}) for name in KNOWN),
    *((name, {"real_label": 0.9}) for name in ("non-saturating", "minimax", "zero-sum")),
    ("least-squares", {"fake_target": -1.0, "real_target": 1.0, "goal": 0.0}),
]


def masses(log_p, log_q):
    """Shares of both densities at equally spaced points: the quadrature's weights."""
    return [log.exp() / log.exp().sum() for log in (log_p, log_q)]


def expected(loss, said, p, q):
    """D's loss over independent real and generated samples: every pair of points through the loss's own `critic`."""
    each = torch.vmap(torch.vmap(lambda r, f: loss.critic(r[None], f[None]), (None, 0)), (0, None))
    return p @ each(said, said) @ q


def trained(loss, p, q, steps=700):
    """A table of free outputs, one for each point, played to its optimum.

    Every output steps by the sign of its own gradient, less and less far: points of little mass learn as fast as others,
    and no kink of a loss holds anything up.
    """
    said = torch.zeros_like(X, requires_grad=True)
    for step in range(steps):
        (slope,) = torch.autograd.grad(expected(loss, said, p, q), said)
        said = (said - 0.25 * (1 + math.cos(math.pi * step / steps)) * slope.sign()).detach().requires_grad_()
    return said.detach()


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("name, knobs", SETTINGS)
def test_a_discriminator_trained_to_its_optimum_is_the_formula(name, knobs, pair):
    loss, (log_p, log_q) = losses.make(name, **knobs), PAIRS[pair]
    p, q = masses(log_p, log_q)
    said, best = trained(loss, p, q), loss.optimum(log_p, log_q)
    if torch.equal(loss.read(X), torch.sigmoid(X)):
        best = torch.logit(best)
    off = said - best
    if loss.up_to_a_constant:
        off = off - (off * (p + q)).sum() / 2
    assert off[log_p.exp() + log_q.exp() > 1e-3].abs().max() < 1e-3
    assert -expected(loss, said, p, q).item() == pytest.approx(loss.value_at_optimum(p, q).item(), abs=1e-5)


@pytest.mark.parametrize("name, knobs", SETTINGS)
def test_at_equal_densities_the_best_d_is_undecided_and_loses_what_is_promised(name, knobs):
    loss, (log_p, _) = losses.make(name, **knobs), PAIRS["wider"]
    p, _ = masses(log_p, log_p)
    assert torch.allclose(loss.optimum(log_p, log_p), torch.tensor(loss.undecided, dtype=torch.float64))
    assert loss.value_at_optimum(p, p).item() == pytest.approx(-loss.equilibrium_d)


def test_only_what_depends_on_the_whole_of_both_densities_is_not_drawn():
    assert losses.keys() - set(KNOWN) == {"wasserstein", "relativistic-average"}
    for name in losses.keys() - set(KNOWN):
        assert losses[name]().optimum(X, X) is None and losses[name]().value_at_optimum(X, X) is None


# JSD in nats of Normal(mean, std) pairs, by adaptive quadrature.
JSD = {
    ((0, 1), (1, 1)): 0.111421,
    ((0, 1), (2, 1)): 0.336831,
    ((0, 1), (4, 1)): 0.632720,
    ((0, 1), (8, 1)): 0.693054,
    ((4, 0.5), (0, 1)): 0.681872,
    ((4, 0.5), (4, 0.1)): 0.302798,
    ((-1, 1), (-1, 0.5)): 0.092733,
}
FINE = torch.linspace(-15.0, 15.0, 6001, dtype=torch.float64)


def fine(mean_and_std):
    log = Normal(*map(float, mean_and_std)).log_prob(FINE)
    return log.exp() / log.exp().sum()


@pytest.mark.parametrize("p, q", JSD)
def test_the_game_of_2014_is_worth_twice_the_jsd_minus_log_four(p, q):
    value = 2 * JSD[p, q] - math.log(4)
    for name in ("non-saturating", "minimax", "zero-sum"):
        assert losses[name]().value_at_optimum(fine(p), fine(q)).item() == pytest.approx(value, abs=3e-6)
    fgan = losses["fgan-jensen-shannon"]().value_at_optimum(fine(p), fine(q)).item()
    assert fgan == pytest.approx(2 * JSD[p, q], abs=3e-6)


def integral(of):
    """The integral of a function of the densities of N(0, 1) and N(1, 1), by adaptive quadrature."""
    return quad(lambda x: of(norm.pdf(x), norm.pdf(x, 1)), -12, 13, epsabs=1e-10)[0]


# What D's best is worth on N(0, 1) against N(1, 1), in closed form where there is one.
WORTH = {
    "least-squares": integral(lambda p, q: (p - q) ** 2 / (p + q)) / 8 - 1 / 4,
    "hinge": 2 * (2 * norm.cdf(0.5) - 1) - 2,
    "fgan-kl": 0.5,
    "fgan-reverse-kl": 0.5,
    "fgan-pearson": math.e - 1,
    # x real and y generated, or the other way round: log p(x)q(y)/q(x)p(y) = y - x is N(1, 2) under p×q.
    "relativistic": -quad(lambda t: np.logaddexp(0, -t) * norm.pdf(t, 1, math.sqrt(2)), -15, 17)[0],
}


@pytest.mark.parametrize("name", WORTH)
def test_other_games_are_worth_their_own_divergence(name):
    value = losses[name]().value_at_optimum(fine((0, 1)), fine((1, 1))).item()
    assert value == pytest.approx(WORTH[name], abs=1e-5)


def test_what_never_meets_is_worth_most():
    """Disjoint densities: JSD = log 2, TV = 1, triangular discrimination 2; KL and χ² have no bound."""
    p, q = torch.tensor([0.3, 0.7, 0, 0]), torch.tensor([0, 0, 0.5, 0.5])
    worth = {name: losses[name]().value_at_optimum(p, q) for name in KNOWN}
    assert all(worth[name].isinf() for name in ("fgan-kl", "fgan-reverse-kl", "fgan-pearson"))
    assert worth.pop("fgan-jensen-shannon").item() == pytest.approx(2 * math.log(2))
    assert all(abs(value) < 1e-6 for value in worth.values() if value.isfinite())

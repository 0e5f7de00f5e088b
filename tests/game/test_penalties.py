"""Penalties against finite differences, against closed forms on critics whose slope is known, and in and out of vmap."""

from types import SimpleNamespace

import pytest
import torch
from torch.func import grad, vmap

from gancore import seeds
from gancore.game.penalties import penalties, steepness

REAL, FAKE = (torch.randn(6, 3, dtype=torch.float64, generator=seeds.stream(s, "x")) for s in (1, 2))
TERMS = {name: penalties[name]() for name in penalties if penalties[name].active}
TERMS["wgan-gp one-sided"] = penalties.make("wgan-gp", one_sided=True, slope=0.4)
SIZES = (3 * 5, 5, 5 * 4, 4, 4)


def critic(flat):
    """A small network as a function of its flat weights: 3 -> 5 -> 4 -> 1, with bends that have all derivatives."""
    w1, b1, w2, b2, w3 = flat.split(SIZES)

    def of(x):
        hidden = torch.tanh(x @ w1.view(3, 5) + b1)
        return torch.nn.functional.softplus(hidden @ w2.view(5, 4) + b2) @ w3

    return of


def term(penalty, flat, dtype=torch.float64):
    """The term with the same draws at every call."""
    return penalty.term(critic(flat), REAL.to(dtype), FAKE.to(dtype), seeds.stream(3, "inner"))


def weights(*shape):
    return torch.randn(*shape, sum(SIZES), dtype=torch.float64, generator=seeds.stream(4, "weights"))


def plane(*slope):
    """A critic with the same slope everywhere."""
    return lambda x: x @ torch.tensor(slope, dtype=x.dtype) + 7


def hill(x):
    """|x|²/2, a critic whose slope at x is x: its penalties tell where they looked."""
    return x.square().sum(1) / 2


@pytest.mark.parametrize("name", TERMS)
def test_a_gradient_agrees_with_finite_differences(name):
    flat = weights()
    assert torch.autograd.gradcheck(lambda w: term(TERMS[name], w), flat.requires_grad_())


@pytest.mark.parametrize("name", TERMS)
def test_a_gradient_can_be_differentiated_again(name):
    """As consensus optimisation and unrolling do."""
    flat = weights()
    assert torch.autograd.gradgradcheck(lambda w: term(TERMS[name], w), flat.requires_grad_(), atol=1e-4)


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("dtype, off", [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_side_by_side_equals_one_by_one(name, dtype, off):
    stack = 0.5 * weights(4).to(dtype)
    together = vmap(grad(lambda w: term(TERMS[name], w, dtype)), randomness="same")(stack)
    for flat, of_vmap in zip(stack, together):
        flat = flat.clone().requires_grad_()
        (alone,) = torch.autograd.grad(term(TERMS[name], flat, dtype), flat)
        assert (of_vmap - alone).abs().max() <= off * alone.abs().max().clamp_min(1)


@pytest.mark.parametrize("name, costs", [("r1", 0.7 / 2 * 25), ("r2", 0.7 / 2 * 25)])
def test_zero_centred_penalties_are_half_gamma_times_the_squared_slope(name, costs):
    assert penalties.make(name, gamma=0.7).term(plane(0, 3, 4), REAL, FAKE, None).item() == pytest.approx(costs)


def test_r1_looks_at_real_r2_at_generated_and_r1_r2_at_both():
    on_real, on_fake = (x.square().sum(1).mean().item() / 2 for x in (REAL, FAKE))
    assert penalties.make("r1", gamma=2).term(hill, REAL, FAKE, None).item() == pytest.approx(2 * on_real)
    assert penalties.make("r2", gamma=3).term(hill, REAL, FAKE, None).item() == pytest.approx(3 * on_fake)
    both = penalties.make("r1-r2", gamma1=2, gamma2=3).term(hill, REAL, FAKE, None).item()
    assert both == pytest.approx(2 * on_real + 3 * on_fake)


@pytest.mark.parametrize("name", ["wgan-gp", "dragan"])
@pytest.mark.parametrize("slope, wanted, costs", [(1, 1, 0), (3, 1, 4), (0.25, 1, 0.5625), (2, 2, 0), (0, 1, 1)])
def test_one_centred_penalties_cost_the_squared_distance_from_the_wanted_slope(name, slope, wanted, costs):
    penalty = penalties.make(name, weight=10, slope=wanted)
    paid = penalty.term(plane(0, 0.6 * slope, 0.8 * slope), REAL, FAKE, seeds.stream(1, "inner"))
    assert paid.item() == pytest.approx(10 * costs, abs=1e-8)


@pytest.mark.parametrize("slope, costs", [(1, 0), (0.25, 0), (3, 4)])
def test_one_sided_only_too_steep_costs(slope, costs):
    paid = penalties.make("wgan-gp", weight=10, one_sided=True).term(
        plane(slope, 0, 0), REAL, FAKE, seeds.stream(1, "")
    )
    assert paid.item() == pytest.approx(10 * costs, abs=1e-8)


def looked_at(name, **knobs):
    """The points at which a penalty takes the slope."""
    seen = []

    def noting(x):
        seen.append(x.detach())
        return hill(x)

    penalties.make(name, **knobs).term(noting, REAL, FAKE, seeds.stream(1, "inner"))
    return seen[0]


def test_wgan_gp_looks_between_each_real_sample_and_its_generated_one():
    share = (looked_at("wgan-gp") - REAL) / (FAKE - REAL)
    assert (share - share[:, :1]).abs().max() < 1e-9 and share.min() > 0 and share.max() < 1
    assert len(share[:, 0].unique()) == len(REAL)


def test_dragan_looks_into_a_cloud_around_the_real_samples():
    offset = (looked_at("dragan", spread=0.5) - REAL) / REAL.std(correction=0)
    assert offset.min() >= 0 and offset.max() < 0.5 and len(offset.unique()) == offset.numel()
    assert torch.equal(looked_at("dragan", spread=0), REAL)


@pytest.mark.parametrize("name", TERMS)
def test_a_flat_critic_has_finite_gradients_of_all_orders(name):
    """A dead ReLU has slope exactly 0, where a root has none."""
    flat = torch.zeros(sum(SIZES), dtype=torch.float32).requires_grad_()
    (first,) = torch.autograd.grad(term(TERMS[name], flat, torch.float32), flat, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), flat)
    assert first.isfinite().all() and second.isfinite().all()


def test_steepness_is_the_length_of_the_slope():
    torch.testing.assert_close(steepness(hill, REAL), REAL.norm(dim=1), rtol=1e-12, atol=0)


def test_historical_averaging_pulls_along_the_gradient_of_its_term_to_the_mean_of_all_points():
    penalty, points = penalties.make("historical-averaging", weight=0.7), weights(5)
    memory = penalty.start(points[0])
    for point in points[1:]:
        memory = penalty.remember(point, memory)
    torch.testing.assert_close(memory["mean"], points.mean(0), rtol=1e-12, atol=1e-12)
    theta = weights().requires_grad_()
    (gradient,) = torch.autograd.grad(0.7 * (theta - points.mean(0)).square().sum(), theta)
    torch.testing.assert_close(penalty.pull(theta.detach(), memory), gradient)


@pytest.mark.parametrize("weight", [0.25, 0.5, 1.0])
def test_historical_averaging_lands_by_a_power_of_time(weight):
    """On min max x y, where gradient descent circles for ever (Salimans et al. 2016, section 3.3).

    The players follow their mean m, x = 2λ (A + 2λ)⁻¹ m where A turns by a right angle (eigenvalues ±i), and the mean
    follows them, dm / d log t = x - m: so the distance falls as t to the power -1 / (1 + 4λ²).
    """
    penalty, h = penalties.make("historical-averaging", weight=weight), 0.05
    both, far = torch.tensor([1.0, 1.0], dtype=torch.float64), {}
    memory = penalty.start(both)
    for t in range(1, 4001):
        field = torch.stack([both[1], -both[0]]) + penalty.pull(both, memory)
        both = both - h * field
        memory = penalty.remember(both, memory)
        far[t] = both.norm().item()
    assert far[4000] / far[1000] == pytest.approx(4 ** (-1 / (1 + 4 * weight**2)), rel=0.02)


@pytest.mark.parametrize("name", penalties)
def test_who_looks_at_each_sample_by_itself_refuses_a_d_whose_samples_see_each_other(name):
    penalty = penalties[name]()
    for sees_batch in (True, False):
        reason = penalty.refuses(SimpleNamespace(d=SimpleNamespace(sees_batch=sees_batch)))
        assert bool(reason) == (sees_batch and name not in ("none", "historical-averaging"))
        assert not reason or (name in reason and "batch normalisation" in reason)

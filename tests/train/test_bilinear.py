"""The bilinear game min max x·y: how far each way of moving stretches a circle around 0, against its formula."""

import cmath
import math

import pytest
import torch

from tests.train.smallest import eigenvalues, rho, smallest, walk, walk_g_first, where

pytestmark = pytest.mark.usefixtures("double")
SMALL, BEST = 0.1, 1 / math.sqrt(2)
STEPS = (0.05, 0.1, 0.3, 0.5, 0.57, 0.7, 1.0)


def bilinear(eta, dynamics, **settings):
    return smallest(eta, loss="wasserstein", dynamics=dynamics, **settings)


def near(value):
    return pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("eta", STEPS)
def test_simultaneous_steps_spiral_out_from_every_point(eta):
    trainer = bilinear(eta, "simultaneous")
    squares = torch.cat([where(trainer)[None], walk(trainer, 50)]).square().sum(1)
    torch.testing.assert_close(squares[1:] / squares[:-1], torch.full((50,), 1 + eta**2))
    assert rho(bilinear(eta, "simultaneous")) == near(math.sqrt(1 + eta**2))


@pytest.mark.parametrize("eta", [*STEPS, 1.9])
def test_alternating_steps_stay_on_an_ellipse(eta):
    assert rho(bilinear(eta, "alternating")) == near(1)
    x, y = walk_g_first(bilinear(eta, "alternating", at=(2.0, 0.5)), 100).T
    torch.testing.assert_close(x**2 + y**2 - eta * x * y, torch.full((100,), 4.25 - eta))


def test_alternating_steps_larger_than_two_leave_it():
    assert rho(bilinear(2.1, "alternating")) > 1.1


@pytest.mark.parametrize("eta", [*STEPS, 1.2])
def test_extragradient(eta):
    assert rho(bilinear(eta, "extragradient")) == near(math.sqrt(1 - eta**2 + eta**4))


def test_extragradient_is_best_at_a_step_of_root_one_half():
    assert rho(bilinear(BEST, "extragradient")) == near(math.sqrt(3) / 2)
    assert all(rho(bilinear(eta, "extragradient")) > 0.866026 for eta in (BEST - 0.02, BEST + 0.02))


@pytest.mark.parametrize("eta", [0.05, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_proximal_steps_always_lead_inwards(eta):
    assert rho(bilinear(eta, "proximal", dynamics__rounds=200)) == near(1 / math.sqrt(1 + eta**2))


def test_one_round_of_proximal_is_extragradient():
    one, other = (
        walk(bilinear(0.3, **how), 50)
        for how in ({"dynamics": "proximal", "dynamics__rounds": 1}, {"dynamics": "extragradient"})
    )
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("eta", STEPS)
def test_optimistic(eta):
    if eta <= 0.5:
        formula = math.sqrt((1 + math.sqrt(1 - 4 * eta**2)) / 2)
    else:
        formula = math.sqrt(1 / 4 + (eta + math.sqrt(4 * eta**2 - 1) / 2) ** 2)
    # At 1/2 two roots meet, where a push of 1e-16 moves them by 1e-8.
    assert rho(bilinear(eta, "optimistic")) == near(formula)
    assert (formula < 1) == (eta < 1 / math.sqrt(3))


@pytest.mark.parametrize("eta", [0.1, 0.4, 0.55])
def test_optimistic_is_extrapolation_from_the_past(eta):
    """Gidel et al. 2019: w½ = w - η v(the last w½), then w = w - η v(w½); the w½ are ours."""
    v = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    w = half = where(trainer := bilinear(eta, "optimistic", at=(2.0, 0.5)))
    points = []
    for _ in range(100):
        half = w - eta * v @ half
        w = w - eta * v @ half
        points.append(half)
    torch.testing.assert_close(walk(trainer, 100), torch.stack(points))


class Oracle:
    """PyTorch's Adam at work on both numbers, v the direction of each, its step taken apart from where it is taken."""

    def __init__(self):
        self.w = torch.nn.Parameter(torch.tensor([2.0, 0.5]))
        self.adam = torch.optim.Adam([self.w], lr=0.05, betas=(0.5, 0.999))

    def step(self, at):
        self.w.grad = torch.stack([at[1], -at[0]])
        before = self.w.detach().clone()
        self.adam.step()
        moved = self.w.detach() - before
        self.w.data.copy_(before)
        return moved


def test_extragradient_with_adam_is_extra_adam():
    """Gidel et al. 2019, algorithm 4: both gradients feed the moments, both steps start from the same point."""
    oracle, points = Oracle(), []
    for _ in range(100):
        ahead = oracle.w.detach() + oracle.step(oracle.w.detach())
        oracle.w.data = oracle.w.detach() + oracle.step(ahead)
        points.append(oracle.w.detach().clone())
    torch.testing.assert_close(
        walk(bilinear(0.05, "extragradient", at=(2.0, 0.5), opt="adam"), 100), torch.stack(points)
    )


def test_optimistic_with_adam_is_optimistic_adam():
    """Daskalakis et al. 2018, algorithm 1: twice Adam's step less the last one."""
    oracle, points, last = Oracle(), [], None
    for _ in range(100):
        step = oracle.step(oracle.w.detach())
        last = step if last is None else last
        oracle.w.data = oracle.w.detach() + 2 * step - last
        last = step
        points.append(oracle.w.detach().clone())
    torch.testing.assert_close(walk(bilinear(0.05, "optimistic", at=(2.0, 0.5), opt="adam"), 100), torch.stack(points))


@pytest.mark.parametrize("eta, printed", [(0.1, 0.99852), (0.3, 0.98661), (0.5, 0.96254)])
def test_negative_momentum_damps_alternating_steps(eta, printed):
    momentum = {"g_opt__momentum": -0.5, "d_opt__momentum": -0.5}
    values = eigenvalues(bilinear(eta, "alternating", **momentum))
    assert values[0].abs().item() == pytest.approx(printed, abs=6e-6)
    residue = (values - 1) ** 2 * (values + 0.5) ** 2 + eta**2 * values**3
    assert residue.abs().max() < 1e-6
    assert rho(bilinear(eta, "simultaneous", **momentum)) > 1


def test_negative_momentum_lands_up_to_a_step_of_one():
    momentum = {"g_opt__momentum": -0.5, "d_opt__momentum": -0.5}
    radii = [rho(bilinear(eta, "alternating", **momentum)) for eta in (0.9, 0.99, 1.01)]
    assert radii[0] < 1 and radii[1] < 1 < radii[2]


@pytest.mark.parametrize("k, alpha, eta", [(6, 0.4, 0.3), (5, 0.5, 0.1), (6, 0.8, 0.3), (1, 0.5, 0.2)])
def test_lookahead(k, alpha, eta):
    played = bilinear(eta, "lookahead", dynamics__turns="simultaneous", dynamics__k=k, dynamics__alpha=alpha)
    assert rho(played, iterations=k) == near(abs((1 - alpha) + alpha * (1 + eta * 1j) ** k))


def test_lookahead_lands_or_not_as_printed():
    def outer(k, alpha, eta):
        return rho(bilinear(eta, "lookahead", dynamics__turns="simultaneous", dynamics__k=k, dynamics__alpha=alpha), k)

    assert outer(6, 0.4, 0.3) == pytest.approx(0.7199, abs=5e-5)
    assert outer(5, 0.5, 0.1) == pytest.approx(0.9813, abs=5e-5)
    assert outer(6, 0.8, 0.3) == pytest.approx(1.020, abs=5e-4)


@pytest.mark.parametrize("eta", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("k", [0, 1, 2, 5])
@pytest.mark.parametrize("through, looks", [(True, 2), (False, 1)])
def test_unrolled(k, eta, through, looks):
    """G's own direction gains 2kη² of friction if it differentiates through the unrolled steps, kη² if it does not."""
    values = eigenvalues(bilinear(eta, "unrolled", dynamics__k=k, dynamics__through=through))
    half = looks * k * eta**2 / 2
    formula = (1 - half) + cmath.sqrt(half**2 - eta**2)
    assert values[0].abs().item() == near(abs(formula))
    if looks * k * eta**2 / 2 <= eta:
        assert values[0].abs().item() == near(math.sqrt(1 - (looks * k - 1) * eta**2))


@pytest.mark.parametrize("eta", STEPS)
@pytest.mark.parametrize("gamma", [0.1, 1.0])
def test_consensus(eta, gamma):
    assert rho(bilinear(eta, "consensus", dynamics__gamma=gamma)) == near(abs(1 - eta * gamma + eta * 1j))


def test_averaging_the_past_pulls_inwards():
    """Historical averaging is a friction about the mean so far: what spirals out without it stays near with it."""
    free, tied = (bilinear(SMALL, "simultaneous", penalty=name) for name in ("none", "historical-averaging"))
    free.advance(500), tied.advance(500)
    assert where(free).norm() > 10 and where(tied).norm() < 1

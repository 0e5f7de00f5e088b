"""Losses against the papers' formulas, the optimum they are said to have, and the values at equilibrium."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from gancore.config import Config
from gancore.game.constraints import Clip
from gancore.game.losses import losses
from gancore.game.penalties import R1
from gancore.train.trainer import Trainer

R, F = (torch.randn(64, dtype=torch.float64, generator=torch.Generator().manual_seed(s)) * 2 for s in (1, 2))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log_d(x):
    return np.log(sigmoid(x))


def log_not_d(x):
    return np.log(1 - sigmoid(x))


# (D's loss, G's loss) of raw outputs, as the papers write them.
PAPERS = {
    "non-saturating": (lambda r, f: -(log_d(r) + log_not_d(f)).mean(), lambda r, f: -log_d(f).mean()),
    "minimax": (lambda r, f: -(log_d(r) + log_not_d(f)).mean(), lambda r, f: log_not_d(f).mean()),
    "zero-sum": (lambda r, f: -(log_d(r) + log_not_d(f)).mean(), lambda r, f: (log_d(r) + log_not_d(f)).mean()),
    "least-squares": (
        lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(),
        lambda r, f: 0.5 * ((f - 1) ** 2).mean(),
    ),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
}


@pytest.mark.parametrize("name", losses)
def test_values_are_the_papers(name):
    loss, (d, g) = losses[name](), PAPERS[name]
    assert loss.critic(R, F).item() == pytest.approx(d(R.numpy(), F.numpy()), rel=1e-12)
    assert loss.generator(R, F).item() == pytest.approx(g(R.numpy(), F.numpy()), rel=1e-12)


@pytest.mark.parametrize("name", losses)
@pytest.mark.parametrize("player", ["critic", "generator"])
def test_gradients_are_finite_differences(name, player):
    made = getattr(losses[name](), player)
    assert torch.autograd.gradcheck(made, (R[:5].clone().requires_grad_(), F[:5].clone().requires_grad_()))


@pytest.mark.parametrize("name", [name for name in losses if losses[name].says == "D(x)" and name != "least-squares"])
@pytest.mark.parametrize("size", [30.0, 200.0, 1e4])
def test_a_discriminator_that_is_sure_overflows_nothing(name, size):
    loss = losses[name]()
    right, wrong = torch.full((4,), size), torch.full((4,), -size)
    assert loss.critic(right, wrong).item() == pytest.approx(0, abs=1e-6)
    assert loss.critic(wrong, right).item() == pytest.approx(2 * size, rel=1e-6)
    assert loss.generator(right, wrong).isfinite() and loss.generator(wrong, right).isfinite()


def test_the_generators_gradient_lives_when_d_wins_only_if_it_does_not_saturate():
    slope = {}
    for name in ("non-saturating", "minimax"):
        output = torch.full((8,), -15.0, requires_grad=True)
        losses[name]().generator(output, output).backward()
        slope[name] = output.grad.abs().sum().item()
    assert slope["non-saturating"] > 0.99 and slope["minimax"] < 1e-6


def test_zero_sum_is_a_zero_sum():
    loss = losses["zero-sum"]()
    assert loss.critic(R, F) + loss.generator(R, F) == 0
    assert [name for name in losses if losses[name].g_sees_real] == ["zero-sum"]


@pytest.mark.parametrize("name", [name for name in losses if name != "wasserstein"])
@pytest.mark.parametrize("p, q", [(1.0, 1.0), (0.3, 1.2), (2.0, 0.01)])
def test_the_optimum_minimises_ds_loss_point_by_point(name, p, q):
    """Goodfellow et al. 2014, Prop. 1: where densities are p and q, D loses p·(loss on real) + q·(loss on fake)."""
    loss, zero = losses[name](), torch.zeros(1, dtype=torch.float64)

    def at(output):
        y = torch.tensor([output], dtype=torch.float64)
        # The other side's batch stands at 0: it adds a constant, which moves no minimum.
        return (p * loss.critic(y, zero) + q * loss.critic(zero, y)).item()

    best = minimize_scalar(at, bounds=(-20, 20), method="bounded", options={"xatol": 1e-9}).x
    log_p, log_q = torch.tensor(p).double().log(), torch.tensor(q).double().log()
    assert loss.read(torch.tensor(best).double()).item() == pytest.approx(loss.optimum(log_p, log_q).item(), abs=1e-6)


def test_a_critic_has_no_optimum_point_by_point():
    assert losses["wasserstein"]().optimum(R, F) is None


@pytest.mark.parametrize("name", losses)
def test_at_equilibrium_d_is_undecided_and_the_losses_are_those_promised(name):
    loss = losses[name]()
    output = torch.full((1,), loss.undecided if name == "least-squares" else 0.0, dtype=torch.float64)
    assert loss.read(output).item() == pytest.approx(loss.undecided)
    assert loss.critic(output, output).item() == pytest.approx(loss.equilibrium_d)
    if loss.equilibrium_g is not None:
        assert loss.generator(output, output).item() == pytest.approx(loss.equilibrium_g)


def test_equilibrium_is_log_four_and_log_two():
    assert losses["non-saturating"].equilibrium_d == pytest.approx(math.log(4))
    assert losses["non-saturating"].equilibrium_g == pytest.approx(math.log(2))
    assert losses["minimax"].equilibrium_g == pytest.approx(-math.log(2))
    assert losses["zero-sum"].equilibrium_g == pytest.approx(-math.log(4))


def test_least_squares_knobs_move_its_targets():
    loss = losses.make("least-squares", fake_target=-1, real_target=1, goal=0)
    assert loss.critic(torch.ones(3), -torch.ones(3)) == 0
    assert loss.generator(None, torch.zeros(3)) == 0
    assert (loss.undecided, loss.equilibrium_d, loss.equilibrium_g) == (0.0, 1.0, 0.0)


def test_r1_is_half_gamma_times_the_squared_slope_on_real():
    slope = torch.tensor([3.0, 4.0])
    term = R1(gamma=0.2).term(lambda x: x @ slope + 7, torch.randn(9, 2), None)
    assert term.item() == pytest.approx(0.2 / 2 * 25)


def test_r1_has_the_gradient_of_its_formula():
    x = torch.randn(6, 3, dtype=torch.float64)

    def of(weights):
        return R1(gamma=0.7).term(lambda x: torch.tanh(x @ weights), x, None)

    assert torch.autograd.gradcheck(of, (torch.randn(3, dtype=torch.float64, requires_grad=True),))


def test_clip_bounds_every_weight():
    w = torch.linspace(-1, 1, 11)
    assert Clip(c=0.3).apply(w).abs().max() == pytest.approx(0.3)
    assert torch.equal(Clip(c=2.0).apply(w), w)


@pytest.mark.parametrize("name", losses)
@pytest.mark.parametrize("penalty", ["none", "r1"])
def test_gradients_of_the_game_are_those_of_the_losses_written_out(name, penalty):
    """The game's shortcuts (one call on both batches, flat weights) against the plain way through `.backward()`."""
    config = Config.from_flat(
        {"loss": name, "penalty": penalty, "penalty.gamma": 0.5} if penalty == "r1" else {"loss": name}
    )
    trainer = Trainer(config)
    game, state = trainer.game, trainer.state
    real, z = torch.randn(16, 1) + 4, torch.randn(16, 1)

    def flat(module):
        return torch.cat([p.grad.flatten() for p in module.parameters()])

    d, g = game.d.module, game.g.module
    d.zero_grad(), g.zero_grad()
    loss = config.loss.critic(d(real)[:, 0], d(g(z).detach())[:, 0])
    if penalty == "r1":
        x = real.clone().requires_grad_()
        (slope,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
        loss = loss + 0.25 * (slope**2).sum(1).mean()
    loss.backward()
    gradient, seen = game.d_gradient(state, real, z)
    torch.testing.assert_close(gradient, flat(d), rtol=1e-4, atol=1e-6)
    assert seen[0].item() == pytest.approx(loss.item(), rel=1e-5)
    assert seen[3].item() == pytest.approx(gradient.norm().item(), rel=1e-5)

    d.zero_grad(), g.zero_grad()
    loss = config.loss.generator(d(real)[:, 0], d(g(z))[:, 0])
    loss.backward()
    gradient, seen = game.g_gradient(state, real if config.loss.g_sees_real else None, z)
    torch.testing.assert_close(gradient, flat(g), rtol=1e-4, atol=1e-6)
    assert seen[0].item() == pytest.approx(loss.item(), rel=1e-5)

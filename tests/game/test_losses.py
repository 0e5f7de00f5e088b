"""Losses against the papers' formulas and the values they promise at equilibrium; their best D is in test_optima."""

import math

import numpy as np
import pytest
import torch

from gancore.config import Config
from gancore.game.game import Batch
from gancore.game.losses import losses
from gancore.train.moves import Moves
from gancore.train.trainer import Trainer

R, F = (torch.randn(64, dtype=torch.float64, generator=torch.Generator().manual_seed(s)) * 2 for s in (1, 2))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log_d(x):
    return np.log(sigmoid(x))


def log_not_d(x):
    return np.log(1 - sigmoid(x))


def mean(x):
    return np.asarray(x).mean()


def two_player(activation, conjugate):
    """Nowozin et al. 2016: D maximises E g(V) - E f*(g(V)), of which G minimises its own part."""
    return (
        lambda r, f: mean(conjugate(activation(f))) - mean(activation(r)),
        lambda r, f: -mean(conjugate(activation(f))),
    )


def original_d(r, f):
    return -mean(log_d(r) + log_not_d(f))


# (D's loss, G's loss) of raw outputs, as the papers write them.
PAPERS = {
    "non-saturating": (original_d, lambda r, f: -mean(log_d(f))),
    "minimax": (original_d, lambda r, f: mean(log_not_d(f))),
    "zero-sum": (original_d, lambda r, f: -original_d(r, f)),
    "least-squares": (lambda r, f: 0.5 * mean((r - 1) ** 2) + 0.5 * mean(f**2), lambda r, f: 0.5 * mean((f - 1) ** 2)),
    "wasserstein": (lambda r, f: mean(f) - mean(r), lambda r, f: -mean(f)),
    "hinge": (
        lambda r, f: -mean(np.minimum(0, r - 1)) - mean(np.minimum(0, -f - 1)),
        lambda r, f: -mean(f),
    ),
    "fgan-kl": two_player(lambda v: v, lambda t: np.exp(t - 1)),
    "fgan-reverse-kl": two_player(lambda v: -np.exp(-v), lambda t: -1 - np.log(-t)),
    "fgan-pearson": two_player(lambda v: v, lambda t: t**2 / 4 + t),
    "fgan-jensen-shannon": two_player(lambda v: np.log(2) - np.log(1 + np.exp(-v)), lambda t: -np.log(2 - np.exp(t))),
    "relativistic": (lambda r, f: -mean(log_d(r - f)), lambda r, f: -mean(log_d(f - r))),
    "relativistic-average": (
        lambda r, f: -mean(log_d(r - mean(f))) - mean(log_not_d(f - mean(r))),
        lambda r, f: -mean(log_d(f - mean(r))) - mean(log_not_d(r - mean(f))),
    ),
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


@pytest.mark.parametrize("name", losses)
@pytest.mark.parametrize("player", ["critic", "generator"])
@pytest.mark.parametrize("right, wrong", [(1e4, -1e4), (-1e4, 1e4)])
def test_outputs_of_ten_thousand_overflow_nothing(name, player, right, wrong):
    real, fake = (torch.full((4,), size, requires_grad=True) for size in (right, wrong))
    loss = getattr(losses[name](), player)(real, fake)
    slopes = torch.autograd.grad(loss, (real, fake), allow_unused=True)
    assert loss.isfinite() and all(slope is None or slope.isfinite().all() for slope in slopes)


@pytest.mark.parametrize("name", ["non-saturating", "minimax", "zero-sum"])
@pytest.mark.parametrize("size", [30.0, 200.0, 1e4])
def test_a_discriminator_that_is_sure_loses_nothing_or_what_it_was_sure_of(name, size):
    loss = losses[name]()
    right, wrong = torch.full((4,), size), torch.full((4,), -size)
    assert loss.critic(right, wrong).item() == pytest.approx(0, abs=1e-6)
    assert loss.critic(wrong, right).item() == pytest.approx(2 * size, rel=1e-6)


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


@pytest.mark.parametrize("name", losses)
def test_a_loss_says_truly_what_it_looks_at(name):
    loss = losses[name]()
    assert loss.g_sees_real == (loss.generator(R, F) != loss.generator(R + 1, F)).item()
    assert loss.up_to_a_constant == torch.isclose(loss.critic(R, F), loss.critic(R + 7, F + 7)).item()


def test_one_sided_smoothing_is_the_cross_entropy_with_a_soft_label():
    """Salimans et al. 2016, section 3.4: the label of real samples alone."""
    loss = losses.make("non-saturating", real_label=0.9)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    expected = entropy(R, torch.full_like(R, 0.9)) + entropy(F, torch.zeros_like(F))
    torch.testing.assert_close(loss.critic(R, F), expected)
    assert loss.generator(R, F) == losses["non-saturating"]().generator(R, F)


SETTINGS = [(name, {}) for name in losses] + [
    (name, {"real_label": 0.9}) for name in ("non-saturating", "minimax", "zero-sum")
]


@pytest.mark.parametrize("name, knobs", SETTINGS)
def test_at_equilibrium_d_is_undecided_and_the_losses_are_those_promised(name, knobs):
    loss = losses.make(name, **knobs)
    said = torch.full((1,), loss.undecided, dtype=torch.float64)
    output = torch.logit(said) if loss.read(said) != said else said
    assert loss.read(output).item() == pytest.approx(loss.undecided)
    assert loss.critic(output, output).item() == pytest.approx(loss.equilibrium_d)
    if loss.equilibrium_g is not None:
        assert loss.generator(output, output).item() == pytest.approx(loss.equilibrium_g)


def test_equilibrium_is_log_four_and_log_two():
    """To the last digit: charts know these values by name."""
    assert losses["non-saturating"]().equilibrium_d == 2 * math.log(2)
    assert losses["non-saturating"]().equilibrium_g == math.log(2)
    assert losses["minimax"]().equilibrium_g == -math.log(2)
    assert losses["zero-sum"]().equilibrium_g == -2 * math.log(2)


def test_least_squares_knobs_move_its_targets():
    loss = losses.make("least-squares", fake_target=-1, real_target=1, goal=0)
    assert loss.critic(torch.ones(3), -torch.ones(3)) == 0
    assert loss.generator(None, torch.zeros(3)) == 0
    assert (loss.undecided, loss.equilibrium_d, loss.equilibrium_g) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("name", losses)
@pytest.mark.parametrize("penalty", ["none", "r1"])
def test_gradients_of_the_game_are_those_of_the_losses_written_out(name, penalty):
    """The game's shortcuts (one call on both batches, flat weights) against the plain way through `.backward()`."""
    config = Config.from_flat(
        {"loss": name, "penalty": penalty, "penalty.gamma": 0.5} if penalty == "r1" else {"loss": name}
    )
    trainer = Trainer(config)
    game, state, moves = trainer.game, trainer.state, Moves(trainer.game, config)
    real, z = torch.randn(16, 1) + 4, torch.randn(16, 1)
    batch = Batch(real, z, seed=0)

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
    _, gradient, seen = moves.d_gradient(state, batch)
    torch.testing.assert_close(gradient, flat(d), rtol=1e-4, atol=1e-6)
    assert seen[0].item() == pytest.approx(loss.item(), rel=1e-5)
    assert seen[3].item() == pytest.approx(gradient.norm().item(), rel=1e-5)

    d.zero_grad(), g.zero_grad()
    loss = config.loss.generator(d(real)[:, 0], d(g(z))[:, 0])
    loss.backward()
    _, gradient, seen = moves.g_gradient(state, batch)
    torch.testing.assert_close(gradient, flat(g), rtol=1e-4, atol=1e-6)
    assert seen[0].item() == pytest.approx(loss.item(), rel=1e-5)

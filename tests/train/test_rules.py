"""Penalties, constraints and inputs in a game that is played: who is touched by them, and what is shown to whom."""

import pytest
import torch
from torch.func import grad, vmap

from gancore.config import Config
from gancore.game.data import data
from gancore.game.inputs import inputs
from gancore.game.penalties import penalties, steepness
from gancore.train.moves import Moves
from gancore.train.trainer import Trainer

SMALL = {
    "batch": 16,
    "g.width": 8,
    "d.width": 8,
    "g_opt": "sgd",
    "d_opt": "sgd",
    "g_opt.momentum": 0,
    "d_opt.momentum": 0,
}


def playing(**settings):
    settings = {address.replace("__", "."): value for address, value in settings.items()}
    return Trainer(Config.from_flat({**SMALL, **settings}))


def test_gradient_clipping_bounds_the_step_of_both_players_and_shows_the_whole_gradient():
    trainer = playing(constraint="gradient-clipping", constraint__c=0.001, g_opt__lr=0.1, d_opt__lr=0.2)
    before = trainer.state
    rows = trainer.advance(1)
    assert (trainer.state.g - before.g).norm().item() == pytest.approx(0.001 * 0.1, rel=1e-2)
    assert (trainer.state.d - before.d).norm().item() == pytest.approx(0.001 * 0.2, rel=1e-2)
    assert rows[0, [3, 5]].min() > 0.001


def test_clipping_holds_d_alone():
    trainer = playing(constraint="clip", constraint__c=0.02)
    trainer.advance(3)
    assert trainer.state.d.abs().max() <= 0.02 < trainer.state.g.abs().max()


def test_a_normed_d_is_nowhere_steep_to_whoever_looks():
    trainer = playing(constraint="spectral-norm", data="ring", d_opt__lr=0.5, d__depth=3)
    trainer.advance(200)
    state, game = trainer.state, trainer.game

    def judge(x):
        return game._critic(state.d, state)(x)

    x = 2 * torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(judge(x).detach(), game.judge(state, x))
    assert steepness(judge, x).max() < 1.01
    plain = {**trainer.game.d.weights(state.d)}
    assert max(torch.linalg.svdvals(w)[0] for w in plain.values() if w.ndim > 1) > 1.01


def test_historical_averaging_adds_its_pull_to_both_gradients():
    trainer = playing(penalty="historical-averaging", penalty__weight=0.3)
    trainer.advance(5)
    state = trainer.state
    free = Moves(trainer.game, trainer.config.with_("penalty", "none"))
    for player, gradient in (("d", "d_gradient"), ("g", "g_gradient")):
        batch = trainer.game.draw(state.fork().streams)
        _, pulled, _ = getattr(Moves(trainer.game, trainer.config), gradient)(state, batch)
        _, alone, _ = getattr(free, gradient)(state.with_penalty(free.config.penalty), batch)
        theta, mean = getattr(state, player), state.memory[f"penalty.{player}.mean"]
        torch.testing.assert_close(pulled - alone, 0.6 * (theta - mean), rtol=1e-3, atol=1e-6)
        assert (theta - mean).norm() > 0


@pytest.mark.parametrize("what, settings", [("sigma", {"input": "instance-noise"}), ("m", {"input": "packing"})])
def test_who_looks_sees_clean_samples(what, settings):
    """The same D, asked about the same samples, says the same at any noise; a pack is then one sample m times."""
    trainer = playing(**settings)
    x = trainer.game.source.sample(20, torch.Generator().manual_seed(0))
    plain = trainer.game.judge(trainer.state, x)
    assert plain.shape == (20,) and torch.equal(plain, trainer.game.judge(trainer.state, x))
    if what == "m":
        twice = trainer.game.d(trainer.game.d.weights(trainer.state.d), {}, torch.cat([x, x], 1))
        assert torch.equal(plain, twice[:, 0].detach())


@pytest.mark.parametrize("m", [1, 3])
def test_a_packed_game_draws_batch_times_m_samples(m):
    trainer = playing(input="packing", input__m=m)
    batch = trainer.game.draw(trainer.state.fork().streams)
    assert batch.real.shape == (16 * m, 1) and batch.z.shape == (16 * m, 1)
    assert torch.equal(playing(input="packing", input__m=1).advance(5), playing().advance(5))


def test_noise_that_has_faded_leaves_the_game_as_it_is_without():
    """Both have drawn the same by then, so that from the same state they go on alike."""
    noisy, plain = playing(input="instance-noise", input__anneal=10), playing()
    noisy.advance(10), plain.advance(10)
    assert not torch.equal(noisy.state.d, plain.state.d)
    plain.state = noisy.state.fork()
    assert torch.equal(noisy.advance(10), plain.advance(10))


@pytest.mark.parametrize(
    "loss, lr, rises", [("non-saturating", 0.5, 1), ("least-squares", 0.5, 1), ("least-squares", 1e-6, 0)]
)
def test_adas_p_rises_while_d_is_surer_of_real_pictures_than_when_undecided(loss, lr, rises):
    """An untrained D says about 0, which to least squares means generated: undecided is 0.5 there."""
    settings = {"data": "digits", "input": "augment", "input.adaptive": True, "input.thousands": 1}
    config = Config.from_flat({**SMALL, **settings, "loss": loss, "d_opt.lr": lr, "g_opt.lr": 1e-6})
    trainer = Trainer(config, data["digits"]().open())
    trainer.advance(40)
    assert (trainer.state.memory["input.p"] > 0.1) == rises


@pytest.mark.parametrize(
    "role, name", [*(("penalty", name) for name in penalties), *(("input", name) for name in inputs)]
)
def test_many_ds_side_by_side_have_the_gradients_of_each_by_itself(role, name):
    trainer = playing(**{role: name}, data="digits")
    game, state = trainer.game, trainer.state
    batch = game.draw(state.fork().streams)

    def loss(d):
        return game.d_loss(state.g, d, state, batch)[0]

    stack = state.d + 0.1 * torch.randn(3, len(state.d), generator=torch.Generator().manual_seed(0))
    for d, of_vmap in zip(stack, vmap(grad(loss), randomness="same")(stack)):
        d = d.clone().requires_grad_()
        (alone,) = torch.autograd.grad(loss(d), d)
        torch.testing.assert_close(of_vmap, alone, rtol=1e-5, atol=1e-6)


def test_rules_may_change_while_the_game_is_played():
    trainer = playing()
    for change in ("penalty=historical-averaging", "constraint=spectral-norm", "penalty=wgan-gp", "constraint=none"):
        trainer.apply(change)
        assert trainer.advance(3).isfinite().all()
    assert not trainer.state.memory and not trainer.state.d_buffers

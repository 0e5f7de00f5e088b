"""Seeds side by side equal seeds one by one: losses are pure functions of both players' weights."""

import pytest
import torch
from torch.func import grad, vmap

from gancore.config import ROLES, Config
from gancore.train.trainer import Trainer

SEEDS = 3


@pytest.mark.parametrize("penalty", ROLES["penalty"])
@pytest.mark.parametrize("loss", ROLES["loss"])
def test_gradients_of_many_seeds_at_once_are_those_of_each(double, loss, penalty):
    config = Config.from_flat({"batch": 8, "g.width": 6, "d.width": 6, "loss": loss, "penalty": penalty})
    trainers = [Trainer(config.with_("seed", seed)) for seed in range(SEEDS)]
    game, state = trainers[0].game, trainers[0].state
    g, d = (torch.stack([getattr(t.state, who) for t in trainers]) for who in ("g", "d"))
    batch = game.draw(state.streams)
    of_d = grad(lambda g, d: game.d_loss(g, d, state, batch)[0], argnums=1)
    of_g = grad(lambda g, d: game.g_loss(g, d, state, batch), argnums=0)
    for slope in (of_d, of_g):
        together = vmap(slope, randomness="same")(g, d)
        alone = torch.stack([slope(g[i], d[i]) for i in range(SEEDS)])
        torch.testing.assert_close(together, alone, rtol=1e-6, atol=1e-9)

    # The same slope as the one that trains, which takes another way to it.
    leaf = d[0].clone().requires_grad_()
    loss_of_d, _ = game.d_loss(g[0], leaf, state, batch)
    torch.testing.assert_close(of_d(g[0], d[0]), torch.autograd.grad(loss_of_d, leaf)[0], rtol=1e-6, atol=1e-9)


def test_a_loss_leaves_everything_as_it_was():
    """Playing the same batch twice gives the same loss: what is drawn on the way comes from the batch's own seed."""
    trainer = Trainer(Config.from_flat({"batch": 8, "d.dropout": 0.5, "penalty": "dragan", "input": "instance-noise"}))
    state = trainer.state
    batch = trainer.game.draw(state.streams)
    before = state.tensors()
    first, again = (trainer.game.d_loss(state.g, state.d, state, batch)[0] for _ in range(2))
    assert torch.equal(first, again)
    assert all(torch.equal(before[name], tensor) for name, tensor in state.tensors().items())

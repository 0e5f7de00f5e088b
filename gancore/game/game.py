"""The game itself: two networks, a source of real samples, a prior, and what each player wants."""

from __future__ import annotations

import torch
from torch import Tensor

from gancore.game.player import Player


class Game:
    """Everything of a run that is not state: the players' shapes, the real source, the prior, and the rules."""

    def __init__(self, config, source, seeds):
        """`source` is an opened data choice; `seeds(name)` gives the named generator that draws the first weights."""
        self.source = source
        self.g = Player(config.g.build((config.noise.dim,), source.shape, source.squash, seeds("init/g")))
        self.d = Player(config.d.build(source.shape, (1,), "linear", seeds("init/d")))
        # One call on real and fake together is faster and equal, unless samples of a batch see each other (batch norm).
        self.together = not self.d.buffers
        self.set_rules(config)

    def set_rules(self, config) -> None:
        """Takes over what may change while the game is played."""
        self.noise, self.loss, self.penalty, self.batch = config.noise, config.loss, config.penalty, config.batch

    def generate(self, state, z: Tensor) -> Tensor:
        """G(z) with the weights of `state`, no gradient: (n, dim) -> (n, event)."""
        with torch.no_grad():
            return self.g(self.g.weights(state.g), state.g_buffers, z)

    def judge(self, state, x: Tensor) -> Tensor:
        """D's raw outputs with the weights of `state`, no gradient: (n, event) -> (n,)."""
        with torch.no_grad():
            return self.d(self.d.weights(state.d), state.d_buffers, x).squeeze(1)

    def d_gradient(self, state, real: Tensor, z: Tensor):
        """Gradient of D's loss, flat (n_d,), and the scalars (4,): loss, mean D(real), mean D(fake), gradient norm."""
        fake = self.generate(state, z)
        flat = state.d.detach().requires_grad_()
        critic = self._critic(self.d.weights(flat), state.d_buffers)
        on_real, on_fake = (
            critic(torch.cat([real, fake])).split(len(real)) if self.together else (critic(real), critic(fake))
        )
        loss = self.loss.critic(on_real, on_fake)
        if self.penalty.active:
            loss = loss + self.penalty.term(critic, real, fake)
        (gradient,) = torch.autograd.grad(loss, flat)
        with torch.no_grad():
            said = self.loss.read(torch.stack([on_real, on_fake])).mean(1)
            return gradient, torch.cat([loss.view(1), said, gradient.norm().view(1)])

    def g_gradient(self, state, real: Tensor | None, z: Tensor):
        """Gradient of G's loss, flat (n_g,), and the scalars (2,): loss, gradient norm. `real` is None if G looks away."""
        flat = state.g.detach().requires_grad_()
        fake = self.g(self.g.weights(flat), state.g_buffers, z)
        critic = self._critic(self.d.weights(state.d), state.d_buffers)
        loss = self.loss.generator(None if real is None else critic(real), critic(fake))
        (gradient,) = torch.autograd.grad(loss, flat)
        return gradient, torch.stack([loss.detach(), gradient.norm()])

    def _critic(self, weights, buffers):
        return lambda x: self.d(weights, buffers, x).squeeze(1)

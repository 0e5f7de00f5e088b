"""The game itself: what each player minimises, as a function of both players' weights and of one batch."""

from __future__ import annotations

from itertools import count
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.game.player import Player

AT_ONCE = 1 << 15  # numbers of samples that a player is asked about in one call where it does not learn


class Batch(NamedTuple):
    """What chance gives to one update: samples, noise, and a seed for all that is drawn on the way (dropout, say)."""

    real: Tensor | None  # (n * packs, event); None where nobody looks at it
    z: Tensor  # (n * packs, dim)
    seed: int


class Game:
    """Everything of a run that is not state: the players' shapes, the real source, the prior, and the rules.

    A loss changes nothing but the buffers that it is given, and those only in place: hand it copies (`own_buffers`).
    """

    def __init__(self, config, source, seeds):
        """`source` is an opened data choice; `seeds(name)` gives the named generator that draws the first weights."""
        self.source = source
        self.set_rules(config)
        self.most = max(1, AT_ONCE // prod(source.shape))  # samples: some forty digits, everything on line and plane
        shown = (self.input.packs * source.shape[0], *source.shape[1:])
        drawing = config.g.build((config.noise.dim,), source.shape, source.squash, seeds("init/g"))
        config.g.meet(drawing, source, seeds("init/data"))
        self.g = Player(drawing, lent=config.g.lent)
        self.d = Player(config.d.build(shown, (1,), "linear", seeds("init/d")), lent=config.d.lent)
        # One call on real and fake together is faster and equal, unless samples of a batch see each other (batch norm).
        self.together = self.d.together

    def set_rules(self, config) -> None:
        """Takes over what may change while the game is played."""
        self.noise, self.loss, self.batch = config.noise, config.loss, config.batch
        self.penalty, self.constraint, self.input = config.penalty, config.constraint, config.input
        self.low = config.precision == "bfloat16"

    def draw(self, streams: dict[str, torch.Generator], with_real: bool = True) -> Batch:
        """Chance for one update; the generators go on."""
        n = self.batch * self.input.packs
        real = self.source.sample(n, streams["data"]) if with_real else None
        z = self.noise.sample(n, streams["noise"])
        return Batch(real, z, int(torch.randint(2**62, (), generator=streams["inner"])))

    def d_loss(self, g: Tensor, d: Tensor, state, batch: Batch):
        """D's loss with these flat weights, and D's raw outputs on real and on fake, (2, n)."""
        generator, seeds = torch.Generator().manual_seed(batch.seed), count(batch.seed + 1)
        fake = self._show(self._fake(g, state, batch, seeds), state, generator)
        real = self._show(batch.real, state, generator)
        critic = self._critic(d, state, seeds)
        if self.together:
            outputs = critic(torch.cat([real, fake])).view(2, -1)
        else:
            outputs = torch.stack([critic(real), critic(fake)])
        loss = self.loss.critic(*outputs.unbind())
        if self.penalty.active:
            loss = loss + self.penalty.term(critic, real, fake, generator)
        return loss, outputs

    def losses(self, g: Tensor, d: Tensor, state, batch: Batch):
        """Both players' losses from one pass through both, so that they share all that is drawn on the way (dropout,
        say), and D's raw outputs on real and on fake, (2, n)."""
        d_loss, outputs = self.d_loss(g, d, state, batch)
        real, fake = outputs.unbind()
        return d_loss, self.loss.generator(real if self.loss.g_sees_real else None, fake), outputs

    def g_loss(self, g: Tensor, d: Tensor, state, batch: Batch) -> Tensor:
        """G's loss with these flat weights."""
        return self.loss.generator(*self.g_outputs(g, d, state, batch))

    def g_outputs(self, g: Tensor, d: Tensor, state, batch: Batch) -> tuple[Tensor | None, Tensor]:
        """D's raw outputs (n,) that G's loss is made of: on real samples, where it sees any, and on fake ones."""
        generator, seeds = torch.Generator().manual_seed(batch.seed), count(batch.seed + 1)
        fake = self._show(self._fake(g, state, batch, seeds), state, generator)
        critic = self._critic(d, state, seeds)
        real = critic(self._show(batch.real, state, generator)) if self.loss.g_sees_real else None
        return real, critic(fake)

    def generated(self, g: Tensor, state, batch: Batch) -> Tensor:
        """What G makes of the batch's z in an update, (n, event), as both losses have it before D is shown it."""
        return self._fake(g, state, batch, count(batch.seed + 1))

    def generate(self, state, z: Tensor, ema: bool = False) -> Tensor:
        """G(z) with the weights of `state`, or with their running mean if one is kept: (n, dim) -> (n, event)."""
        flat = state.memory.get("ema", state.g) if ema else state.g
        with torch.no_grad():
            return self.g.calmly(self.g.weights(flat), state.g_buffers, z, self.most, low=self.low)

    def judge(self, state, x: Tensor) -> Tensor:
        """D's raw outputs with the weights of `state` on clean samples, each by itself: (n, event) -> (n,)."""
        with torch.no_grad():
            return self._critic(state.d, state)(x.repeat(1, self.input.packs))

    def pull(self, state, x: Tensor, real: Tensor) -> Tensor:
        """-n ∂L_G/∂x for L_G on the generated samples `x` (n, event), clean as `judge` sees them: where each would go."""
        x = x.detach().requires_grad_()
        critic, packs = self._critic(state.d.detach(), state), self.input.packs
        on_real = critic(real.repeat(1, packs)) if self.loss.g_sees_real else None
        loss = self.loss.generator(on_real, critic(x.repeat(1, packs)))
        return -len(x) * torch.autograd.grad(loss, x)[0]

    def _fake(self, g: Tensor, state, batch: Batch, seeds) -> Tensor:
        return self.g(self.g.weights(g), state.g_buffers, batch.z, training=True, seed=next(seeds), low=self.low)

    def _show(self, x: Tensor, state, generator: torch.Generator) -> Tensor:
        return self.input.show(x, self.source.shape, state.iteration, state.recall("input"), generator)

    def _critic(self, d: Tensor, state, seeds=None):
        """D as a function (n, event) -> (n,): in training mode if it is given seeds, one for each call."""
        training = seeds is not None
        weights = self.constraint.weights(self.d.weights(d), state.d_buffers, training)
        own = {name: state.d_buffers[name] for name in self.d.buffers}

        def critic(x: Tensor) -> Tensor:
            if not training:
                return self.d.calmly(weights, own, x, self.most, low=self.low).squeeze(1)
            return self.d(weights, own, x, seed=next(seeds), low=self.low).squeeze(1)

        return critic

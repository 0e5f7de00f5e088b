"""The moves that a game offers: chance, each player's gradient, each player's step; the dynamics decide on their order."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gancore.config import Config
from gancore.game.game import Batch, Game
from gancore.train.state import State

PARTS = ("buffers", "moments", "updates")  # of a player in a state, beside its weights


class Moves:
    """Functions from state to state under one config; of a state handed in, only the generators go on.

    With `through=True` a gradient keeps its graph, so that one can differentiate through an update as through a layer.
    """

    def __init__(self, game: Game, config: Config):
        self.game, self.config = game, config

    def iterate(self, state: State):
        """One iteration in the order of the dynamics: the new state and its scalars (6,)."""
        after, seen = self.config.dynamics.iterate(self, state)
        return self.held(state, after), seen

    def play(self, state: State):
        """One iteration and all that belongs to it, G's running mean and the count: the new state and its scalars (6,)."""
        after, seen = self.iterate(state)
        after = after.averaged(self.config.ema)
        return replace(after, iteration=after.iteration + 1), seen

    def held(self, before: State, after: State) -> State:
        """`after`, where all that a frozen player is made of stands as it did before: no dynamics can move it."""
        who = self.config.frozen
        if who == "none":
            return after
        parts = {name: getattr(before, name) for name in (who, *(f"{who}_{part}" for part in PARTS))}
        kept = {name: tensor for name, tensor in before.memory.items() if who in name.split(".")}
        return replace(after, **parts, memory=after.memory | kept)

    def d_update(self, state: State):
        """One update of D. Returns the new state and the scalars (4,): loss, mean D(real), mean D(fake), gradient norm."""
        state, gradient, seen = self.d_gradient(state, self.d_draw(state))
        return self.d_step(state, gradient), seen

    def g_update(self, state: State):
        """One update of G. Returns the new state and the scalars (2,): loss, gradient norm."""
        state, gradient, seen = self.g_gradient(state, self.g_draw(state))
        return self.g_step(state, gradient), seen

    def d_draw(self, state: State) -> Batch:
        return self.game.draw(state.streams)

    def g_draw(self, state: State) -> Batch:
        return self.game.draw(state.streams, with_real=self.game.loss.g_sees_real)

    def d_gradient(self, state: State, batch: Batch, through: bool = False):
        """The gradient of D's loss (n_d,) between the state that has seen the batch and the scalars (4,)."""
        state = state.own_buffers()
        return self.d_told(state, *self.d_slope(state.g, state.d, state, batch, through))

    def g_gradient(self, state: State, batch: Batch, rival=None, through: bool = False):
        """The gradient of G's loss (n_g,) between the state that has seen the batch and the scalars (2,).

        `rival(g)`, if given, is the state whose D is played against, as a function of G's weights.
        """
        state = state.own_buffers()
        return self.g_told(state, *self.g_slope(state.g, state.d, state, batch, through, rival))

    def gradients(self, state: State, batch: Batch):
        """Both players' gradients on one batch from one pass through both: the state, D's (n_d,) and (4,), G's (n_g,) and (2,)."""
        state = state.own_buffers()
        by_d, d_loss, outputs, by_g, g_loss = self.slopes(state.g, state.d, state, batch)
        state, by_d, seen_d = self.d_told(state, by_d, d_loss, outputs)
        state, by_g, seen_g = self.g_told(state, by_g, g_loss)
        return state, by_d, seen_d, by_g, seen_g

    def d_slope(self, g: Tensor, d: Tensor, state: State, batch: Batch, through: bool = False):
        """Of D's loss by its weights (n_d,), with the loss and D's raw outputs on real and on fake (2, n)."""
        d = _variable(d)
        loss, outputs = self.game.d_loss(g, d, state, batch)
        return *torch.autograd.grad(loss, d, create_graph=through), loss, outputs

    def g_slope(self, g: Tensor, d: Tensor, state: State, batch: Batch, through: bool = False, rival=None):
        """Of G's loss by its weights (n_g,), with the loss."""
        g = _variable(g)
        against = replace(rival(g), g_buffers=state.g_buffers) if rival else state
        loss = self.game.g_loss(g, against.d if rival else d, against, batch)
        return *torch.autograd.grad(loss, g, create_graph=through), loss

    def slopes(self, g: Tensor, d: Tensor, state: State, batch: Batch):
        """Of both losses on one batch, from one pass through both: what `d_slope` gives, then what `g_slope` gives."""
        g, d = _variable(g), _variable(d)
        d_loss, g_loss, outputs = self.game.losses(g, d, state, batch)
        (by_d,) = torch.autograd.grad(d_loss, d, retain_graph=True)
        return by_d, d_loss, outputs, *torch.autograd.grad(g_loss, g), g_loss

    def d_step(self, state: State, gradient: Tensor) -> State:
        """D's optimiser takes this gradient, unless D is frozen."""
        rules = self.config
        if rules.frozen == "d":
            return state
        gradient, scale = rules.constraint.gradient(gradient), rules.schedule.factor(state.d_updates)
        d, moments = rules.d_opt.step(state.d, gradient, state.d_moments, scale)
        state = replace(state, d=rules.constraint.apply(d), d_moments=moments, d_updates=state.d_updates + 1)
        return self._remembered(state, "penalty.d", state.d)

    def g_step(self, state: State, gradient: Tensor) -> State:
        """G's optimiser takes this gradient, unless G is frozen."""
        rules = self.config
        if rules.frozen == "g":
            return state
        gradient = rules.constraint.gradient(gradient) if rules.constraint.both else gradient
        g, moments = rules.g_opt.step(state.g, gradient, state.g_moments, rules.schedule.factor(state.g_updates))
        state = replace(state, g=g, g_moments=moments, g_updates=state.g_updates + 1)
        return self._remembered(state, "penalty.g", state.g)

    def d_told(self, state: State, gradient: Tensor, loss: Tensor, outputs: Tensor):
        """D's gradient with what the penalty pulls, between the state that has learnt of it and the scalars (4,)."""
        gradient = self._pulled(gradient, state.d, state.recall("penalty.d"))
        with torch.no_grad():
            said = self.game.loss.read(outputs)
            seen = torch.cat([loss.view(1), said.mean(1), torch.linalg.vector_norm(gradient).view(1)])
            if kept := state.recall("input"):
                kept = self.config.input.after(kept, said[0] - self.game.loss.undecided)
                state = state.remember("input", kept)
        return state, gradient, seen

    def g_told(self, state: State, gradient: Tensor, loss: Tensor):
        """G's gradient with what the penalty pulls, between the state and the scalars (2,)."""
        gradient = self._pulled(gradient, state.g, state.recall("penalty.g"))
        return state, gradient, torch.stack([loss.detach(), torch.linalg.vector_norm(gradient.detach())])

    def _pulled(self, gradient: Tensor, weights: Tensor, memory: dict[str, Tensor]) -> Tensor:
        return gradient + self.config.penalty.pull(weights, memory) if memory else gradient

    def _remembered(self, state: State, owner: str, weights: Tensor) -> State:
        memory = state.recall(owner)
        return state.remember(owner, self.config.penalty.remember(weights, memory)) if memory else state


def _variable(flat: Tensor) -> Tensor:
    """These weights as something to differentiate by: as they are if they already are, or else cut loose."""
    return flat if flat.requires_grad else flat.detach().requires_grad_()

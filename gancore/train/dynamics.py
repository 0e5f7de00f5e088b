"""Who moves when: one call of `iterate` is one iteration of the game, told in moves that know nothing of one another.

Every `iterate(moves, state)` returns the new state and the scalars (6,), D's four before G's two; of a player that
updates more than once they are those of its last update.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from gancore.catalog import Catalog, knob

dynamics = Catalog("dynamics")


@dynamics.add
class Alternating:
    """Goodfellow et al. 2014, Algorithm 1: k updates of the discriminator, then one of the generator."""

    name = "alternating"
    k: int = knob(1, 1, 50, live=True, help="Discriminator updates in each iteration")
    k_g: int = knob(1, 1, 50, live=True, advanced=True, label="k of G", help="Generator updates in each iteration")

    def iterate(self, moves, state):
        for _ in range(self.k):
            state, seen_d = moves.d_update(state)
        for _ in range(self.k_g):
            state, seen_g = moves.g_update(state)
        return state, torch.cat([seen_d, seen_g])


@dynamics.add
class Simultaneous:
    """Both players step at once from the same point, as in the code of Goodfellow et al. 2014."""

    name = "simultaneous"
    same: bool = knob(
        False,
        live=True,
        advanced=True,
        label="same batch",
        help="Both see the same samples, the same z and the same dropout, as in 2014",
    )

    def iterate(self, moves, state):
        if self.same:
            state, by_d, seen_d, by_g, seen_g = moves.gradients(state, moves.d_draw(state))
        else:
            d_batch, g_batch = moves.d_draw(state), moves.g_draw(state)
            state, by_d, seen_d = moves.d_gradient(state, d_batch)
            state, by_g, seen_g = moves.g_gradient(state, g_batch)
        return moves.g_step(moves.d_step(state, by_d), by_g), torch.cat([seen_d, seen_g])


BASES = {base.name: base() for base in (Simultaneous, Alternating)}


def base(default: str):
    """The knob of dynamics that add something to either order of turns."""
    return knob(default, choices=tuple(BASES), live=True, label="turns", help="Whether both step at once or D first")


@dynamics.add
class Extragradient:
    """Korpelevich 1976, for GANs Gidel et al. 2019: step to look ahead, come back, and go by the gradient seen there."""

    name = "extragradient"

    def iterate(self, moves, state):
        ahead, _ = BASES["simultaneous"].iterate(moves, state)
        ahead, by_d, seen_d = moves.d_gradient(ahead, moves.d_draw(ahead))
        ahead, by_g, seen_g = moves.g_gradient(ahead, moves.g_draw(ahead))
        # The optimisers' moments keep what was seen on the way, as in ExtraAdam; the step ahead is no update.
        back = replace(ahead, g=state.g, d=state.d, d_updates=state.d_updates, g_updates=state.g_updates)
        return moves.g_step(moves.d_step(back, by_d), by_g), torch.cat([seen_d, seen_g])


@dynamics.add
class Proximal:
    """Rockafellar 1976, for games Mokhtari et al. 2020: the gradients of where the step leads to, which extragradient only guesses at."""

    name = "proximal"
    rounds: int = knob(5, 1, 500, live=True, log=True, help="Rounds in which the end of the step is looked for")

    def iterate(self, moves, state):
        """The end is found by stepping there again and again, on one batch; that settles if steps are small enough."""
        d_batch, g_batch, ahead = moves.d_draw(state), moves.g_draw(state), state
        for _ in range(self.rounds + 1):
            # What the input learns of D (ADA) counts once, however often it is looked at.
            ahead, by_d, seen_d = moves.d_gradient(ahead.remember("input", state.recall("input")), d_batch)
            ahead, by_g, seen_g = moves.g_gradient(ahead, g_batch)
            back = replace(state, g_buffers=ahead.g_buffers, d_buffers=ahead.d_buffers)
            back = back.remember("input", ahead.recall("input"))
            ahead = moves.g_step(moves.d_step(back, by_d), by_g)
        return ahead, torch.cat([seen_d, seen_g])


@dynamics.add
class Optimistic:
    """Daskalakis et al. 2018: twice this step less the one before; extrapolation from the past (Gidel et al. 2019) is the same."""

    name = "optimistic"

    def iterate(self, moves, state):
        after, seen = BASES["simultaneous"].iterate(moves, state)
        step = {"g": after.g - state.g, "d": after.d - state.d}
        last = state.recall("dynamics") or step
        d = moves.config.constraint.apply(after.d + step["d"] - last["d"])
        return replace(after, g=after.g + step["g"] - last["g"], d=d).remember("dynamics", step), seen


@dynamics.add
class Unrolled:
    """Metz et al. 2017: G answers the D that would stand there after k more updates, and knows how its own move shapes them."""

    name = "unrolled"
    k: int = knob(5, 0, 20, live=True, help="Updates of D that G looks ahead; 0 is simultaneous")
    through: bool = knob(
        True,
        live=True,
        advanced=True,
        help="Whether G's gradient passes through D's updates, or only meets their result",
    )

    def iterate(self, moves, state):
        d_batch, g_batch = moves.d_draw(state), moves.g_draw(state)
        after, by_d, seen_d = moves.d_gradient(state, d_batch)
        after, by_g, seen_g = moves.g_gradient(after, g_batch, rival=self.rival(moves, state, d_batch))
        return moves.g_step(moves.d_step(after, by_d), by_g), torch.cat([seen_d, seen_g])

    def rival(self, moves, state, batch):
        """The state k updates of D ahead, on the batch that D moves by, as a function of G's weights."""

        def ahead(g):
            future = replace(state, g=g)
            for _ in range(self.k):
                future, gradient, _ = moves.d_gradient(future, batch, through=self.through)
                future = moves.d_step(future, gradient)
            return future

        return ahead


@dynamics.add
class Lookahead:
    """Chavdarova et al. 2021: after every k iterations both players go back, to a share α of the way that they came."""

    name = "lookahead"
    k: int = knob(5, 1, 10_000, live=True, log=True, help="Iterations between two steps back")
    alpha: float = knob(0.5, 0.0, 1.0, live=True, label="α", help="Share of the way that is kept")
    turns: str = base("alternating")

    def iterate(self, moves, state):
        slow = state.recall("dynamics") or {"g": state.g, "d": state.d}
        state, seen = BASES[self.turns].iterate(moves, state)
        if (state.iteration + 1) % self.k == 0:
            slow = {"g": slow["g"].lerp(state.g, self.alpha), "d": slow["d"].lerp(state.d, self.alpha)}
            state = replace(state, **slow)
        return state.remember("dynamics", slow), seen


@dynamics.add
class Consensus:
    """Mescheder et al. 2017: both players also want both gradients small, γ/2 |v|², which damps what would rotate."""

    name = "consensus"
    gamma: float = knob(0.1, 0.0, 100.0, live=True, label="γ", help="Weight of the squared size of both gradients")
    turns: str = base("simultaneous")

    def iterate(self, moves, state):
        state, by_d, by_g, seen = self._gradients(moves, state)
        state = moves.d_step(state, by_d)
        if self.turns == "alternating":
            state, _, by_g, answer = self._gradients(moves, state)
            seen = torch.cat([seen[:4], answer[4:]])
        return moves.g_step(state, by_g), seen

    def _gradients(self, moves, state):
        g, d = state.g.detach().requires_grad_(), state.d.detach().requires_grad_()
        at = replace(state, g=g, d=d)
        at, by_d, seen_d = moves.d_gradient(at, moves.d_draw(at), through=True)
        at, by_g, seen_g = moves.g_gradient(at, moves.g_draw(at), through=True)
        size = (by_d.square().sum() + by_g.square().sum()) / 2
        to_g, to_d = torch.autograd.grad(size, (g, d), materialize_grads=True)
        at = replace(at, g=state.g, d=state.d)
        return at, by_d.detach() + self.gamma * to_d, by_g.detach() + self.gamma * to_g, torch.cat([seen_d, seen_g])

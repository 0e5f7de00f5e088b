"""Who moves when: one call of `iterate` is one iteration of the game."""

from __future__ import annotations

import torch

from gancore.catalog import Catalog, knob

dynamics = Catalog("dynamics")


@dynamics.add
class Alternating:
    """Goodfellow et al. 2014, Algorithm 1: k updates of the discriminator, then one of the generator."""

    name = "alternating"
    k: int = knob(1, 1, 50, live=True, help="Discriminator updates before each generator update")

    def iterate(self, moves, state):
        """One iteration. Returns the new state and the scalars (6,); with k > 1, D's are those of its last update."""
        for _ in range(self.k):
            state, seen_d = moves.d_update(state)
        state, seen_g = moves.g_update(state)
        return state, torch.cat([seen_d, seen_g])


@dynamics.add
class Simultaneous:
    """Both players step at once from the same point, as in the code of Goodfellow et al. 2014."""

    name = "simultaneous"

    def iterate(self, moves, state):
        """One iteration. Returns the new state and the scalars (6,)."""
        by_d, seen_d = moves.d_update(state)
        by_g, seen_g = moves.g_update(by_d, against=state)
        return by_g, torch.cat([seen_d, seen_g])

"""When the numbers themselves go astray."""

from __future__ import annotations

import math

from gancore.observe.diagnoses.shelf import Cure, Diagnosis, above, all_of, bounded, diagnoses, starting_rate

ASTRAY = 10.0  # Standard deviations of the data: no sample belongs there,
FARTHER = 3.0  # and times the distance at which the run began.
GROWN = 1000.0  # Times what losses and gradients usually were.


@diagnoses.add
class Divergence(Diagnosis):
    """Brock et al. 2019 (BigGAN), section 4.2: losses, gradients or weights grow without bound, or are no numbers any more."""

    name = "divergence"
    title = "Divergence"
    says = "Losses, gradients or samples have left every reasonable size."
    shows = ("size", "distance")
    proof = {"line": "losses", "plane": "losses", "images": "losses"}

    def strength(self, seen):
        if seen.broken:
            return math.inf
        if not seen.ripe:
            return math.nan
        start = seen.facts["distance"][:1]
        gone = all_of(
            above(seen.usual("distance"), ASTRAY), above(seen.usual("distance"), FARTHER * float(start.max(initial=0)))
        )
        grown = above(seen.usual("size"), GROWN)
        return max((sign for sign in (gone, grown) if not math.isnan(sign)), default=math.nan)

    def cure(self, config):
        """The rate that its optimiser starts with, for the player whose rate is farthest above that."""
        usual = {player: starting_rate(getattr(config, player)) for player in ("d_opt", "g_opt")}
        player = max(usual, key=lambda name: getattr(config, name).lr / usual[name])
        choice = getattr(config, player)
        rate = bounded(choice, min(usual[player], choice.lr / 10))
        expect = f"steps of {player[0].upper()} stay small enough to be called back"
        return Cure(f"{player}.lr={rate}", expect, 1000, rewind=True)

"""When the numbers themselves go astray."""

from __future__ import annotations

import math

from gancore.observe.diagnoses.shelf import Cure, Diagnosis, above, all_of, diagnoses

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
        if config.g_opt.lr > 2 * config.d_opt.lr:
            return Cure(f"g_opt.lr={config.g_opt.lr / 10:.3g}", "steps of G stay small enough to be called back", 1000)
        return Cure(f"d_opt.lr={config.d_opt.lr / 10:.3g}", "steps of D stay small enough to be called back", 1000)

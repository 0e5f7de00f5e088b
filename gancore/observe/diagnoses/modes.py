"""What G leaves out: everything, some of it, or now this and now that."""

from __future__ import annotations

from gancore.observe.diagnoses.shelf import (
    Cure,
    Diagnosis,
    above,
    all_of,
    below,
    bounded,
    diagnoses,
    starting_rate,
)

SPREAD = 0.17  # Of the data's: one bell of eight has 0.07, two neighbours 0.33.
RAREST = 0.2  # Of its due: a perfect sampler's rarest of eight modes has 0.85.
SLOWLY = 0.8  # Of the distance at 60 % of the run: what is missing is not about to be found.
WIDE = 0.65  # Of the data's standard deviation: two bells with a gap of eight of their own become one hill.
MOVING = 0.3  # Share of samples that change mode between two looks: one narrow bell that trembles has 0.2.
PLAINLY = 0.2  # Distance to the data, in its standard deviations, below which nobody sees that it runs around.
COVERAGE = {"line": "density", "plane": "shares", "images": "samples"}


def steadier(config) -> Cure | None:
    """For players that chase each other: first their rates, as D has to be the faster one, then a D that is held down."""
    g, d, usual = config.g_opt.lr, config.d_opt.lr, starting_rate(config.d_opt)
    alike = type(config.g_opt) is type(config.d_opt)  # else their rates are no measure of each other
    if alike and g > d and d < usual / 4:
        return Cure(
            f"d_opt.lr={bounded(config.d_opt, min(2 * g, 2 * usual))}",
            "D learns faster than G, and sees where G has gone",
            2000,
        )
    if alike and g > d:
        return Cure(
            f"g_opt.lr={bounded(config.g_opt, d / 2)}",
            "G takes smaller steps than D, which keeps up and spreads it out",
            2000,
        )
    if config.penalty.name == "none":
        return Cure(
            "penalty=r1", "D's slope at real samples is held down, so that G is not chased from mode to mode", 2000
        )
    return None


def bridge(config) -> Cure | None:
    """For gaps that D sees no way across: its noise as wide as the data's own spread, if it is shown any noise."""
    if config.input.name != "instance-noise" or config.data.page == "images":
        return None
    wide = min(WIDE * config.data.open().scale, 5.0)
    if config.input.sigma > wide / 2:
        return None
    return Cure(
        f"input.sigma={wide:.2g}", "noise fills the gaps, so that D's slope leads from one part to another", 2000
    )


@diagnoses.add
class Collapse(Diagnosis):
    """Goodfellow 2016, section 5.1.1: whatever z is, G draws nearly the same."""

    name = "collapse"
    title = "Total collapse"
    says = "G draws nearly the same sample whatever z is."
    shows = ("spread", "effective")
    proof = COVERAGE
    yields_to = ("divergence", "d-blind", "vanishing-gradient")

    def strength(self, seen):
        return below(seen.usual("spread", 0.75), SPREAD)

    def cure(self, config):
        return steadier(config) or Cure(
            f"g_opt.lr={bounded(config.g_opt, config.g_opt.lr / 4)}",
            "D gets the time to punish the one place that G sits on",
            2000,
        )


@diagnoses.add
class DroppedModes(Diagnosis):
    """Srivastava et al. 2017 (VEEGAN), Lin et al. 2018 (PacGAN): parts of the data that G never draws."""

    name = "dropped-modes"
    title = "Dropped modes"
    says = "Part of the data is never, or hardly ever, drawn by G."
    shows = ("least", "different")
    proof = COVERAGE
    yields_to = ("collapse", "cycling", "divergence", "d-blind", "d-overpowers", "vanishing-gradient")

    def strength(self, seen):
        return all_of(below(seen.usual("least", 0.75), RAREST), above(seen.progress, SLOWLY))

    def cure(self, config):
        return (
            bridge(config)
            or steadier(config)
            or Cure("loss=relativistic", "D compares samples in pairs, which leaves no mode without pull", 3000)
        )


@diagnoses.add
class Cycling(Diagnosis):
    """Metz et al. 2017, Figure 2: G runs from mode to mode with D behind it, and neither arrives."""

    name = "cycling"
    title = "Cycling"
    says = "How much G draws of each part of the data swings from look to look; single samples may look fine all the while."
    shows = ("moved", "distance")
    proof = COVERAGE
    yields_to = ("divergence",)

    def strength(self, seen):
        # Few samples change their parts by chance alone: of 256 pictures up to a quarter.
        moving = above(seen.usual("moved", 0.6), max(MOVING, 2 * seen.band("moved")[1]))
        return all_of(moving, above(seen.usual("distance"), PLAINLY))

    def cure(self, config):
        return steadier(config) or Cure(
            f"g_opt.lr={bounded(config.g_opt, config.g_opt.lr / 4)}",
            "smaller steps of G, so that D keeps up and the circle closes",
            2000,
        )

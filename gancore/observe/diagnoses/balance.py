"""When one player is too much for the other."""

from __future__ import annotations

from gancore.observe.diagnoses.shelf import Cure, Diagnosis, above, all_of, below, bounded, diagnoses, starting_rate

WRONG = 0.015  # Share of pairs that D ranks wrongly, at most: it is hardly ever in doubt,
WON = 0.6  # and has won this much of all there is.
FAR = 4.0  # Times the distance of the worst of perfect samples,
ASTRAY = 0.5  # and in standard deviations of the data: a narrow bell trembles by 0.2 to 0.5.
STALLED = 0.9  # Of the distance at 60 % of the run: no nearer in the last 40 %.
FADED = 0.02  # Of the largest that G's gradient usually was: healthy runs keep 0.03 and more.
DEAD = 1e-9  # Of the same: a D that is sure leaves more than that; with less, G's own units are dead or saturated.
BLIND = 0.55  # Share of pairs ranked rightly: a coin has 0.5;
NOTHING = 0.2  # or so little won that D might as well toss one,
WORSE = -0.02  # and not lost by it: who is loudly wrong in some of the pairs is not silent,
DOUBT = 0.05  # nor is who ranks fewer than so many wrongly blind, however quiet.


def astray(seen) -> float:
    """G is far from the data and comes no nearer."""
    return all_of(above(seen.away, FAR), above(seen.usual("distance"), ASTRAY), above(seen.progress, STALLED))


def unbeaten(seen) -> float:
    """D tells real from generated without fail, and G is far and comes no nearer."""
    sure = below(1 - seen.usual("separation"), WRONG)
    return all_of(astray(seen), sure, *[above(seen.usual("won"), WON)] * seen.known("won"))


def lost(seen) -> float:
    """D cannot tell real from generated, or hardly says a different thing of them."""
    ranked = seen.usual("separation")
    tossed = below(ranked, BLIND)
    if not seen.known("won") or seen.usual("won") <= WORSE:
        return tossed
    return max(tossed, all_of(below(seen.usual("won"), NOTHING), above(1 - ranked, DOUBT)))


@diagnoses.add
class VanishingGradient(Diagnosis):
    """Arjovsky & Bottou 2017, theorem 2.4: the better D becomes, the less G is told."""

    name = "vanishing-gradient"
    title = "Vanishing generator gradient"
    says = "D is so sure that almost no gradient reaches G: it cannot learn, however long it runs."
    shows = ("faded", "separation")
    proof = {"line": "gradients", "plane": "gradients", "images": "gradients"}
    yields_to = ("divergence",)

    def strength(self, seen):
        # A G whose own units are dead draws one sample and is deaf to D, sure or not: that is a collapse.
        return all_of(unbeaten(seen), below(seen.usual("faded"), FADED), above(seen.usual("faded"), DEAD))

    def cure(self, config):
        if config.loss.name in ("minimax", "zero-sum"):
            return Cure(
                "loss=non-saturating", "G's gradient is large where D is sure, and its samples start to move", 1500
            )
        return Cure("penalty=r1", "D's slope is held down, so that it has something left to say", 1500)


@diagnoses.add
class DOverpowers(Diagnosis):
    """Goodfellow et al. 2014, section 3: D wins every round, and G learns nothing from it."""

    name = "d-overpowers"
    title = "D overpowers G"
    says = "D tells every generated sample from every real one, and G is not coming nearer."
    shows = ("separation", "distance")
    yields_to = ("divergence", "vanishing-gradient", "cycling")

    def strength(self, seen):
        return unbeaten(seen)

    def cure(self, config):
        if config.g_opt.lr < config.d_opt.lr / 10:
            return Cure(f"g_opt.lr={config.d_opt.lr:.3g}", "G takes steps as long as D's and starts to answer", 2000)
        if config.penalty.name == "none":
            return Cure("penalty=r1", "D's slope is held down, and G's way to the data becomes visible", 2000)
        return Cure(
            f"d_opt.lr={bounded(config.d_opt, config.d_opt.lr / 10)}", "D learns slower, so that G keeps up", 2000
        )


@diagnoses.add
class DBlind(Diagnosis):
    """Chintala et al. 2016, section 10: G's loss falls while its samples are garbage, because D cannot tell."""

    name = "d-blind"
    title = "D is blind"
    says = "The samples are far from the data, and D does not notice."
    shows = ("separation", "distance")
    yields_to = ("cycling",)

    def strength(self, seen):
        return all_of(lost(seen), astray(seen))

    def cure(self, config):
        rate = bounded(config.d_opt, max(2 * config.g_opt.lr, starting_rate(config.d_opt), 10 * config.d_opt.lr))
        return Cure(f"d_opt.lr={rate}", "D learns to tell the two apart, and G gets a direction", 3000)

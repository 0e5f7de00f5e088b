"""Ways of moving, each with the spectral radius that theory gives its update at the equilibrium of a toy game.

There a toy is a rotation, v = s · (-ψ, θ), with a slope s; a step of size h turns by about a = hs. The radius ρ says what
a small distance is multiplied by at every iteration: below 1 it lands, above 1 it spirals out.
"""

from __future__ import annotations

import math

import numpy as np

from gancore.catalog import Catalog, knob

methods = Catalog("method")


class Method:
    """What a method answers unless it knows more. A subclass gives `settings()`, and `radius(h, s)` if there is a closed form."""

    period = 1  # iterations after which the same update comes again
    formula = ""  # of the radius, in LaTeX with a = hs
    smooth = True  # whether the update has a slope at the equilibrium, which can be measured

    def settings(self) -> dict:
        """The config's settings, beside those of plain simultaneous steps."""
        return {}

    def radius(self, h: float, s: float) -> float | None:
        """The closed form, per iteration; None where there is none, and then `formula` says why."""
        return None


def largest(trace: float, det: float) -> float:
    """|λ| of the larger root of λ² - trace·λ + det."""
    inside = trace**2 - 4 * det
    return math.sqrt(det) if inside < 0 else (abs(trace) + math.sqrt(inside)) / 2


@methods.add
class Simultaneous(Method):
    """Both step at once from the same point: the tangent of a circle always leads outwards (Mescheder et al. 2018)."""

    name, title, colour = "simultaneous", "Simultaneous", "#E69F00"
    formula = r"\sqrt{1 + a^2}"

    def radius(self, h, s):
        return math.sqrt(1 + (h * s) ** 2)


@methods.add
class Alternating(Method):
    """D steps first and G answers the new D: a closed orbit while a ≤ 2, neither in nor out (Mescheder et al. 2018)."""

    name, title, colour = "alternating", "Alternating", "#56B4E9"
    formula = r"1 \text{ for } a \le 2,\ \tfrac{a^2}{2} - 1 + \sqrt{(\tfrac{a^2}{2} - 1)^2 - 1} \text{ beyond}"

    def settings(self):
        return {"dynamics": "alternating"}

    def radius(self, h, s):
        half = (h * s) ** 2 / 2
        return 1.0 if half <= 2 else half - 1 + math.sqrt((half - 1) ** 2 - 1)


@methods.add
class Extragradient(Method):
    """Korpelevich 1976: look ahead, come back, go by the gradient seen there; lands while a < 1, best at a = 1/√2."""

    name, title, colour = "extragradient", "Extragradient", "#CC79A7"
    formula = r"\sqrt{1 - a^2 + a^4}"

    def settings(self):
        return {"dynamics": "extragradient"}

    def radius(self, h, s):
        a = h * s
        return math.sqrt(1 - a**2 + a**4)


@methods.add
class Optimistic(Method):
    """Daskalakis et al. 2018: twice this step less the one before; lands while a < 1/√3 at one gradient an iteration."""

    name, title, colour = "optimistic", "Optimistic", "#8F7BE0"
    formula = (
        r"\sqrt{\tfrac12(1 + \sqrt{1 - 4a^2})} \text{ for } a \le \tfrac12,\ "
        r"\sqrt{\tfrac14 + (a + \tfrac12\sqrt{4a^2 - 1})^2} \text{ beyond}"
    )

    def settings(self):
        return {"dynamics": "optimistic"}

    def radius(self, h, s):
        a = h * s
        if a <= 0.5:
            return math.sqrt((1 + math.sqrt(1 - 4 * a**2)) / 2)
        return math.sqrt(1 / 4 + (a + math.sqrt(4 * a**2 - 1) / 2) ** 2)


@methods.add
class Proximal(Method):
    """Rockafellar 1976: the gradients of where the step ends, found in some rounds; with endless ones ρ is 1/√(1 + a²)."""

    name, title, colour = "proximal", "Proximal", "#3DB3A6"
    formula = r"|1 - (ia)^{r+2}| \,/ \sqrt{1 + a^2},\ r \text{ rounds}"
    rounds: int = knob(5, 1, 40, label="rounds", help="Rounds in which the end of the step is looked for")

    def settings(self):
        return {"dynamics": "proximal", "dynamics.rounds": self.rounds}

    def radius(self, h, s):
        a = h * s
        return abs(1 - (1j * a) ** (self.rounds + 2)) / math.sqrt(1 + a**2)


@methods.add
class NegativeMomentum(Method):
    """Gidel et al. 2019: each turn takes back half of the last step, which damps what turns; lands while a < 1 for β = -½."""

    name, title, colour = "negative-momentum", "Negative momentum", "#B9770E"
    formula = r"\max |\lambda|:\ (\lambda - 1)^2 (\lambda - \beta)^2 + a^2 \lambda^3 = 0"
    beta: float = knob(-0.5, -0.95, 0.0, label="β", help="Share of the last step that is taken again; below 0, back")

    def settings(self):
        return with_momentum(self.beta)

    def radius(self, h, s):
        return momentum_radius(self.beta, h * s)


@methods.add
class Momentum(Method):
    """Polyak 1964, the heavy ball: what speeds up a descent feeds a rotation, also with turns (Gidel et al. 2019)."""

    name, title, colour = "momentum", "Momentum", "#D9534F"
    formula = NegativeMomentum.formula
    beta: float = knob(0.5, 0.0, 0.95, label="β", help="Share of the last step that is taken again")

    def settings(self):
        return with_momentum(self.beta)

    def radius(self, h, s):
        return momentum_radius(self.beta, h * s)


def with_momentum(beta: float) -> dict:
    plain = {f"{player}_opt": "sgd" for player in "gd"} | {f"{player}_opt.momentum": beta for player in "gd"}
    return {"dynamics": "alternating"} | plain


def momentum_radius(beta: float, a: float) -> float:
    square = np.polymul([1, -1], [1, -beta])
    return float(np.abs(np.roots(np.polyadd(np.polymul(square, square), [a**2, 0, 0, 0]))).max())


@methods.add
class R1(Method):
    """Mescheder et al. 2018: a price γ/2 on D's squared slope pulls ψ in; it stops turning at γ = 2s, lands while h < γ/s²."""

    name, title, colour = "r1", "R1", "#6FA84B"
    formula = r"\sqrt{1 - h\gamma + a^2} \text{ for } \gamma \le 2s"
    gamma: float = knob(0.3, 0.0, 4.0, label="γ", help="Weight of the penalty")

    def settings(self):
        return {"penalty": "r1", "penalty.gamma": self.gamma}

    def radius(self, h, s):
        return largest(2 - h * self.gamma, 1 - h * self.gamma + (h * s) ** 2)


@methods.add
class Consensus(Method):
    """Mescheder et al. 2017: both players also want both gradients small; lands while h < 2γ/(1 + γ²s²)."""

    name, title, colour = "consensus", "Consensus", "#E07BB5"
    formula = r"\sqrt{(1 - h\gamma s^2)^2 + a^2}"
    gamma: float = knob(1.0, 0.0, 4.0, label="γ", help="Weight of the squared size of both gradients")

    def settings(self):
        return {"dynamics": "consensus", "dynamics.gamma": self.gamma}

    def radius(self, h, s):
        return math.hypot(1 - h * self.gamma * s**2, h * s)


@methods.add
class Unrolled(Method):
    """Metz et al. 2017: G knows how its move shapes the next k updates of D, a friction on θ alone."""

    name, title, colour = "unrolled", "Unrolled", "#7FB3D5"
    formula = r"\sqrt{1 - (2k - 1) a^2} \text{ for } a \le 1/k"
    k: int = knob(2, 0, 10, label="k", help="Updates of D that G looks ahead")

    def settings(self):
        return {"dynamics": "unrolled", "dynamics.k": self.k}

    def radius(self, h, s):
        friction = 2 * self.k * (h * s) ** 2
        return largest(2 - friction, 1 - friction + (h * s) ** 2)


@methods.add
class Lookahead(Method):
    """Chavdarova et al. 2021: after every k simultaneous steps both go back, to a share α of the way that they came."""

    name, title, colour = "lookahead", "Lookahead", "#C9A227"
    formula = r"|(1 - \alpha) + \alpha (1 + ia)^k|^{1/k}"
    k: int = knob(6, 1, 40, label="k", help="Iterations between two steps back")
    alpha: float = knob(0.4, 0.0, 1.0, label="α", help="Share of the way that is kept")

    @property
    def period(self):
        return self.k

    def settings(self):
        return {"dynamics": "lookahead", "dynamics.k": self.k, "dynamics.alpha": self.alpha} | {
            "dynamics.turns": "simultaneous"
        }

    def radius(self, h, s):
        return abs((1 - self.alpha) + self.alpha * (1 + 1j * h * s) ** self.k) ** (1 / self.k)


@methods.add
class Adam(Method):
    """Kingma & Ba 2015, both at once: steps of about h however small the gradient, so that it circles and cannot rest."""

    name, title, colour = "adam", "Adam", "#A97142"
    formula = r"\text{none: at rest it divides 0 by 0, so the update has no slope there}"
    smooth = False
    beta1: float = knob(0.5, 0.0, 0.99, label="β₁", help="Memory of the mean gradient")

    def settings(self):
        return {f"{player}_opt": "adam" for player in "gd"} | {f"{player}_opt.beta1": self.beta1 for player in "gd"}


@methods.add
class WganGP(Method):
    """Gulrajani et al. 2017: D's slope is drawn to 1, also where it should be 0; a cycle stays (Mescheder et al. 2018)."""

    name, title, colour = "wgan-gp", "Gradient penalty", "#5D8AA8"
    formula = r"\text{none: the penalty pulls } \psi \text{ to } \pm 1, \text{ so 0 is no resting point}"
    smooth = False
    weight: float = knob(0.35, 0.0, 4.0, label="λ", help="Weight of the squared distance of D's slope from 1")

    def settings(self):
        return {"penalty": "wgan-gp", "penalty.weight": self.weight}


@methods.add
class Averaging(Method):
    """Salimans et al. 2016: a spring to the mean of all places so far, for both; what circles is drawn to the centre."""

    name, title, colour = "historical-averaging", "Historical averaging", "#9E9AC8"
    formula = r"\text{none: the mean's memory grows, so no two updates are the same}"
    smooth = False
    weight: float = knob(0.5, 0.0, 4.0, label="λ", help="Weight of the squared distance from the mean")

    def settings(self):
        return {"penalty": "historical-averaging", "penalty.weight": self.weight}

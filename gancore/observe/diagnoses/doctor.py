"""Judges evidence without flicker: a sign has to stay before it is told, and to be gone for a while before it is forgotten."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from gancore.observe.diagnoses import diagnoses
from gancore.observe.diagnoses.evidence import FACTS, Evidence
from gancore.observe.diagnoses.shelf import Cure, Diagnosis, below

ROW = 3  # Looks in a row until a sign is told, and until it is forgotten.
NEAR = 6.0  # Times the distance of the worst of perfect samples.
GONE = 0.8  # Strength below which a sign counts as gone; between that and 1 nothing changes.


@dataclass(frozen=True)
class Standing:
    """Where one diagnosis stands: told or not, and for how many looks in a row the evidence has spoken against that."""

    told: bool = False
    against: int = 0
    since: int = 0  # The first look of the row that made it told.


def after(standing: Standing, strength: float, iteration: int) -> Standing:
    """The standing after one more look. Strength that is not known changes nothing."""
    if math.isinf(strength):
        return standing if standing.told else Standing(True, 0, iteration)
    speaks = strength < GONE if standing.told else strength >= 1
    if not speaks:
        return replace(standing, against=0) if not math.isnan(strength) else standing
    since = iteration if not standing.told and standing.against == 0 else standing.since
    if standing.against + 1 < ROW:
        return replace(standing, against=standing.against + 1, since=since)
    return Standing(not standing.told, 0, since)


@dataclass(frozen=True)
class Number:
    """A fact as it is told: what it is, how much, and where a perfect sampler lies."""

    what: str
    value: float
    floor: tuple[float, float] | None


@dataclass(frozen=True)
class Verdict:
    """What a person is told."""

    name: str
    title: str
    since: int
    seen: int  # The iteration at which the numbers were taken.
    says: str
    numbers: tuple[Number, ...] = ()
    panel: str = ""
    cure: Cure | None = None

    @property
    def sick(self) -> bool:
        return self.name not in CALM

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        numbers = [
            {"what": n.what, "value": finite(n.value), "floor": n.floor and [finite(end) for end in n.floor]}
            for n in self.numbers
        ]
        return vars(self) | {"numbers": numbers, "cure": self.cure and vars(self.cure), "sick": self.sick}


CALM = ("healthy", "too-early")


class Doctor:
    """Remembers where each diagnosis stands."""

    def __init__(self):
        self.standing: dict[str, Standing] = {name: Standing() for name in diagnoses}
        self.calm = Standing()
        self.every: dict[str, Diagnosis] = {name: diagnoses.make(name) for name in diagnoses}

    def see(self, evidence: Evidence, config) -> tuple[Verdict, ...]:
        """What to tell after one more look: every failure that stands, or that all is well, or that it is too early."""
        at = evidence.iteration
        strengths = {
            name: d.strength(evidence) if evidence.ripe or name == "divergence" else math.nan
            for name, d in self.every.items()
        }
        for name, strength in strengths.items():
            self.standing[name] = after(self.standing[name], strength, at)
        told = {name for name, standing in self.standing.items() if standing.told}
        shown = {name for name in told if not self._explained(name, told)}
        self.calm = after(self.calm, wellness(evidence) if not told else 0.0, at)
        if shown:
            return tuple(self._verdict(name, evidence, config) for name in self.every if name in shown)
        return (self._calm(evidence),)

    def _explained(self, name: str, told: set[str]) -> bool:
        """Whether something else that is told, and is not itself explained, explains this."""
        return any(other in told and not self._explained(other, told) for other in self.every[name].yields_to)

    def _verdict(self, name: str, evidence: Evidence, config) -> Verdict:
        found, standing = self.every[name], self.standing[name]
        numbers = tuple(number(fact, evidence) for fact in found.shows)
        panel = found.proof.get(config.data.page, "")
        says = found.says if not evidence.broken else f"{evidence.broken[1]} is not finite any more."
        return Verdict(name, found.title, standing.since, evidence.iteration, says, numbers, panel, found.cure(config))

    def _calm(self, evidence: Evidence) -> Verdict:
        at = evidence.iteration
        if self.calm.told:
            numbers = tuple(number(fact, evidence) for fact in ("distance", "effective"))
            away = numbers[0].floor and numbers[0].value > NEAR * numbers[0].floor[1]
            says = "No sign of a failure, and G is near the data."
            if away:  # which may be a swing of a moment
                says = "No sign of a failure; G has been near the data, but not at this moment."
            return Verdict("healthy", "Healthy", self.calm.since, at, says, numbers)
        says = (
            "Not enough has been seen yet."
            if not evidence.ripe
            else "No sign of a failure, but G is not near the data yet."
        )
        return Verdict("too-early", "Too early to say", 0, at, says)


def wellness(evidence: Evidence) -> float:
    """From 1 up where G is nearly as near to the data as a perfect sampler."""
    return below(evidence.away, NEAR) if evidence.ripe else math.nan


def number(fact: str, evidence: Evidence) -> Number:
    floor = evidence.band(fact)
    return Number(FACTS[fact], evidence.usual(fact), floor if math.isfinite(floor[1]) else None)


def finite(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None

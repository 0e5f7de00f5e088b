"""The shelf that diagnoses stand on, and what all of them promise."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gancore.catalog import Catalog, knobs
from gancore.observe.diagnoses.evidence import Evidence

diagnoses = Catalog("diagnosis")


@dataclass(frozen=True)
class Cure:
    """One change to make to a fork, and what should come of it within so many iterations."""

    change: str  # address=value, a live knob unless it needs a restart
    expect: str
    within: int
    restart: bool = False  # It cannot be made in the middle: the run begins again with it.
    rewind: bool = False  # Make it where the run was still sound, half way to the failure, not where it stands.


class Diagnosis:
    """One thing that can be the matter, as pure functions of what was measured and of the config.

    A subclass has a `title`, a sentence that `says` it, two facts that it `shows`, the `proof`, a panel for each page,
    and gives `strength` and `cure`.
    """

    says = ""
    shows: tuple[str, ...] = ()
    proof = {"line": "scores", "plane": "scores", "images": "scores"}
    yields_to: tuple[str, ...] = ()  # Diagnoses that explain this one: it is not told beside them.

    def strength(self, seen: Evidence) -> float:
        """How clearly it is there: from 1 up it is, NaN where it cannot be known."""
        raise NotImplementedError

    def cure(self, config) -> Cure:
        """What to try first."""
        raise NotImplementedError


def above(value: float, limit: float) -> float:
    """Reaches 1 where the value is as large as the limit."""
    return value / limit if math.isfinite(value) else math.nan


def below(value: float, limit: float) -> float:
    """Reaches 1 where the value is as small as the limit."""
    return limit / max(value, 1e-9) if math.isfinite(value) else math.nan


def all_of(*strengths: float) -> float:
    """As clear as the weakest sign; NaN if one is not known."""
    return math.nan if any(math.isnan(s) for s in strengths) else min(strengths)


def starting_rate(choice) -> float:
    """The learning rate that an optimiser of this kind has if nobody says otherwise."""
    return _rate(choice).default


def bounded(choice, rate: float) -> str:
    """A learning rate as a change has it, within what this optimiser takes."""
    return f"{min(max(rate, _rate(choice).low), _rate(choice).high):.3g}"


def _rate(choice):
    return next(knob for knob in knobs(choice) if knob.name == "lr")

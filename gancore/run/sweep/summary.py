"""What came out of a sweep, in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gancore.run.sweep.bands import INNER
from gancore.run.sweep.members import Seen
from gancore.run.sweep.sweep import Sweep

MEASURE = {"line": ("distance", " σ"), "plane": ("distance", " σ"), "images": ("V(G, D)", "")}


def summary(sweep: Sweep, members: Sequence[Seen]) -> str:
    """`7 of 8 healthy at iteration 5,000; distance median 0.05 σ (0.03 to 0.11)`."""
    told = counted(members)
    at = f"at iteration {reached(members):,}"
    parts = [f"{n} of {len(members)} {title}" for title, n in told.items()]
    said = f"{', '.join(parts)} {at}"
    finals = np.array([m.final for m in members if not m.ended and math.isfinite(m.final)])
    if not len(finals):
        return said
    what, unit = MEASURE[sweep.base.data.page]
    low, middle, high = np.quantile(finals, (INNER[0], 0.5, INNER[1]))
    return f"{said}; {what} median {middle:.2g}{unit} ({low:.2g} to {high:.2g})"


def counted(members: Sequence[Seen]) -> dict[str, int]:
    """How many have each verdict, in small letters, the healthy first and those of which nothing can be said last."""
    verdicts = [member.verdict for member in members]
    order = sorted(set(verdicts), key=lambda v: (v[0] != "healthy", v[0] == "too-early", -verdicts.count(v)))
    return {title[0].lower() + title[1:]: verdicts.count((name, title)) for name, title in order}


def reached(members: Sequence[Seen]) -> int:
    """As far as all have come that could."""
    going = [member.iteration for member in members if not member.ended]
    return min(going or [member.iteration for member in members])

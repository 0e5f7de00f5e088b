"""What looks share once the data were edited in the middle of a run: at once what is cheap, soon after all of it.

The observer's thread asks; a thread of its own makes the exact reference, which takes longer than a frame may.
"""

from __future__ import annotations

import copy
import threading
import time
from dataclasses import dataclass, replace

import numpy as np

from gancore.game.data.plane import Window
from gancore.observe.look import PLANE_SAMPLES, SCORED, Fixed, fixed_real, law_vitals, plane_reference
from gancore.observe.metrics.modes import PERFECT_2D
from gancore.observe.metrics.plane import PlaneReference

ROUGH = 2  # points along each side of a cell that the density is averaged over while a hand moves
STILL = 0.4  # Seconds without another edit after which the exact reference is made: a hand may still be moving.
ROOM = 1 / 8  # of its own window that may lie outside the one that is shown: there is nothing but empty margin
WIDER = 2.0  # times the data's own window that the one that is shown may be


@dataclass(frozen=True)
class Framed:
    """A law of the plane, seen through a window that stays while the law is edited."""

    law: object
    window: Window

    def __getattr__(self, name: str):
        return getattr(self.law, name)


class Renewal:
    """Keeps what looks share true to the data that the trainer draws from."""

    def __init__(self):
        self._at = 0.0
        self._making: threading.Thread | None = None
        self._made: Fixed | None = None

    def follow(self, fixed: Fixed, trainer) -> Fixed:
        """`fixed` itself, or what stands for it from now on; it is `exact` once the exact reference is there."""
        if trainer.config.data != fixed.choice:
            self._at, self._making, self._made = time.perf_counter(), None, None
            return edited(fixed, trainer.config, trainer.game.source)
        if fixed.exact:
            return fixed
        if self._making is None and time.perf_counter() - self._at > STILL:
            self._making = threading.Thread(target=self._make, args=(fixed,), daemon=True)
            self._making.start()
        made = self._made
        return made if made is not None and made.choice == fixed.choice else fixed

    def _make(self, fixed: Fixed) -> None:
        self._made = exactly(fixed)


def edited(before: Fixed, config, source) -> Fixed:
    """The same run's looks on other data, in a few hundredths of a second and through the same window.

    Distances are gaps until there are exact quantiles to take them from; a perfect sampler's shares are those of bells
    that do not overlap.
    """
    fixed = copy.copy(before)
    fixed.choice, fixed.source, fixed.exact = config.data, Framed(source, before.source.window), False
    fixed.real = fixed_real(config, source, PLANE_SAMPLES)
    fixed.judged = fixed.real[:SCORED]
    fixed.reference = interim(before.reference, fixed.source)
    return fixed


def interim(before: PlaneReference, source: Framed) -> PlaneReference:
    weight = np.array([row[0] for row in getattr(source, "modes", ())])
    expected = PERFECT_2D * weight / weight.sum() if len(weight) else None
    gaps = np.full_like(before.quantiles, np.nan)
    return replace(before, source=source, quantiles=gaps, expected=expected, finer=ROUGH)


def exactly(fixed: Fixed) -> Fixed:
    """The same looks with the exact reference, through a window that shows the data well."""
    made = copy.copy(fixed)
    made.source = Framed(fixed.source.law, framed(fixed.source.window, fixed.source.law.window))
    made.reference, made.exact = plane_reference(made.source), True
    _ = made.reference.p  # kept there: made here, where nobody waits for it
    made.vitals = law_vitals("plane", made.source, made.reference)
    return made


def framed(shown: Window, own: Window) -> Window:
    """The window that is shown already, while it does for data with this window of their own; else theirs."""
    fits = all(
        low - ROOM * (b - a) <= a and b <= high + ROOM * (b - a) and high - low <= WIDER * max(d - c for c, d in own)
        for (low, high), (a, b) in zip(shown, own)
    )
    return shown if fits else own

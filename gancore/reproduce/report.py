"""Our figures beside the published ones: rows, and the lines and plain values that are made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import Any

from gancore.reproduce.experiment import Experiment, Measured, Published


@dataclass
class Row:
    """One figure of one arm or control, seed by seed."""

    arm: str
    figure: str
    form: str
    published: Published | None
    control: bool = False
    ours: list[Measured] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)  # the iteration each was measured at

    @property
    def value(self) -> float | None:
        """The mean over seeds; None before anything was measured."""
        return mean(m.value for m in self.ours) if self.ours else None

    @property
    def spread(self) -> tuple[float, str] | None:
        """How uncertain ours is, and what that says: the standard error over seeds, or the figure's own."""
        if len(self.ours) > 1 and all(math.isfinite(m.value) for m in self.ours):
            return stdev(m.value for m in self.ours) / math.sqrt(len(self.ours)), f"s.e. of {len(self.ours)} seeds"
        if self.ours and self.ours[0].error is not None:
            return self.ours[0].error, "own s.e."
        return None

    def said(self) -> str:
        """Ours in words."""
        if self.value is None:
            return "not run"
        alone = " (one seed)" if len(self.ours) == 1 and not self.control else ""
        spread = f" ± {self.form.format(self.spread[0])} ({self.spread[1]})" if self.spread else alone
        return self.form.format(self.value) + spread

    def verdict(self) -> str:
        """Whether ours is within two joint standard errors of theirs; nothing where that cannot be said."""
        if self.value is None or self.published is None or self.published.spread is None:
            return ""
        theirs = self.published.spread
        ours = self.spread[0] if self.spread else theirs * math.sqrt(self.published.runs)  # one run of theirs
        off = self.value - self.published.value
        return "met" if abs(off) <= 2 * math.hypot(ours, theirs) else f"missed by {abs(off):.3g}"

    def theirs(self) -> str:
        """The published figure in words, without its source."""
        if self.published is None:
            return "no published figure"
        if self.published.value is None:
            return self.published.words
        spread = "" if self.published.spread is None else f"± {self.published.spread:g}"
        return " ".join(filter(None, (f"{self.published.value:g}", spread, self.published.words)))


def label(experiment: Experiment, steps: int, seeds: int) -> str:
    """What stands before every line of a shortened run; nothing where the protocol is whole."""
    if steps >= experiment.steps and seeds >= experiment.seeds:
        return ""
    return f"[shortened: {steps:,} of {experiment.steps:,} iterations, {seeds} of {experiment.seeds} seeds] "


def rows(experiment: Experiment) -> list[Row]:
    """The empty table."""
    arms = [(a, False) for a in experiment.arms()] + [(c, True) for c in experiment.controls()]
    return [
        Row(a.name, figure, form, a.published.get(figure), control)
        for a, control in arms
        for figure, form in experiment.figures.items()
        if not (control and figure in experiment.of_games)
    ]


def lines(experiment: Experiment, table: list[Row], steps: int, about: dict[str, Any]) -> Iterator[str]:
    """The table as text, without the label."""
    yield f"{experiment.name}: {(type(experiment).__doc__ or '').splitlines()[0]}"
    cells = [("what", "figure", "ours", "published", "", "source of the published figure")]
    for row in table:
        early = sorted({at for at in row.reached if at < steps})
        ours = row.said() + (f" at iteration {', '.join(f'{at:,}' for at in early)}" if early else "")
        source = row.published.source if row.published else ""
        cells.append((row.arm, row.figure, ours, row.theirs(), row.verdict(), source))
    widths = [max(map(len, column)) for column in zip(*cells)]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
    for row in table:
        if len(row.ours) > 1:
            yield f"{row.arm}, {row.figure}, seed by seed: {', '.join(row.form.format(m.value) for m in row.ours)}"
    yield "met: within two joint standard errors; a single seed counts as one of the published runs"
    yield from experiment.notes
    yield ", ".join(f"{name}: {value}" for name, value in about.items())


def facts(experiment: Experiment, table: list[Row], shortened: str, about: dict[str, Any]) -> dict[str, Any]:
    """The table as plain values; what is not finite is null."""
    told = [
        {
            "what": row.arm,
            "figure": row.figure,
            "control": row.control,
            "ours": plain(row.value),
            "spread": {"value": plain(row.spread[0]), "of": row.spread[1]} if row.spread else None,
            "by_seed": [plain(m.value) for m in row.ours],
            "iterations": row.reached,
            "verdict": row.verdict(),
            "published": row.published and {**vars(row.published)},
        }
        for row in table
    ]
    return {"experiment": experiment.name, "shortened": shortened.strip(), "rows": told, **about}


def plain(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

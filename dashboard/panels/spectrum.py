"""How coarse and how fine the pictures are: their energy by length of wave, where a checkerboard shows."""

from __future__ import annotations

from math import log10

import numpy as np

from dashboard.panels.panel import Panel
from dashboard.theme import GENERATED, REAL, curve, faded, figure
from gancore import seeds
from gancore.config import Config
from gancore.observe.look import IMAGE_SAMPLES
from gancore.observe.metrics.checkers import lengths, waves

ROUNDS = 12  # real samples behind the band
TICKS = (2, 3, 4, 6, 8, 16, 32)


def spectrum(config: Config) -> Panel:
    """For a config of the images page."""
    source = config.data.open()
    chance = seeds.stream(0, "spectrum")
    known = np.array([waves(source.sample(IMAGE_SAMPLES, chance).numpy(), source.shape) for _ in range(ROUNDS)])
    known = np.maximum(known, 1e-9)
    low, high, at = known.min(0), known.max(0), lengths(source.side)
    outline = dict(x=np.append(at, at[::-1]), y=np.append(low, high[::-1]), mode="none", fill="toself")
    ends = [log10(low.min()) - 0.5, log10(high.max()) + 0.5]
    chart = figure(
        curve("real", REAL, fillcolor=faded(REAL, 0.3), hoverinfo="skip", showlegend=False, **outline),
        curve("real", REAL, x=at, y=known.mean(0), mode="lines+markers", width=1.2),
        curve("generated", GENERATED, x=at, mode="lines+markers"),
        xaxis=dict(
            type="log", range=[log10(at[0] * 1.1), log10(1.85)], tickvals=[t for t in TICKS if t <= at[0] + 1],
            title=dict(text="length of wave (pixels)", standoff=2),
        ),
        yaxis=dict(type="log", range=ends, title="share of energy", exponentformat="power", dtick=1),
    )  # fmt: skip
    return Panel(
        "spectrum",
        "Coarse to fine",
        "A peak at two pixels that real pictures do not have is a checkerboard, the mark of enlarging by two.",
        ("spectrum",),
        chart,
        {"data.2.y": "spectrum"},
        height=300,
    )

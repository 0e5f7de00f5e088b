"""The phase portrait of a live run: D's mean score on real against that on generated batches."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.panels.panel import Panel
from dashboard.theme import DISCRIMINATOR, REFERENCE, curve, figure, reference
from gancore.config import Config
from gancore.observe.history import RECENT


def phase(config: Config) -> Panel:
    """Every one of the last iterations, and the fixed samples' means over all time; the cross is where D cannot tell."""
    loss = config.loss
    span = list(loss.span) if loss.span else None
    fixed = dict(range=span) if span else {}
    rest = dict(symbol="cross-thin", size=14, color=REFERENCE, line=dict(width=2, color=REFERENCE))
    diagonal = span or [-1e6, 1e6]
    chart = figure(
        reference("no difference", x=diagonal, y=diagonal, width=1, hoverinfo="skip", showlegend=False),
        curve("all the run, fixed samples", REFERENCE, width=1, hoverinfo="skip"),
        curve(f"last {RECENT} iterations", DISCRIMINATOR, width=1.3, hoverinfo="skip", opacity=0.8),
        go.Scatter(name="now", mode="markers", marker=dict(size=10, color=DISCRIMINATOR), showlegend=False),
        go.Scatter(mode="markers", marker=rest, x=[loss.undecided], y=[loss.undecided], showlegend=False, hoverinfo="skip"),
        xaxis=dict(title=dict(text=f"mean {loss.says} on real", standoff=2), zeroline=False, **fixed),
        yaxis=dict(title=f"mean {loss.says} on generated", zeroline=False, **fixed),
    )  # fmt: skip
    return Panel(
        "phase",
        "Phase portrait",
        "D's mean score on real against generated. A loop around the cross is a game that turns; a fall into it, one that lands.",
        ("phase",),
        chart,
        {
            "data.1.x": "phase_past_real",
            "data.1.y": "phase_past_fake",
            "data.2.x": "phase_real",
            "data.2.y": "phase_fake",
            "data.3.x": "phase_now_real",
            "data.3.y": "phase_now_fake",
        },
        height=300,
    )

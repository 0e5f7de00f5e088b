"""Which modes the generator reaches, how evenly, and how many that is worth: mode collapse in numbers."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.panels.panel import Panel
from dashboard.panels.quality import band
from dashboard.theme import GENERATED, REFERENCE, curve, faded, figure, reference
from gancore.config import Config
from gancore.observe import look


def shares(config: Config) -> Panel | None:
    """Bars now, effective modes over time. For a config of the plane page; nothing where no modes are known."""
    known = look.plane_reference(config.data.open())
    if known.modes is None:
        return None
    count, weights = len(known.modes), known.modes[:, 0] / known.modes[:, 0].sum()
    edges = np.repeat(np.arange(count + 1) + 0.5, 2)[1:-1]
    places = [f"mode {i + 1} at ({x:.3g}, {y:.3g})" for i, (_, x, y, _) in enumerate(known.modes)]
    worth = float(np.exp(-(weights[weights > 0] * np.log(weights[weights > 0])).sum()))
    dashed = dict(color=REFERENCE, width=1.2, dash="dash")
    chart = figure(
        go.Bar(
            x=np.arange(count) + 1, y=np.zeros(count), marker=dict(color=GENERATED, line_width=0), name="generated", width=0.7,
            hovertext=places, hovertemplate="%{hovertext}: %{y:.1%}<extra></extra>",
        ),
        go.Scatter(
            x=np.append(edges, edges[::-1]), y=np.full(4 * count, np.nan), mode="lines", line_width=0, fill="toself",
            fillcolor=faded(REFERENCE, 0.45), hoverinfo="skip", name="95 % of perfect samples",
        ),
        reference("data", x=edges, y=np.repeat(known.expected, 2), width=1.3, hoverinfo="skip"),
        curve("effective modes", GENERATED, width=1.6, xaxis="x2", yaxis="y2", showlegend=False),
        xaxis=dict(domain=[0, 0.52], range=[0.4, count + 0.6], title=dict(text="mode", standoff=2), showgrid=False, **ticks(count)),
        yaxis=dict(title="share of samples", rangemode="tozero", tickformat=".0%"),
        xaxis2=dict(domain=[0.64, 1], range=[0, 100], anchor="y2", title=dict(text="iteration", standoff=2)),
        yaxis2=dict(anchor="x2", title="effective modes", range=[0, 1.08 * count]),
        shapes=[
            band(known.floor["effective"], "y2") | dict(xref="x2 domain"),
            dict(type="line", xref="x2 domain", yref="y2", x0=0, x1=1, y0=worth, y1=worth, line=dashed, layer="below"),
        ],
    )  # fmt: skip
    return Panel(
        "shares",
        "Modes",
        "Samples within 3 σ of each mode; no chance outside the grey band. Effective modes, exp(entropy): 90 % on one of 8 is 1.7.",
        ("modes",),
        chart,
        {
            "data.0.y": "mode_share",
            "data.1.y": "mode_band",  # never changes, but the player takes curves off a subplot where only bars move
            "data.3.x": "high_quality_t",
            "data.3.y": "effective",
            "layout.xaxis2.range": "time",
        },
        height=300,
        timeline=("xaxis2",),
    )


def ticks(count: int) -> dict:
    """Every mode has its number, every fifth if there are many."""
    step = 1 if count <= 12 else 5
    return dict(tickmode="array", tickvals=list(range(step, count + 1, step)))

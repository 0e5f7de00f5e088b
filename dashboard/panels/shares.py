"""Which modes the generator reaches, how evenly, and how many that is worth: mode collapse in numbers, now and over time."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.panels.panel import Panel
from dashboard.panels.quality import band
from dashboard.theme import GENERATED, REAL, REFERENCE, curve, faded, figure, reference
from gancore.config import Config
from gancore.observe import look

NOW, PAST, WORTH = [0, 0.27], [0.34, 0.66], [0.76, 1]  # domains of the three charts, from left to right


def shares(config: Config) -> Panel | None:
    """Bars now, every mode over time, effective modes and quality. Nothing where no modes are known."""
    known = look.plane_reference(config.data.open())
    if known.modes is None:
        return None
    count, weights = len(known.modes), known.modes[:, 0] / known.modes[:, 0].sum()
    worth = float(np.exp(-(weights[weights > 0] * np.log(weights[weights > 0])).sum()))
    dashed = dict(color=REFERENCE, width=1.2, dash="dash")
    time = dict(range=[0, 100], title=dict(text="iteration", standoff=2))
    chart = figure(
        *bars(known, count),
        history(known, count),
        curve("effective modes", GENERATED, width=1.6, xaxis="x3", yaxis="y3", showlegend=False),
        curve("high quality", GENERATED, width=1.6, xaxis="x4", yaxis="y4", showlegend=False),
        xaxis=dict(domain=NOW, range=[0.4, count + 0.6], title=dict(text="mode", standoff=2), showgrid=False, **ticks(count)),
        yaxis=dict(title="share of samples", rangemode="tozero", tickformat=".0%"),
        xaxis2=time | dict(domain=PAST, anchor="y2", showgrid=False),
        yaxis2=dict(anchor="x2", title="mode", range=[count + 0.5, 0.5], showgrid=False, zeroline=False, **ticks(count)),
        xaxis3=time | dict(domain=WORTH, anchor="y3", showticklabels=False, title=None),
        yaxis3=dict(anchor="x3", title="effective modes", range=[0, 1.08 * count], domain=[0.56, 1]),
        xaxis4=time | dict(domain=WORTH, anchor="y4"),
        yaxis4=dict(anchor="x4", title="high quality", range=[0, 1.05], tickformat=".0%", domain=[0, 0.44]),
        shapes=[
            band(known.floor["effective"], "y3") | dict(xref="x3 domain"),
            dict(type="line", xref="x3 domain", yref="y3", x0=0, x1=1, y0=worth, y1=worth, line=dashed, layer="below"),
            band(known.floor["high_quality"], "y4") | dict(xref="x4 domain"),
        ],
        annotations=total(worth),
    )  # fmt: skip
    return Panel(
        "shares",
        "Modes",
        "Samples within 3 σ of each mode: no chance outside the grey band. Over time: blue has too little, orange too much. "
        "Effective modes: 90 % on one of 8 is worth 1.7.",
        ("modes", "mode-history"),
        chart,
        {
            "data.0.y": "mode_share",
            "data.1.y": "mode_band",  # never changes, but the player takes curves off a subplot where only bars move
            "data.3.x": "mode_1_t",
            "data.3.z": "mode_history",
            "data.4.x": "high_quality_t",
            "data.4.y": "effective",
            "data.5.x": "high_quality_t",
            "data.5.y": "high_quality",
            "layout.annotations.0.text": "worth",
            "layout.annotations.1.text": "misplaced",
            **{f"layout.xaxis{at}.range": "time" for at in (2, 3, 4)},
        },
        span=2,
        height=300,
        timeline=("xaxis2", "xaxis3", "xaxis4"),
    )


def bars(known, count: int) -> tuple[go.Bar, go.Scatter, go.Scatter]:
    """Shares now, the band of a perfect sampler, and what it has on average."""
    edges = np.repeat(np.arange(count + 1) + 0.5, 2)[1:-1]
    places = [f"mode {i + 1} at ({x:.3g}, {y:.3g})" for i, (_, x, y, _) in enumerate(known.modes)]
    return (
        go.Bar(
            x=np.arange(count) + 1, y=np.zeros(count), marker=dict(color=GENERATED, line_width=0), name="generated", width=0.7,
            hovertext=places, hovertemplate="%{hovertext}: %{y:.1%}<extra></extra>",
        ),
        go.Scatter(
            x=np.append(edges, edges[::-1]), y=np.full(4 * count, np.nan), mode="lines", line_width=0, fill="toself",
            fillcolor=faded(REFERENCE, 0.45), hoverinfo="skip", name="95 % of perfect samples",
        ),
        reference("data", x=edges, y=np.repeat(known.expected, 2), width=1.3, hoverinfo="skip"),
    )  # fmt: skip


def history(known, count: int) -> go.Heatmap:
    """Every mode's share over time: clear within the band of perfect samples, blue below it, orange above."""
    chance = min(float((np.abs(known.bands / known.expected[:, None] - 1)).max()), 0.4)
    most = max(4.0, count)
    stops = [(0, REAL, 0.85), (0.5, REAL, 0.3), (1 - chance, REAL, 0), (1 + chance, GENERATED, 0), (2, GENERATED, 0.3)]
    colours = [[at / most, faded(colour, alpha)] for at, colour, alpha in [*stops, (most, GENERATED, 1)]]
    return go.Heatmap(
        y=np.arange(count) + 1, z=np.full((count, 1), np.nan), x=[0], xaxis="x2", yaxis="y2", colorscale=colours, zmin=0, zmax=most,
        name="share over time", hovertemplate="mode %{y}, iteration %{x:,}: %{z:.2f} × its share<extra></extra>",
        colorbar=dict(
            x=PAST[1] + 0.005, xpad=0, thickness=8, len=1, outlinewidth=0, ticks="", tickvals=[0, 1, most],
            ticktext=["none", "as data", f"{most:g} ×"], tickfont=dict(size=10, color=REFERENCE),
        ),
    )  # fmt: skip


def total(worth: float) -> list[dict]:
    """In figures: how many modes the shares are worth now, and what part of the samples is on the wrong mode."""
    place = dict(xref="x3 domain", y=1.02, yanchor="bottom", showarrow=False)
    now = place | dict(x=0.2, xanchor="right", text=" ", font=dict(size=15, color=GENERATED))
    unit = place | dict(x=0.22, xanchor="left", font=dict(size=12, color=REFERENCE))
    above, below = dict(yref="y3 domain"), dict(yref="y4 domain")
    words = (above | dict(text=f"of {worth:.3g} effective modes"), below | dict(text="% on the wrong mode"))
    return [now | above, now | below, *(unit | said for said in words)]


def ticks(count: int) -> dict:
    """Every mode has its number, every fifth if there are many."""
    step = 1 if count <= 12 else 5
    return dict(tickmode="array", tickvals=list(range(step, count + 1, step)))

"""Eigenvalues of the Jacobian of a live run's field, v = (∇g L_G, ∇d L_D), in the complex plane."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.panels.panel import Panel
from dashboard.theme import DISCRIMINATOR, GENERATED, REFERENCE, faded, figure
from gancore.config import Config

GAME = "#CC79A7"  # Okabe & Ito's purple: neither player's, but what becomes of both


def eigenvalues(config: Config) -> Panel:
    """Those of the whole game, and of each player's own Hessian, which alone could only be real."""
    half = dict(type="rect", xref="x", yref="paper", x0=-1e6, x1=0, y0=0, y1=1)
    grows = half | dict(layer="below", line_width=0, fillcolor=faded(GENERATED, 0.07))
    chart = figure(
        go.Scatter(name="the game", **dots(GAME, 8)),
        go.Scatter(name="G alone", **dots(GENERATED, 7, symbol="line-ns-open", line_width=2)),
        go.Scatter(name="D alone", **dots(DISCRIMINATOR, 7, symbol="line-ns-open", line_width=2)),
        xaxis=dict(range=[-1, 3], title=dict(text="real part: fades where positive", standoff=2), zeroline=True, zerolinewidth=2),
        yaxis=dict(range=[-1, 1], title="imaginary part: turns", zeroline=True),
        shapes=[grows],
        annotations=[note(" ", 1.0), note("at iteration", 1.0, xshift=-58), note("grows", 0.02, x=0.01, xanchor="left")],
    )  # fmt: skip
    return Panel(
        "eigenvalues",
        "Eigenvalues of the game's Jacobian",
        "Of v = (∇G L_G, ∇D L_D) on 256 fixed samples, the 12 largest. Steps go along −v: a real part above 0 fades, "
        "an imaginary part turns. Computed at a pause, rarely while it plays; up to 20,000 weights.",
        ("game-eigenvalues",),
        chart,
        {
            "data.0.x": "eigen_re",
            "data.0.y": "eigen_im",
            "data.1.x": "eigen_g",
            "data.1.y": "eigen_g_0",
            "data.2.x": "eigen_d",
            "data.2.y": "eigen_d_0",
            "layout.xaxis.range": "eigen_re_range",
            "layout.yaxis.range": "eigen_im_range",
            "layout.annotations.0.text": "eigen_at",
        },
        height=300,
    )


def dots(colour: str, size: float, **more) -> dict:
    return dict(mode="markers", marker=dict(size=size, color=colour, **more), hovertemplate="%{x:.4g} %{y:+.4g}i")


def note(text: str, y: float, x: float = 1.0, xanchor: str = "right", xshift: float = 0) -> dict:
    at = dict(xref="paper", yref="paper", x=x, y=y, xanchor=xanchor, yanchor="bottom", xshift=xshift, showarrow=False)
    return at | dict(text=text, font=dict(size=11, color=REFERENCE))

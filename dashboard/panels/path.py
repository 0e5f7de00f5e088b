"""The straight path from a run's first weights to its present ones: path-norm and path-angle (Berard et al. 2020)."""

from __future__ import annotations

from dashboard.panels.eigenvalues import GAME, note
from dashboard.panels.panel import Panel
from dashboard.theme import REFERENCE, curve, figure
from gancore.config import Config


def path(config: Config) -> Panel:
    """The cosine above, the norm below."""
    line = dict(color=REFERENCE, width=1, dash="dot")
    upright = dict(type="line", yref="paper", y0=0, y1=1, line=line, layer="below")
    chart = figure(
        curve("cos", GAME, showlegend=False, hovertemplate="%{x:.3f}: cos = %{y:.3f}"),
        curve("|v|", GAME, xaxis="x2", yaxis="y2", showlegend=False, hovertemplate="%{x:.3f}: |v| = %{y:.3g}"),
        xaxis=dict(range=[-0.1, 1.1], anchor="y", showticklabels=False, zeroline=False),
        yaxis=dict(domain=[0.5, 1], range=[-1.05, 1.05], title="path-angle: cos", zeroline=True, dtick=0.5),
        xaxis2=dict(range=[-0.1, 1.1], anchor="y2", title=dict(text="share of the way", standoff=2), zeroline=False),
        yaxis2=dict(domain=[0, 0.42], rangemode="tozero", title="path-norm: |v|"),
        shapes=[upright | dict(xref=x, x0=at, x1=at) for at in (0, 1) for x in ("x", "x2")],
        annotations=[
            note(" ", 1.0),
            note("now: iteration", 1.0, xshift=-58),
            note("first", 1.0, x=0.1 / 1.2, xanchor="center"),
        ],
        margin=dict(l=52, r=12, t=24, b=34),
    )
    return Panel(
        "path",
        "Path from the first weights to now",
        "cos between v and (first − now): above 0, descent −v points to now. A change of sign at 1 says now attracts "
        "(or repels), a bump there that the field turns around it; both, a spiral.",
        ("path-angle",),
        chart,
        {
            "data.0.x": "path",
            "data.0.y": "path_cosine",
            "data.1.x": "path",
            "data.1.y": "path_norm",
            "layout.annotations.0.text": "path_at",
        },
        height=300,
    )

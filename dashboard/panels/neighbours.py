"""Whether generated samples could be told from real ones by their neighbours, which no kind of collapse survives."""

from __future__ import annotations

from dashboard.panels.panel import Panel
from dashboard.panels.quality import band
from dashboard.theme import GENERATED, curve, figure
from gancore.config import Config
from gancore.observe import look


def neighbours(config: Config) -> Panel:
    """Coverage above, 1-NN accuracy below. For a config of the plane page."""
    known = look.plane_reference(config.data.open())
    time = dict(range=[0, 100])
    chart = figure(
        curve("coverage", GENERATED, width=1.6),
        curve("1-NN accuracy", GENERATED, width=1.6, xaxis="x2", yaxis="y2"),
        xaxis=time | dict(anchor="y", showticklabels=False),
        yaxis=dict(title="coverage", range=[0, 1.05], tickformat=".0%", domain=[0.54, 1]),
        xaxis2=time | dict(anchor="y2", title=dict(text="iteration", standoff=2)),
        yaxis2=dict(title="1-NN accuracy", range=[0.4, 1.03], tickformat=".0%", domain=[0, 0.46], anchor="x2"),
        shapes=[band(known.floor["coverage"], "y"), band(known.floor["one_nn"], "y2")],
        showlegend=False,
    )
    return Panel(
        "neighbours",
        "Told by their neighbours",
        "Coverage: real samples with a generated one as near as their 5th real neighbour. 1-NN: how often the nearest sample "
        "is of the same kind; 50 % if nobody can tell.",
        ("neighbours",),
        chart,
        {
            "data.0.x": "coverage_t",
            "data.0.y": "coverage",
            "data.1.x": "coverage_t",
            "data.1.y": "one_nn",
            "layout.xaxis.range": "time",
            "layout.xaxis2.range": "time",
        },
        height=300,
        timeline=("xaxis", "xaxis2"),
    )

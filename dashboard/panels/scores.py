"""How D scores real and generated samples: the histograms now, and each batch's mean over time."""

from __future__ import annotations

from dashboard.panels.panel import Panel
from dashboard.theme import GENERATED, REAL, REFERENCE, curve, faded, figure
from gancore.config import Config


def scores(config: Config) -> Panel:
    """Real and generated scores in D's own unit."""
    loss = config.loss
    span = list(loss.span) if loss.span else [-1.0, 1.0]
    steps = dict(mode="lines", line_shape="hvh")
    dotted = dict(color=REFERENCE, width=1, dash="dot")
    chart = figure(
        curve("real", REAL, fill="tozeroy", fillcolor=faded(REAL, 0.18), **steps),
        curve("generated", GENERATED, fill="tozeroy", fillcolor=faded(GENERATED, 0.18), **steps),
        curve("mean on real", REAL, width=1.2, xaxis="x2", yaxis="y2", showlegend=False),
        curve("mean on generated", GENERATED, width=1.2, xaxis="x2", yaxis="y2", showlegend=False),
        xaxis=dict(domain=[0, 0.44], range=span, title=dict(text=f"{loss.says} now", standoff=2), anchor="y"),
        yaxis=dict(range=[0, 1], title="share of samples", anchor="x"),
        xaxis2=dict(domain=[0.57, 1], range=[0, 100], title=dict(text="iteration", standoff=2), anchor="y2"),
        yaxis2=dict(anchor="x2", title=f"mean {loss.says}", **(dict(range=span) if loss.span else {})),
        shapes=[
            dict(type="line", xref="x", yref="y domain", x0=loss.undecided, x1=loss.undecided, y0=0, y1=1, line=dotted),
            dict(
                type="line", xref="x2 domain", yref="y2", x0=0, x1=1, y0=loss.undecided, y1=loss.undecided, line=dotted
            ),
        ],
    )
    return Panel(
        "scores",
        "Scores",
        "Far apart, D tells real from generated with ease; on top of each other at the dotted line, it can only guess.",
        ("scores",),
        chart,
        {
            "data.0.x": "score_at",
            "data.0.y": "score_real",
            "data.1.x": "score_at",
            "data.1.y": "score_fake",
            "data.2.x": "d_real_t",
            "data.2.y": "d_real",
            "data.3.x": "d_fake_t",
            "data.3.y": "d_fake",
            "layout.xaxis2.range": "time",
            **({} if loss.span else {"layout.xaxis.range": "score_range"}),
        },
        height=300,
        timeline=("xaxis2",),
    )

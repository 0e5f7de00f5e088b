"""What D says of pictures that it is trained on, of real ones that it never saw, and of generated ones."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.panels.panel import Panel
from dashboard.theme import GENERATED, REAL, REFERENCE, faded, figure
from gancore.config import Config

NONE = "This set is too small for any of it to be held out."
SIDES = (("known", "trained on", REAL), ("unseen", "held out", REAL), ("made", "generated", GENERATED))


def held_out(config: Config) -> Panel:
    """For a config of the images page: three histograms now, three means over time."""
    loss = config.loss
    span = list(loss.span) if loss.span else [-1.0, 1.0]
    dotted = dict(color=REFERENCE, width=1, dash="dot")
    now, past, bind = [], [], {"layout.xaxis2.range": "time"}
    for at, (name, title, colour) in enumerate(SIDES):
        line = dict(color=colour, width=2 if name == "unseen" else 1.2, simplify=False)
        line |= dict(dash="dash") if name == "unseen" else {}
        filled = dict(fill="tozeroy", fillcolor=faded(colour, 0.18)) if name != "unseen" else {}
        now.append(go.Scatter(name=title, mode="lines", line=dict(line, shape="hvh"), **filled))
        past.append(
            go.Scatter(name=f"mean, {title}", mode="lines", xaxis="x2", yaxis="y2", showlegend=False, line=line)
        )
        bind |= {f"data.{at}.x": "scores_at", f"data.{at}.y": f"{name}_scores"}
        bind |= {f"data.{at + 3}.x": "on_known_t", f"data.{at + 3}.y": f"on_{name}"}
    if not loss.span:
        bind["layout.xaxis.range"] = "scores_range"
    bare = dict(text=NONE, xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False, font=dict(color=REFERENCE))
    chart = figure(
        *now,
        *past,
        xaxis=dict(domain=[0, 0.44], range=span, title=dict(text=f"{loss.says} now", standoff=2), anchor="y"),
        yaxis=dict(range=[0, 1], title="share of pictures", anchor="x"),
        xaxis2=dict(domain=[0.55, 1], range=[0, 100], title=dict(text="iteration", standoff=2), anchor="y2"),
        yaxis2=dict(anchor="x2", title=f"mean {loss.says}", **(dict(range=span) if loss.span else {})),
        shapes=[
            dict(type="line", xref="x", yref="y domain", x0=loss.undecided, x1=loss.undecided, y0=0, y1=1, line=dotted),
            dict(
                type="line", xref="x2 domain", yref="y2", x0=0, x1=1, y0=loss.undecided, y1=loss.undecided, line=dotted
            ),
        ],
        annotations=[] if len(config.data.open().held_out) else [bare],
    )
    return Panel(
        "held-out",
        "Seen and unseen",
        "Real pictures that D never saw should score like those it is trained on, unless D knows these by heart.",
        ("held-out",),
        chart,
        bind,
        span=2,
        height=300,
        timeline=("xaxis2",),
    )

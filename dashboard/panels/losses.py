"""What the players minimise, every iteration of it, and the value they fight over."""

from __future__ import annotations

from math import log

from dashboard.panels.panel import Panel, View
from dashboard.theme import DISCRIMINATOR, GENERATED, REFERENCE, curve, figure, reference
from gancore.config import Config

NAMES = {2 * log(2): "2 log 2", log(2): "log 2", -log(2): "−log 2", -2 * log(2): "−2 log 2"}
VALUES = NAMES | {-2 * log(2): "−log 4"}  # as the theorem calls it


def losses(config: Config) -> Panel:
    """Losses above, V(G, D) below; dashed where the game's equilibrium lies, and on the line what V would be at D*."""
    loss = config.loss
    best = loss.knows_best and config.data.page == "line"
    marks = [(loss.equilibrium_d, "y", 0), (loss.equilibrium_g, "y", 0), (-loss.equilibrium_d, "y2", 0)]
    marks = [mark for mark in marks if mark[0] is not None]
    chart = figure(
        curve("D loss", DISCRIMINATOR, width=1.2),
        curve("G loss", GENERATED, width=1.2),
        curve("V(G, D)", REFERENCE, width=1.5, xaxis="x2", yaxis="y2"),
        *[reference("V(G, D*)", width=1.2, xaxis="x2", yaxis="y2", connectgaps=False)] * best,
        xaxis=dict(range=[0, 100], anchor="y", showticklabels=False),
        yaxis=dict(domain=[0.42, 1], title="loss"),
        xaxis2=dict(range=[0, 100], anchor="y2", title=dict(text="iteration", standoff=2)),
        yaxis2=dict(domain=[0, 0.34], title="V(G, D)"),
        shapes=[equilibrium_line(value, axis) for value, axis, _ in marks],
        annotations=[equilibrium_name(value, axis) for value, axis, _ in marks],
        margin=dict(l=52, r=58, t=26, b=34),
    )
    return Panel(
        "losses",
        "Losses",
        "Neither should win: at equilibrium the losses rest on the dashed lines, and so does the value they fight over."
        + " V(G, D*) is what the best D would make of it." * best,
        ("losses", "value", *("best-value",) * best),
        chart,
        {
            "data.0.x": "d_loss_t",
            "data.0.y": "d_loss",
            "data.1.x": "g_loss_t",
            "data.1.y": "g_loss",
            "data.2.x": "value_t",
            "data.2.y": "value",
            **({"data.3.x": "best_value_t", "data.3.y": "best_value"} if best else {}),
            "layout.xaxis.range": "time",
            "layout.xaxis2.range": "time",
        },
        height=300,
        views=((View("Linear", {"yaxis.type": "linear"}), View("Log", {"yaxis.type": "log"})),),
        timeline=("xaxis", "xaxis2"),
    )


def equilibrium_line(value: float, axis: str) -> dict:
    line = dict(color=REFERENCE, width=1.2, dash="dash")
    return dict(type="line", xref="paper", x0=0, x1=1, yref=axis, y0=value, y1=value, line=line, layer="below")


def equilibrium_name(value: float, axis: str) -> dict:
    """The value's own name beside its line: 2 log 2, −log 4, or the number."""
    name = (NAMES if axis == "y" else VALUES).get(value, f"{value + 0.0:.3g}")  # no "-0"
    font = dict(color=REFERENCE, size=10)
    return dict(xref="paper", x=1, xanchor="left", yref=axis, y=value, text=name, showarrow=False, font=font)

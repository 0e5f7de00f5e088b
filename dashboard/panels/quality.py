"""How far p_g is from p_data, with the floor that even a perfect generator would not pass."""

from __future__ import annotations

from math import log10

from dashboard.panels.panel import Panel, View
from dashboard.theme import GENERATED, REFERENCE, curve, faded, figure
from gancore.config import Config
from gancore.observe import look


def quality(config: Config) -> Panel:
    """W1 above, JSD below. For a config of the line page."""
    exact = look.reference(config.data)
    return distances(exact.floor, exact.window, config.data.scale, exact.n)


def distances(floor: dict[str, tuple[float, float]], window: tuple[float, float], scale: float, n: int) -> Panel:
    """With the floors of W1 and JSD for samples of size n, of data that have this window and this scale."""
    top = dict(w1=2 * (window[1] - window[0]), jsd=0.7)
    low = {name: floor[name][0] / 4 for name in top}
    chart = figure(
        curve("Wasserstein-1", GENERATED, width=1.6),
        curve("Jensen-Shannon", GENERATED, width=1.6, xaxis="x2", yaxis="y2"),
        xaxis=dict(range=[0, 100], anchor="y", showticklabels=False),
        yaxis=dict(domain=[0.54, 1], title="W1 (x)", type="log", range=[logarithm(low["w1"]), logarithm(top["w1"])]),
        xaxis2=dict(range=[0, 100], anchor="y2", title=dict(text="iteration", standoff=2)),
        yaxis2=dict(
            domain=[0, 0.46], title="JSD (nats)", type="log", range=[logarithm(low["jsd"]), logarithm(top["jsd"])]
        ),
        shapes=[band(floor["w1"], "y"), band(floor["jsd"], "y2")],
        annotations=[note("y", n)],
        showlegend=False,
    )
    axes = {"log": ([logarithm(low["w1"]), logarithm(top["w1"])], [logarithm(low["jsd"]), logarithm(top["jsd"])])}
    axes["linear"] = ([0, 1.5 * scale], [0, 0.7])
    return Panel(
        "quality",
        "Distance to the real density",
        "Down is better. Inside the grey band a perfect sampler would score the same: there is nothing left to learn.",
        ("quality",),
        chart,
        {
            "data.0.x": "w1_t",
            "data.0.y": "w1",
            "data.1.x": "w1_t",
            "data.1.y": "jsd",
            "layout.xaxis.range": "time",
            "layout.xaxis2.range": "time",
        },
        height=300,
        views=(tuple(view(kind, *axes[kind]) for kind in ("log", "linear")),),
        timeline=("xaxis", "xaxis2"),
    )


def view(kind: str, w1: list, jsd: list) -> View:
    return View(kind.title(), {"yaxis.type": kind, "yaxis.range": w1, "yaxis2.type": kind, "yaxis2.range": jsd})


def band(floor: tuple[float, float], axis: str) -> dict:
    box = dict(type="rect", xref="paper", x0=0, x1=1, yref=axis, y0=floor[0], y1=floor[1], layer="below")
    return box | dict(fillcolor=faded(REFERENCE, 0.3), line_width=0)


def note(axis: str, n: int) -> dict:
    """Above the chart, where no name of a change stands."""
    text = f"grey: a perfect sampler of {n:,}"
    place = dict(xref="paper", x=0.995, xanchor="right", yref=f"{axis} domain", y=1, yanchor="bottom")
    return place | dict(text=text, showarrow=False, font=dict(color=REFERENCE, size=10))


def logarithm(value: float) -> float:
    """Plotly places ranges and notes of logarithmic axes at powers of ten."""
    return log10(max(value, 1e-9))

"""How far generated samples in the plane are from the data, in two distances that see different things."""

from __future__ import annotations

from math import log

from dashboard.panels.panel import Panel, View
from dashboard.panels.quality import band, logarithm, note
from dashboard.theme import GENERATED, curve, figure
from gancore.config import Config
from gancore.observe import look


def sliced(config: Config) -> Panel:
    """Sliced W1 above, JSD on the grid below. For a config of the plane page."""
    known = look.plane_reference(config.data.open())
    return sliced_distances(known.floor, known.source.scale, known.n)


def sliced_distances(floor: dict[str, tuple[float, float]], scale: float, n: int) -> Panel:
    """With the floors of both for samples of size n, of data of this scale."""
    low = {name: floor[name][0] / 3 for name in ("sw1", "jsd")}
    axes = {
        "log": [[logarithm(low["sw1"]), logarithm(3 * scale)], [logarithm(low["jsd"]), logarithm(1)]],
        "linear": [[0, scale], [0, 1.05 * log(2)]],
    }
    time = dict(range=[0, 100])
    chart = figure(
        curve("sliced Wasserstein-1", GENERATED, width=1.6),
        curve("Jensen-Shannon", GENERATED, width=1.6, xaxis="x2", yaxis="y2"),
        xaxis=time | dict(anchor="y", showticklabels=False),
        yaxis=dict(title="sliced W1 (x)", type="log", range=axes["log"][0], domain=[0.54, 1]),
        xaxis2=time | dict(anchor="y2", title=dict(text="iteration", standoff=2)),
        yaxis2=dict(title="JSD (nats)", type="log", range=axes["log"][1], domain=[0, 0.46], anchor="x2"),
        shapes=[band(floor["sw1"], "y"), band(floor["jsd"], "y2")],
        annotations=[note("y", n)],
        showlegend=False,
    )
    return Panel(
        "sliced",
        "Distance to the data",
        "Down is better; in the grey band a perfect sampler would score the same. W1: how far samples would have to move. "
        "JSD on the grid of the stage: log 2 if no cell is shared.",
        ("sliced",),
        chart,
        {
            "data.0.x": "sw1_t",
            "data.0.y": "sw1",
            "data.1.x": "sw1_t",
            "data.1.y": "jsd",
            "layout.xaxis.range": "time",
            "layout.xaxis2.range": "time",
        },
        height=300,
        views=(tuple(view(kind, *axes[kind]) for kind in axes),),
        timeline=("xaxis", "xaxis2"),
    )


def view(kind: str, sw1: list, jsd: list) -> View:
    return View(kind.title(), {"yaxis.type": kind, "yaxis.range": sw1, "yaxis2.type": kind, "yaxis2.range": jsd})

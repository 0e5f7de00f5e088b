"""How far generated samples in the plane are from the data, and how many lie near a mode at all."""

from __future__ import annotations

from dashboard.panels.panel import Panel, View
from dashboard.panels.quality import band, logarithm, note
from dashboard.theme import GENERATED, curve, figure
from gancore.config import Config
from gancore.observe import look


def sliced(config: Config) -> Panel:
    """Sliced W1; below it, where modes are known, the share of high quality. For a config of the plane page."""
    known = look.plane_reference(config.data.open())
    modes = known.modes is not None
    low, top = known.floor["sw1"][0] / 3, 3 * known.source.scale
    ranges = {"log": [logarithm(low), logarithm(top)], "linear": [0, known.source.scale]}
    chart = figure(
        curve("sliced Wasserstein-1", GENERATED, width=1.6),
        *[curve("high quality", GENERATED, width=1.6, xaxis="x2", yaxis="y2")] * modes,
        yaxis=dict(title="sliced W1 (x)", type="log", range=ranges["log"]),
        shapes=[band(known.floor["sw1"], "y")],
        annotations=[note("y", known.n)],
        showlegend=False,
    )
    time = dict(range=[0, 100], title=dict(text="iteration", standoff=2))
    if modes:
        chart.update_layout(
            xaxis=dict(range=[0, 100], anchor="y", showticklabels=False),
            yaxis_domain=[0.5, 1],
            xaxis2=time | dict(anchor="y2"),
            yaxis2=dict(domain=[0, 0.42], title="high quality", range=[0, 1.05], tickformat=".0%", anchor="x2"),
            shapes=[*chart.layout.shapes, band(known.floor["high_quality"], "y2")],
        )
    else:
        chart.update_layout(xaxis=time)
    return Panel(
        "sliced",
        "Distance to the data",
        "Down is better; in the grey band a perfect sampler would score the same."
        + " High quality: the share of samples within 3 σ of a mode." * modes,
        ("sliced", *("modes",) * modes),
        chart,
        {
            "data.0.x": "sw1_t",
            "data.0.y": "sw1",
            "layout.xaxis.range": "time",
            **(
                {"data.1.x": "high_quality_t", "data.1.y": "high_quality", "layout.xaxis2.range": "time"}
                if modes
                else {}
            ),
        },
        height=300,
        views=(tuple(View(kind.title(), {"yaxis.type": kind, "yaxis.range": ranges[kind]}) for kind in ranges),),
        timeline=("xaxis", "xaxis2")[: 1 + modes],
    )

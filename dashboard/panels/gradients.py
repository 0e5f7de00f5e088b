"""How hard each player is pushed: gradient norms, every iteration."""

from __future__ import annotations

from dashboard.panels.panel import Panel
from dashboard.theme import DISCRIMINATOR, GENERATED, curve, figure
from gancore.config import Config


def gradients(config: Config) -> Panel:
    """Euclidean norms of both gradients over all weights, on a logarithmic axis."""
    chart = figure(
        curve("D", DISCRIMINATOR, width=1.2),
        curve("G", GENERATED, width=1.2),
        xaxis=dict(range=[0, 100], title=dict(text="iteration", standoff=2)),
        yaxis=dict(type="log", title="gradient norm", exponentformat="power", dtick=1),
    )
    return Panel(
        "gradients",
        "Gradients",
        "If G's gradient falls by orders of magnitude while D improves, the generator has nothing left to learn from.",
        ("gradients",),
        chart,
        {
            "data.0.x": "d_grad_t",
            "data.0.y": "d_grad",
            "data.1.x": "g_grad_t",
            "data.1.y": "g_grad",
            "layout.xaxis.range": "time",
        },
        height=300,
        timeline=("xaxis",),
    )

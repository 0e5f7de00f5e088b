"""What the generator draws, beside the real pictures nearest to it: is it inventing or copying?"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.panels.panel import Panel, View, png
from dashboard.theme import GENERATED, REFERENCE, figure
from gancore import seeds
from gancore.config import Config
from gancore.observe.metrics.images import tile

SIDE = 8  # Pictures along each side of a grid.


def samples(config: Config) -> Panel:
    """Two grids: generated on the left; on the right nearest real neighbours, place by place, or simply real samples."""
    source = config.data.open()
    real = png(tile(source.sample(SIDE * SIDE, seeds.stream(config.seed, "look/real")).numpy()))
    mean = (View("EMA of G", restyle=shown(6), probes=("ema-samples",)),) * bool(config.ema)
    return sheets(real, source.side, (View("Fresh z", restyle=shown(1), probes=("fresh-samples",)), *mean))


def sheets(real: str, side: int, more: tuple[View, ...] = ()) -> Panel:
    """For pictures of so many pixels a side, beside the `real` sheet of them; `more` ways to look at the generated ones."""
    step = side + 1
    edge = SIDE * step - 1
    at = (np.arange(SIDE) * step + (side - 1) / 2).tolist()
    spots = dict(x=[x for _ in at for x in at], y=[y for y in at for _ in at], mode="markers", showlegend=False)
    ring = dict(symbol="square-open", size=40, line=dict(width=2.5), color=GENERATED)
    hidden = dict(
        marker=dict(ring, opacity=0), unselected=dict(marker=dict(opacity=0)), selected=dict(marker=dict(opacity=1))
    )
    chart = figure(
        go.Image(source=None, hoverinfo="skip"),
        go.Image(source=None, hoverinfo="skip", visible=False),
        go.Image(source=real, hoverinfo="skip", xaxis="x2", yaxis="y2", visible=False),
        go.Image(source=None, hoverinfo="skip", xaxis="x2", yaxis="y2"),
        go.Scatter(
            **spots, **hidden, hovertemplate="nearest real picture is %{customdata:.2f} away: see right<extra></extra>"
        ),
        go.Scatter(
            **spots,
            **hidden,
            xaxis="x2",
            yaxis="y2",
            hovertemplate="%{customdata:.2f} from the generated one<extra></extra>",
        ),
        go.Image(source=None, hoverinfo="skip", visible=False),
        xaxis=blank(0, 0.485, edge),
        yaxis=blank(0, 1, edge, up=True) | dict(scaleanchor="x"),
        xaxis2=blank(0.515, 1, edge) | dict(anchor="y2"),
        yaxis2=blank(0, 1, edge, up=True) | dict(scaleanchor="x2", anchor="x2"),
        margin=dict(l=8, r=8, t=26, b=8),
        annotations=[title("generated", "x"), title("real", "x2")],
    )
    return Panel(
        "samples",
        "Samples",
        "The same z every time on the left. Point at a picture to see the real one nearest to it, in the same place on the right.",
        ("samples",),
        chart,
        {
            "data.0.source": "grid_fixed",
            "data.1.source": "grid_fresh",
            "data.3.source": "grid_nearest",
            "data.4.customdata": "nearest_distance",
            "data.5.customdata": "nearest_distance",
            "data.6.source": "grid_ema",
        },
        span=2,
        height=470,
        views=(
            (
                View("Fixed z", restyle=shown(0)),
                *more,
            ),
            (
                View("Nearest real", restyle={"data.2.visible": False, "data.3.visible": True}, probes=("nearest",)),
                View("Real samples", restyle={"data.2.visible": True, "data.3.visible": False}),
            ),
        ),
    )


def shown(trace: int) -> dict:
    """The restyle that shows this one of the generated grids."""
    return {f"data.{at}.visible": at == trace for at in (0, 1, 6)}


def blank(start: float, end: float, edge: int, up: bool = False) -> dict:
    """An axis in pixels of the grid, without a trace of itself; pictures hang from the top."""
    span = [edge - 0.5, -0.5] if up else [-0.5, edge - 0.5]
    return dict(domain=[start, end], range=span, visible=False, constrain="domain", fixedrange=True)


def title(text: str, axis: str) -> dict:
    place = dict(xref=f"{axis} domain", x=0.5, yref="paper", y=1, yanchor="bottom", showarrow=False)
    return place | dict(text=text, font=dict(color=REFERENCE, size=12))

"""Real and generated pictures as points in the plane where the real ones differ most."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dashboard.panels.panel import Panel, View
from dashboard.theme import GENERATED, REAL, figure
from gancore.config import Config
from gancore.observe import look

POINTS = 700  # Real pictures shown, evenly spaced through the data.
# Ten hues of one lightness range, after Tableau: classes are read by hover, the colours only part neighbours.
CLASSES = ["#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#bab0ac"]


def pca(config: Config) -> Panel:
    """For a config of the images page. The plane is fitted to the real pictures once and never moves."""
    source, plane = config.data.open(), look.plane(config.data)
    rows = np.linspace(0, len(source.pixels) - 1, POINTS).astype(int)
    where = plane.project(source.pixels[rows].numpy() / 255, 3)
    label = source.labels[rows].numpy()
    colour = [CLASSES[at % 10] for at in label]
    axes = [f"PC {i + 1} ({share:.1%} of variance)" for i, share in enumerate(plane.explained[:3])]
    spans = [[float(v.min() - 0.15 * np.ptp(v)), float(v.max() + 0.15 * np.ptp(v))] for v in where.T]
    x, y, z = where.T.round(3)
    real = dict(mode="markers", name="real", text=[f"class {at}" for at in label], hoverinfo="text")
    fake = dict(mode="markers", name="generated", hoverinfo="skip")
    chart = figure(
        go.Scatter(x=x, y=y, marker=dict(size=5, color=REAL, opacity=0.45), **real),
        go.Scatter(
            x=[], y=[], marker=dict(size=6, color=GENERATED, opacity=0.85, line=dict(width=0.5, color="white")), **fake
        ),
        go.Scatter3d(x=x, y=y, z=z, marker=dict(size=2.5, color=REAL, opacity=0.5), visible=False, **real),
        go.Scatter3d(x=[], y=[], z=[], marker=dict(size=3, color=GENERATED, opacity=0.9), visible=False, **fake),
        xaxis=dict(range=spans[0], title=dict(text=axes[0], standoff=2), zeroline=False),
        yaxis=dict(range=spans[1], title=axes[1], zeroline=False),
        scene=dict(
            xaxis=dict(range=spans[0], title=axes[0]),
            yaxis=dict(range=spans[1], title=axes[1]),
            zaxis=dict(range=spans[2], title=axes[2]),
            aspectmode="cube",
        ),
    )
    flat = {"data.0.visible": True, "data.1.visible": True, "data.2.visible": False, "data.3.visible": False}
    deep = {path: not shown for path, shown in flat.items()}
    axes_on = {"xaxis.visible": True, "yaxis.visible": True}
    axes_off = {path: False for path in axes_on}
    plain = {"data.0.marker.color": REAL, "data.2.marker.color": REAL}
    return Panel(
        "pca",
        "Principal plane",
        "Orange should spread over all of the blue: where blue is left alone, the generator has dropped something.",
        ("pca",),
        chart,
        {
            "data.1.x": "pca_x",
            "data.1.y": "pca_y",
            "data.3.x": "pca_x",
            "data.3.y": "pca_y",
            "data.3.z": "pca_z",
        },
        span=1,
        height=470,
        views=(
            (View("2-D", axes_on, flat), View("3-D", axes_off, deep)),
            (View("Plain", {}, plain), View("By class", {}, {path: colour for path in plain})),
        ),
    )

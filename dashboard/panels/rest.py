"""A toy game's update at its resting point: eigenvalues, radius by step size, and the distances that these foretell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from dashboard.panels.panel import Panel, View
from dashboard.theme import REFERENCE, curve, figure, reference
from gancore.observe.landscape.methods import Method

TURN = np.linspace(0, 2 * np.pi, 121)
LOW, HIGH = 0.01, 2.5  # step sizes


@lru_cache(maxsize=64)
def circle(methods: tuple[Method, ...]) -> Panel:
    """Where the update's eigenvalues lie, and the circle that they must be in."""
    dot = dict(mode="markers", hovertemplate="%{x:.5f} %{y:+.5f}i")
    chart = figure(
        reference("unit circle", x=np.cos(TURN), y=np.sin(TURN), hoverinfo="skip", showlegend=False),
        *(go.Scatter(name=m.title, marker=dict(size=10 - i % 3, color=m.colour, line=dict(width=1)), **dot) for i, m in enumerate(methods)),
        xaxis=dict(range=[-1.4, 1.4], title="real part", constrain="domain", zeroline=True),
        yaxis=dict(range=[-1.4, 1.4], title=dict(text="imaginary part", standoff=2), scaleanchor="x", constrain="domain"),
        showlegend=False,
        margin=dict(l=46, r=12, t=8, b=34),
    )  # fmt: skip
    bind = {
        f"data.{1 + i}.{axis}": f"{part}{i}" for i in range(len(methods)) for axis, part in (("x", "re"), ("y", "im"))
    }
    return Panel(
        "circle",
        "Eigenvalues of the update",
        "Inside the circle a small push fades, outside it grows. An angle means rotation; colours are those of the walks.",
        (),
        chart,
        bind,
        height=300,
        views=((seen("Circle", 0, 1.4), seen("Near 1", 0.9, 0.3), seen("Far", 0, 6)),),
    )


def seen(label: str, middle: float, reach: float) -> View:
    return View(label, {"xaxis.range": [middle - reach, middle + reach], "yaxis.range": [-reach, reach]})


@lru_cache(maxsize=64)
def distance(methods: tuple[Method, ...]) -> Panel:
    """How far each walk is from the middle, and what its radius foretells."""
    shown = [*(foretold(i, m) for i, m in enumerate(methods)), *(curve(m.title, m.colour, width=1.8) for m in methods)]
    chart = figure(
        *shown,
        xaxis=dict(range=[0, 100], title=dict(text="iteration", standoff=2)),
        yaxis=dict(type="log", title="distance", exponentformat="power", dtick=1),
        showlegend=False,
        margin=dict(l=52, r=12, t=8, b=34),
    )
    n = len(methods)
    bind = {f"data.{i}.x": "all_steps" for i in range(n)} | {f"data.{i}.y": f"predicted{i}" for i in range(n)}
    bind |= (
        {"layout.xaxis.range": "span"}
        | {f"data.{n + i}.x": "steps" for i in range(n)}
        | {f"data.{n + i}.y": f"r{i}" for i in range(n)}
    )
    return Panel(
        "distance",
        "Distance to the equilibrium",
        "Solid: the walk. Dashed: the start's distance times ρ in every iteration, which holds near the middle.",
        (),
        chart,
        bind,
        height=300,
    )


def foretold(i: int, method: Method) -> go.Scatter:
    return reference(f"{method.title}: ρ", width=1.2, line_color=method.colour, opacity=0.55, hoverinfo="skip")


@lru_cache(maxsize=64)
def radius(methods: tuple[Method, ...]) -> Panel:
    """The closed forms over step sizes, and what was measured."""
    small, large = (dict(size=size, line=dict(width=1)) for size in (5, 10))
    n = len(methods)
    chart = figure(
        *(curve(m.title, m.colour, width=1.6, hovertemplate="h = %{x:.3g}: ρ = %{y:.5f}") for m in methods),
        *(go.Scatter(mode="markers", marker=small | dict(color=m.colour), hoverinfo="skip") for m in methods),
        *(go.Scatter(mode="markers", marker=large | dict(color=m.colour), hoverinfo="skip") for m in methods),
        reference("now", width=1, hoverinfo="skip", y=[0, 3]),
        xaxis=dict(type="log", range=[np.log10(LOW), np.log10(HIGH)], title=dict(text="step size h", standoff=2)),
        yaxis=dict(range=[0.6, 1.4], title="spectral radius ρ"),
        shapes=[dict(type="line", xref="paper", x0=0, x1=1, y0=1, y1=1, line=dict(color=REFERENCE, width=1.2, dash="dash"))],
        showlegend=False,
        margin=dict(l=46, r=12, t=8, b=34),
    )  # fmt: skip
    bind = {f"data.{3 * n}.x": "h"}
    for i in range(n):
        bind |= {f"data.{i}.x": "sizes", f"data.{i}.y": f"curve{i}"}
        bind |= {f"data.{n + i}.x": "sizes_measured", f"data.{n + i}.y": f"tried{i}"}
        bind |= {f"data.{2 * n + i}.x": "h", f"data.{2 * n + i}.y": f"dot{i}"}
    return Panel(
        "radius",
        "Radius by step size",
        "Lines are closed forms, dots are measured from the moves themselves; below 1 the method lands.",
        (),
        chart,
        bind,
        span=2,
        height=300,
    )

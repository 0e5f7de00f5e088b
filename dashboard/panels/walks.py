"""Where each method leads on a toy game, side by side: the field it moves in, its walk, and how fast it should land."""

from __future__ import annotations

from functools import lru_cache

import plotly.graph_objects as go

from dashboard.panels.panel import Panel
from dashboard.theme import DISCRIMINATOR, GENERATED, REFERENCE, curve, figure
from gancore.observe.landscape.methods import Method

HEIGHTS = {1: 410, 2: 410, 3: 410, 4: 340, 5: 510, 6: 510}
ASPECTS = {1: 2.6, 2: 1.35, 3: 0.9, 4: 0.9, 5: 1.7, 6: 1.7}  # of a cell, so that a circle looks like one
HEAD = 38  # pixels above a cell: its method and two radii
LEFT, RIGHT, BOTTOM = 38, 8, 40
PER_METHOD = 4  # traces


@lru_cache(maxsize=64)
def walks(methods: tuple[Method, ...]) -> Panel:
    """A cell for each of these methods."""
    n = len(methods)
    columns = n if n < 5 else 3
    places = [divmod(i, columns) for i in range(n)]
    rows = places[-1][0] + 1
    traces, layout, notes, bind = [], {}, [], {"layout.xaxis.range": "x_range", "layout.yaxis.range": "y_range"}
    for i, (method, (row, column)) in enumerate(zip(methods, places)):
        across, up = domain(column, columns, 0.035), cell(row, rows, HEIGHTS[n])
        number = "" if i == 0 else str(i + 1)
        layout |= axes(number, across, up, row == rows - 1 or i + columns >= n, column == 0)
        traces += drawn(method, f"x{number}", f"y{number}")
        notes += head(method, across[0], up[1])
        bind |= bound(method, i, len(notes))
    chart = figure(
        *traces, **layout, annotations=notes, dragmode=False, showlegend=False,
        margin=dict(l=LEFT, r=RIGHT, t=HEAD, b=BOTTOM),
    )  # fmt: skip
    return Panel(
        "walks",
        "Walks",
        "Click anywhere to start there. Arrows show where one step of each method leads; ρ is what a small distance to "
        "the middle is multiplied by in every iteration.",
        (),
        chart,
        bind,
        span=2,
        height=HEIGHTS[n],
        tools=("start",),
    )


def domain(at: int, of: int, gap: float) -> list[float]:
    width = (1 - gap * (of - 1)) / of
    return [at * (width + gap), at * (width + gap) + width]


def cell(row: int, rows: int, height: int) -> list[float]:
    """Rows from the top, with room for a head above all but the first, whose head stands in the margin."""
    inner = height - HEAD - BOTTOM
    tall = (inner - (rows - 1) * (HEAD + 8)) / rows / inner
    top = 1 - row * (tall + (HEAD + 8) / inner)
    return [max(0.0, top - tall), top]


def axes(number: str, across: list[float], up: list[float], lowest: bool, leftmost: bool) -> dict:
    quiet = dict(showgrid=False, zeroline=True, fixedrange=True, showline=True, mirror=True, nticks=6)
    x = dict(domain=across, anchor=f"y{number}", showticklabels=lowest, constrain="range") | quiet
    y = (
        dict(domain=up, anchor=f"x{number}", showticklabels=leftmost, scaleanchor=f"x{number}", constrain="range")
        | quiet
    )
    if number:
        x, y = x | dict(matches="x"), y | dict(matches="y")
    else:
        x, y = x | dict(range=[-2.2, 2.2]), y | dict(range=[-2.2, 2.2])
    if lowest:
        x |= dict(title=dict(text="θ", standoff=3, font=dict(color=GENERATED, size=14)))
    if leftmost:
        y |= dict(title=dict(text="ψ", standoff=0, font=dict(color=DISCRIMINATOR, size=14)))
    return {f"xaxis{number}": x, f"yaxis{number}": y}


def drawn(method: Method, x: str, y: str) -> list[go.Scatter]:
    on = dict(xaxis=x, yaxis=y, hoverinfo="skip")
    start = dict(symbol="circle-open", size=9, color=REFERENCE, line_width=2)
    return [
        curve("field", REFERENCE, width=1, opacity=0.55, **on),
        curve(method.title, method.colour, width=2, **on),
        go.Scatter(mode="markers", marker=start, **on),
        go.Scatter(mode="markers", marker=dict(size=10, color=method.colour), **on),
    ]


def head(method: Method, left: float, top: float) -> list[dict]:
    """The numbers come last: the radius by its formula, and as it was measured."""
    at = dict(xref="paper", yref="paper", x=left, y=top, xanchor="left", yanchor="bottom", showarrow=False)
    small = at | dict(yshift=-2)
    title = at | dict(text=f"<b>{method.title}</b>", yshift=13, font=dict(color=method.colour, size=13))
    if not method.smooth:
        return [title, small | dict(text="ρ: no closed form, nothing to measure", font=dict(size=11, color=REFERENCE))]
    grey = dict(font=dict(size=11, color=REFERENCE))
    return [
        title,
        small | dict(text="ρ theory", **grey),
        small | dict(text="measured", xshift=105, **grey),
        small | dict(text=" ", xshift=46, font_size=11),
        small | dict(text=" ", xshift=157, font_size=11),
    ]


def bound(method: Method, i: int, notes: int) -> dict[str, str]:
    first = PER_METHOD * i
    names = (f"field_{{}}{i}", f"{{}}{i}", "start_{}", f"now_{{}}{i}")
    bind = {f"data.{first + at}.{xy}": name.format(xy) for at, name in enumerate(names) for xy in "xy"}
    if method.smooth:
        bind |= {f"layout.annotations.{notes - 2}.text": f"formula{i}"}
        bind |= {f"layout.annotations.{notes - 1}.text": f"measured{i}"}
    return bind

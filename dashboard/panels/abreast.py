"""The time charts of several runs in one: who speaks keeps their colour, and whose line it is says its dash and its letter."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard.panels.losses import equilibrium_line, equilibrium_name
from dashboard.panels.panel import Panel, View
from dashboard.panels.quality import band, logarithm, note
from dashboard.theme import DISCRIMINATOR, GENERATED, curve, figure
from gancore.config import Config
from gancore.observe import look

LETTERS = "ABCD"
MOST = len(LETTERS)  # runs side by side
DASHES = ("solid", "8px,5px", "2px,4px", "12px,4px,2px,4px")
TIMES = {"iteration": "iteration", "d_updates": "D updates", "seconds": "training time (s)"}
UPPER, LOWER = [0.54, 1], [0, 0.44]  # domains of the two charts of a panel
RIGHT = 58  # pixels for what stands beside a chart


@dataclass(frozen=True)
class Line:
    """One number over time: its name among a frame's arrays, the name of its iterations, and whose it is."""

    name: str
    at: str
    title: str
    colour: str


@dataclass(frozen=True)
class Pair:
    """Two lines of one kind, one above the other."""

    name: str
    title: str
    help: str
    probes: tuple[str, ...]
    lines: tuple[Line, Line]
    log: bool = False


MIDDLE = " Lines go through the medians of a thirtieth of each run."
LOSSES = Pair(
    "losses",
    "Losses",
    "What each player minimises; dashed grey: at equilibrium." + MIDDLE,
    ("losses",),
    (Line("d_loss", "d_loss_t", "D loss", DISCRIMINATOR), Line("g_loss", "g_loss_t", "G loss", GENERATED)),
)
GRADIENTS = Pair(
    "gradients",
    "Gradients",
    "Gradient norms of both players: one that falls by orders of magnitude has nothing left to learn from." + MIDDLE,
    ("gradients",),
    (
        Line("d_grad", "d_grad_t", "gradient of D", DISCRIMINATOR),
        Line("g_grad", "g_grad_t", "gradient of G", GENERATED),
    ),
    log=True,
)
LINE_QUALITY = Pair(
    "quality",
    "Distance to the real density",
    "Down is better; inside the grey band a perfect sampler would score the same." + MIDDLE,
    ("quality",),
    (Line("w1", "w1_t", "W1 (x)", GENERATED), Line("jsd", "w1_t", "JSD (nats)", GENERATED)),
    log=True,
)
PLANE_QUALITY = Pair(
    "sliced",
    "Distance to the data",
    "Down is better; inside the grey band a perfect sampler would score the same." + MIDDLE,
    ("sliced",),
    (Line("sw1", "sw1_t", "sliced W1 (x)", GENERATED), Line("jsd", "sw1_t", "JSD (nats)", GENERATED)),
    log=True,
)
PAIRS = {"line": (LINE_QUALITY, LOSSES, GRADIENTS), "plane": (PLANE_QUALITY, LOSSES, GRADIENTS)}


def overlays(configs: Sequence[Config], clock: str) -> tuple[Panel, ...]:
    """The time charts that all of these runs have, over this clock."""
    pages = {config.data.page for config in configs}
    pairs = PAIRS.get(pages.pop(), (LOSSES, GRADIENTS)) if len(pages) == 1 else (LOSSES, GRADIENTS)
    return tuple(overlay(pair, configs, clock) for pair in pairs)


def overlay(pair: Pair, configs: Sequence[Config], clock: str) -> Panel:
    """One line a run in each of two charts. Runs are told apart by dash and letter, in the order in which they come."""
    traces, bind = [], {"layout.xaxis.range": "time", "layout.xaxis2.range": "time"}
    for letter, dash in list(zip(LETTERS, DASHES))[: len(configs)]:
        for line, axes in zip(pair.lines, ({}, {"xaxis": "x2", "yaxis": "y2"})):
            bind |= bound(len(traces), letter, line)
            drawn = curve(f"{letter}, {line.title}", line.colour, width=2, **axes)
            traces += [drawn.update(line_dash=dash), name(letter, line, axes)]
    kind = dict(type="log", exponentformat="power", dtick=1) if pair.name == "gradients" else {}
    chart = figure(
        *traces,
        xaxis=dict(range=[0, 100], anchor="y", showticklabels=False),
        yaxis=dict(domain=UPPER, title=pair.lines[0].title) | kind,
        xaxis2=dict(range=[0, 100], anchor="y2", title=dict(text=TIMES[clock], standoff=2)),
        yaxis2=dict(domain=LOWER, title=pair.lines[1].title) | kind,
        showlegend=False,
        margin=dict(l=56, r=RIGHT if pair is LOSSES else 16, t=14, b=34),
    )
    views = dress(pair, chart, configs)
    return Panel(
        f"{pair.name}-abreast",
        pair.title,
        pair.help,
        pair.probes,
        chart,
        bind,
        height=330,
        views=views,
        timeline=("xaxis", "xaxis2"),
    )


def bound(at: int, letter: str, line: Line) -> dict[str, str]:
    """Names of what the player makes of a run's line: `letter:iterations:values:part`."""
    own = f"{letter}:{line.at}:{line.name}"
    return {
        f"data.{at}.x": f"{own}:x",
        f"data.{at}.y": f"{own}:y",
        f"data.{at + 1}.x": f"{own}:end-x",
        f"data.{at + 1}.y": f"{own}:end-y",
    }


def name(letter: str, line: Line, axes: dict) -> go.Scatter:
    """A run's letter, which stands on its line."""
    return go.Scatter(
        mode="text",
        text=[letter],
        textposition="top center",
        textfont=dict(color=line.colour, size=14, weight="bold"),
        hoverinfo="skip",
        cliponaxis=False,
        **axes,
    )


def dress(pair: Pair, chart: go.Figure, configs: Sequence[Config]) -> tuple[tuple[View, ...], ...]:
    """What stands still in the chart, equilibria or bands of perfect samplers, and the ways to look at it."""
    if pair is LOSSES:
        values = {(loss.equilibrium_d, "y") for loss in (c.loss for c in configs)}
        values |= {(loss.equilibrium_g, "y2") for loss in (c.loss for c in configs)}
        marks = sorted(mark for mark in values if mark[0] is not None)
        chart.update_layout(
            shapes=[equilibrium_line(*mark) for mark in marks], annotations=[equilibrium_name(*mark) for mark in marks]
        )
        kinds = ("linear", "log")
        return (tuple(View(kind.title(), {"yaxis.type": kind, "yaxis2.type": kind}) for kind in kinds),)
    if pair is GRADIENTS:
        return ()
    known = [floors(config) for config in configs]
    scales = [max(one["top"][at] for one in known) for at in (0, 1)]
    least = [min(one["floor"][at][0] for one in known) / 3 for at in (0, 1)]
    shapes = {(one["floor"][at], axis) for one in known for at, axis in ((0, "y"), (1, "y2"))}
    log = [[logarithm(low), logarithm(high)] for low, high in zip(least, scales)]
    linear = [[0, high / 2] for high in scales]
    chart.update_layout(
        shapes=[band(*shape) for shape in sorted(shapes)],
        annotations=[note("y", known[0]["n"])],
        yaxis=dict(type="log", range=log[0]),
        yaxis2=dict(type="log", range=log[1]),
    )
    ways = {"log": log, "linear": linear}
    return (
        tuple(
            View(kind.title(), {"yaxis.type": kind, "yaxis.range": one[0], "yaxis2.type": kind, "yaxis2.range": one[1]})
            for kind, one in ways.items()
        ),
    )


def floors(config: Config) -> dict:
    """Where a perfect sampler lies, how far away a run may begin, and of how many samples that is said."""
    if config.data.page == "line":
        exact = look.reference(config.data)
        span = exact.window[1] - exact.window[0]
        return dict(floor=(exact.floor["w1"], exact.floor["jsd"]), top=(2 * span, 0.7), n=exact.n)
    known = look.plane_reference(config.data.open())
    return dict(floor=(known.floor["sw1"], known.floor["jsd"]), top=(3 * known.source.scale, 1.0), n=known.n)


def alike(runs: Sequence[Sequence[dict]]) -> list[list[dict]]:
    """The panels of several runs, as `Panel.spec` gives them, where those of one name share the ranges of axes that show the same."""
    made = copy.deepcopy([list(specs) for specs in runs])
    layouts = [{spec["name"]: spec["figure"]["layout"] for spec in specs} for specs in made]
    for panel in {panel for known in layouts for panel in known}:
        same = [known[panel] for known in layouts if panel in known]
        for axis in {axis for layout in same for axis in layout if axis[1:5] == "axis"}:
            scales = [layout[axis] for layout in same if layout.get(axis, {}).get("range")]
            if len(scales) > 1 and len({json.dumps([scale.get("type"), scale.get("title")]) for scale in scales}) == 1:
                shared = widest([scale["range"] for scale in scales])
                for scale in scales:
                    scale["range"] = shared
    return made


def widest(ranges: Sequence[Sequence[float]]) -> list[float]:
    """From the least to the greatest end; an axis that goes down, as those of pictures do, stays one that does."""
    ends = [end for one in ranges for end in one]
    down = all(one[0] > one[1] for one in ranges)
    return [max(ends), min(ends)] if down else [min(ends), max(ends)]

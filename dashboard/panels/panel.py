"""What a panel is: a Plotly figure, a map from figure path to array name, and nothing that runs."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from dashboard.theme import REFERENCE
from gancore.observe.frame import Frame


@dataclass(frozen=True)
class Layer:
    """Words of a panel's sentence that show or hide parts of its figure; its probes are computed only while it is shown."""

    words: str
    parts: tuple[str, ...]  # of the figure: "data.1", "layout.images.0"
    probes: tuple[str, ...] = ()
    colour: str = REFERENCE
    shown: bool = True


@dataclass(frozen=True)
class Hover:
    """What is read under the pointer: grids (rows, columns) over the window, y going up, each with its label."""

    window: tuple[tuple[float, float], tuple[float, float]]
    rows: tuple[tuple[str, str], ...]  # ("D(x)", name of the array)
    probes: tuple[str, ...]  # computed while the pointer is on the panel


@dataclass(frozen=True)
class View:
    """One way to look at a panel: what changes in the figure, and which probes must be computed while it is chosen.

    One that is a way to look at a layer (`layer` are its words) is offered, and its probes computed, while that is shown.
    """

    label: str
    relayout: Mapping[str, Any] = field(default_factory=dict)  # {"yaxis.type": "log"}
    restyle: Mapping[str, Any] = field(default_factory=dict)  # {"data.2.visible": False}
    probes: tuple[str, ...] = ()
    layer: str = ""


@dataclass(frozen=True, eq=False)
class Panel:
    """A figure and what fills it. `bind` maps `data.0.y`, `layout.xaxis.range` or `data.2.source` to an array's name.

    `span` columns of the grid and `height` pixels are fixed, so that nothing jumps. An axis that has no range in the
    figure and none bound is widened by the player when the arrays outgrow it.
    """

    name: str
    title: str
    help: str
    probes: tuple[str, ...]
    figure: go.Figure
    bind: Mapping[str, str]
    span: int = 1
    height: int = 260
    views: tuple[tuple[View, ...], ...] = ()
    timeline: tuple[str, ...] = ()  # its time axes, such as ("xaxis", "xaxis2"): events are drawn on them
    tools: tuple[str, ...] = ()  # modules of the player that answer the mouse on this panel, such as ("hover",)
    sentence: tuple[str | Layer, ...] = ()  # stands for `help` where there are layers
    hover: Hover | None = None  # for the tool of this name
    swift: bool = False  # what says hoverinfo "skip", and pictures, are drawn past Plotly: at a tenth of the cost

    @property
    def layers(self) -> tuple[Layer, ...]:
        return tuple(part for part in self.sentence if isinstance(part, Layer))

    @property
    def first_probes(self) -> set[str]:
        """What must be computed for the panel as it opens."""
        hidden = {layer.words for layer in self.layers if not layer.shown}
        views = {probe for group in self.views if group[0].layer not in hidden for probe in group[0].probes}
        return {*self.probes, *views, *(probe for layer in self.layers if layer.shown for probe in layer.probes)}

    @cached_property
    def spec(self) -> dict[str, Any]:
        """Everything the player needs, as plain JSON values. Made once: a page sends it with every rerun."""
        figure = json.loads(self.figure.to_json())
        figure["layout"].pop("template", None)  # the player brings its own, from the page's theme
        groups = [[vars(view) | {"probes": list(view.probes)} for view in group] for group in self.views]
        return dict(
            name=self.name, title=self.title, help=self.help, probes=list(self.probes), figure=figure,
            bind=dict(self.bind), span=self.span, height=self.height, views=groups, timeline=list(self.timeline), tools=list(self.tools),
            sentence=[part if isinstance(part, str) else listed(part) for part in self.sentence],
            hover=self.hover and listed(self.hover), swift=self.swift,
        )  # fmt: skip


def listed(value: Layer | Hover) -> dict[str, Any]:
    """Its fields as plain JSON values."""
    return json.loads(json.dumps(vars(value)))


def plain(sentence: Sequence[str | Layer]) -> str:
    """A panel's sentence as text, where nothing can be pressed."""
    return "".join(part if isinstance(part, str) else part.words for part in sentence)


def apply(panel: Panel, frame: Frame | None, events: Sequence[Mapping[str, Any]] = ()) -> go.Figure:
    """The panel's figure with a frame's arrays in place: what the player draws, for where there is no player."""
    figure = panel.figure.to_plotly_json()
    for group in panel.views:
        put(figure, group[0])
    for part in (part for layer in panel.layers if not layer.shown for part in layer.parts):
        assign(figure, part + ".visible", False)
    for path, name in panel.bind.items():
        if frame is not None and name in frame.arrays:
            assign(figure, path, drawable(path, frame.arrays[name]))
    if panel.timeline:
        layout = figure["layout"]
        layout["shapes"] = [*layout.get("shapes", ()), *event_lines(layout, events, panel.timeline)]
        layout["annotations"] = [*layout.get("annotations", ()), *event_marks(layout, events, panel.timeline)]
    figure["layout"]["height"] = panel.height
    return go.Figure(figure)


def put(figure: dict, view: View) -> None:
    for path, value in view.relayout.items():
        assign(figure, "layout." + path, value)
    for path, value in view.restyle.items():
        assign(figure, path, value)


def assign(figure: dict, path: str, value: Any) -> None:
    """Set `layout.xaxis.range` or `data.0.marker.color`, making what is missing on the way."""
    *steps, last = path.split(".")
    at = figure
    for step in steps:
        at = at[int(step)] if isinstance(at, (list, tuple)) else at.setdefault(step, {})
    at[last] = value


def drawable(path: str, array: np.ndarray) -> Any:
    """An array as a figure takes it: a picture as a PNG, a layout value as plain numbers."""
    if path.endswith(".source") and array.dtype == np.uint8 and array.ndim > 1:
        return png(array)
    return array.tolist() if path.startswith("layout.") else array


def png(pixels: np.ndarray) -> str:
    """(height, width) grey or (height, width, 3 or 4) colour, as a data URI."""
    held = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels).save(held, "png")
    return "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()


def event_lines(layout: Mapping[str, Any], events: Sequence[Mapping[str, Any]], axes: Sequence[str]) -> list[dict]:
    line = dict(color=REFERENCE, width=1, dash="dot")
    return [
        dict(type="line", xref=x, yref=y + " domain", x0=at["iteration"], x1=at["iteration"], y0=0, y1=1, line=line)
        for x, y in (standing(layout, name) for name in axes)
        for at in events
    ]


def event_marks(layout: Mapping[str, Any], events: Sequence[Mapping[str, Any]], axes: Sequence[str]) -> list[dict]:
    """A small triangle on top of every line, which says on hover what changed."""
    mark = dict(text="▾", y=1, yanchor="middle", showarrow=False, font=dict(color=REFERENCE, size=12))
    return [
        mark
        | dict(xref=x, yref=y + " domain", x=at["iteration"], hovertext=f"iteration {at['iteration']:,}: {at['what']}")
        for x, y in (standing(layout, name) for name in axes)
        for at in events
    ]


def standing(layout: Mapping[str, Any], name: str) -> tuple[str, str]:
    """An x-axis as shapes name it, and the y-axis it stands on: ("x2", "y2")."""
    return name.replace("axis", ""), layout.get(name, {}).get("anchor") or "y" + name[5:]

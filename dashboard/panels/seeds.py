"""The time charts of a sweep: a median with its band, and a thin line for each member; and where each ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.panels.quality import band as floor_band
from dashboard.theme import DISCRIMINATOR, GENERATED, REFERENCE, curve, faded, figure
from gancore.config import find
from gancore.observe import look
from gancore.run.sweep.bands import Band, band
from gancore.run.sweep.members import Seen
from gancore.run.sweep.sweep import Sweep
from gancore.train.trainer import SCALARS

HEIGHT = 256
SICK, WELL = "#D1242F", DISCRIMINATOR
MEASURED = {"line": "W1 (σ)", "plane": "sliced W1 (σ)", "images": "V(G, D)"}


@dataclass(frozen=True)
class Told:
    """One number of all members over time: `lines` (members, n)."""

    title: str
    colour: str
    lines: np.ndarray


def losses(sweep: Sweep, at: np.ndarray, members: Sequence[Seen]) -> go.Figure:
    """What each player minimises."""
    return banded(sweep, at, members, scalars(members, ("d_loss", "D"), ("g_loss", "G")), "loss")


def gradients(sweep: Sweep, at: np.ndarray, members: Sequence[Seen]) -> go.Figure:
    """How hard each player is pushed."""
    return banded(sweep, at, members, scalars(members, ("d_grad", "D"), ("g_grad", "G")), "gradient norm", log=True)


def distance(sweep: Sweep, at: np.ndarray, members: Sequence[Seen]) -> go.Figure:
    """How far generated samples are from the data; of pictures, the value of the game."""
    page = sweep.base.data.page
    colour = GENERATED if page != "images" else REFERENCE
    told = [Told("", colour, np.stack([member.measured for member in members]))]
    chart = banded(sweep, at, members, told, MEASURED[page], log=page != "images")
    if known := floor(sweep):
        chart.add_shape(floor_band(known, "y"))
    return chart


def finals(sweep: Sweep, members: Sequence[Seen]) -> go.Figure:
    """Where each value of the knob led: the newest distance over the value."""
    page, knob = sweep.base.data.page, find(sweep.base, sweep.address) if sweep.numeric else None
    x = list(sweep.values) if sweep.numeric else list(sweep.labels)
    colours = [SICK if member.verdict[0] not in ("healthy", "too-early") else GENERATED for member in members]
    symbols = ["x" if member.ended else "circle" for member in members]
    chart = figure(
        go.Scatter(
            x=x, y=[member.final for member in members], mode="lines+markers", line=dict(color=faded(GENERATED, 0.35), width=1),
            marker=dict(size=9, color=colours, symbol=symbols), text=[f"{m.label}: {m.verdict[1]}" for m in members],
            hovertemplate="%{text}, %{y:.3g}<extra></extra>", showlegend=False,
        ),
        xaxis=dict(title=dict(text=sweep.address, standoff=8), **_axis(knob, sweep)),
        yaxis=dict(title=MEASURED[page], type="linear" if page == "images" else "log"),
        height=HEIGHT,
        margin=dict(l=52, r=12, t=8, b=46),
    )  # fmt: skip
    if known := floor(sweep):
        chart.add_shape(floor_band(known, "y"))
    return chart


def _axis(knob, sweep: Sweep) -> dict:
    if not sweep.numeric:
        return dict(type="category")
    if knob is not None and knob.log and min(sweep.values) > 0:
        return dict(type="log", tickvals=list(sweep.values), ticktext=[f"{value:g}" for value in sweep.values])
    return {}


def floor(sweep: Sweep) -> tuple[float, float] | None:
    """Where perfect samplers of the same size land, in σ of the data, if all members play for the same data."""
    data = sweep.base.data
    if data.page == "images" or len({config.data for config in sweep.configs}) > 1:
        return None
    source = data.open()
    known = look.reference(data).floor["w1"] if data.page == "line" else look.plane_reference(source).floor["sw1"]
    return known[0] / source.scale, known[1] / source.scale


def scalars(members: Sequence[Seen], *names: tuple[str, str]) -> list[Told]:
    """These of every iteration's numbers, under their titles: D's in D's colour, G's in G's."""
    at = {name: SCALARS.index(name) for name, _ in names}
    colours = {"d": DISCRIMINATOR, "g": GENERATED}
    return [Told(title, colours[n[0]], np.stack([m.lines[:, at[n]] for m in members])) for n, title in names]


def banded(sweep: Sweep, at: np.ndarray, members: Sequence[Seen], told: list[Told], title: str, log=False) -> go.Figure:
    """Seeds: their median and band, over thin lines. Values of a knob are no sample of anything: their lines alone, the
    later in the list the stronger."""
    ended = [member.ended for member in members]
    traces = []
    for one in told:
        if sweep.of_seeds:
            traces += areas(at, band(one.lines, ended), one.colour)
        traces += thin(sweep, at, one, members)
        if sweep.of_seeds:
            middle = f"median of {one.title}" if one.title else "median"
            made = band(one.lines, ended).median
            traces.append(
                curve(middle, one.colour, width=2.4, x=at, y=made, hovertemplate=f"{middle}: %{{y:.3g}}<extra></extra>")
            )
    return figure(
        *traces,
        xaxis=dict(range=[0, sweep.until], title=dict(text="iteration", standoff=8)),
        yaxis=dict(title=title, type="log" if log else "linear", exponentformat="power"),
        height=HEIGHT,
        showlegend=False,
        margin=dict(l=52, r=12, t=8, b=46),
    )  # fmt: skip


def areas(at: np.ndarray, known: Band, colour: str) -> list[go.Scatter]:
    """From the least to the most, lightly, and from the 10 % to the 90 % quantile."""
    pairs = ((known.least, known.most, 0.1), (known.low, known.high, 0.24))
    return [area(at, low, high, faded(colour, alpha)) for low, high, alpha in pairs]


def area(at: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> go.Scatter:
    there = np.isfinite(low)
    x = np.concatenate([at[there], at[there][::-1]])
    y = np.concatenate([high[there], low[there][::-1]])
    filled = dict(fill="toself", fillcolor=colour, line=dict(width=0), mode="lines", hoverinfo="skip", showlegend=False)
    return go.Scatter(x=x, y=y, **filled)


def thin(sweep: Sweep, at: np.ndarray, one: Told, members: Sequence[Seen]) -> list[go.Scatter]:
    """A line a member, whose name is read under the pointer. Those of seeds are one trace with gaps: to a browser a trace is
    what costs."""
    said = f" {one.title}" if one.title else ""
    told = f"{said}: %{{y:.3g}} at %{{x:,}}<extra></extra>"
    if sweep.of_seeds:
        x, y = np.tile(np.append(at, at[-1]), len(members)), np.pad(one.lines, ((0, 0), (0, 1)), constant_values=np.nan)
        whose = np.repeat(np.array(sweep.values), len(at) + 1)
        about = dict(customdata=whose, hovertemplate=f"seed %{{customdata}}{told}", showlegend=False)
        return [curve("each seed", faded(one.colour, 0.4), width=0.8, x=x, y=y.ravel(), **about)]
    return [
        curve(
            member.label,
            faded(one.colour, shade),
            width=1.4,
            x=at,
            y=line,
            showlegend=False,
            hovertemplate=member.label + told,
        )
        for member, line, shade in zip(members, one.lines, np.linspace(0.3, 1, len(members)))
    ]

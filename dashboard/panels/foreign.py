"""The panels of a loop that is not ours, made from what its recording holds: only what is in it is drawn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from dashboard.panels.density import densities
from dashboard.panels.gradients import gradients
from dashboard.panels.health import health
from dashboard.panels.panel import Panel, View, png
from dashboard.panels.pca import principal
from dashboard.panels.plane import axis, dots, filled, spread
from dashboard.panels.quality import distances
from dashboard.panels.samples import SIDE, sheets
from dashboard.panels.scores import scores
from dashboard.panels.sliced import sliced_distances
from dashboard.theme import DISCRIMINATOR, GENERATED, REAL, curve, figure
from gancore.observe.look import LINE_SAMPLES, PLANE_SAMPLES
from gancore.run.foreign import Foreign


def panels(of: Foreign) -> tuple[Panel, ...]:
    """From verdicts to gradients; without frames there are only curves."""
    asked = SimpleNamespace(loss=of.says)
    of_page = {"images": pictures, "plane": points, "line": numbers}[of.page](of) if of.real else ()
    return (health(asked), *of_page, losses(), scores(asked), gradients(asked))


def pictures(of: Foreign) -> tuple[Panel, ...]:
    """Samples and their principal plane."""
    real = of.real
    sheet = real["grid_real"]
    side = (sheet.shape[1] + 1) // SIDE - 1
    where = np.stack([real["real_x"], real["real_y"], real["real_z"]], 1)
    return sheets(png(sheet), max(side, 1)), principal(where, real["explained"])


def points(of: Foreign) -> tuple[Panel, ...]:
    """The stage, and distances where the loop told their floors."""
    floors = told(of, "sw1_floor", "jsd_floor", "real_scale")
    known = floors and sliced_distances(
        {"sw1": floors["sw1_floor"], "jsd": floors["jsd_floor"]}, floors["real_scale"][0], PLANE_SAMPLES
    )
    return (stage(of), known) if known else (stage(of),)


def numbers(of: Foreign) -> tuple[Panel, ...]:
    """The density, and distances where the loop told their floors."""
    grid, p = of.real["line_x"], of.real["p_data"]
    half = (grid[-1] - grid[0]) / max(len(grid) - 1, 1) / 2
    window = (float(grid[0] - half), float(grid[-1] + half))
    floors = told(of, "w1_floor", "jsd_floor", "real_scale")
    known = floors and distances(
        {"w1": floors["w1_floor"], "jsd": floors["jsd_floor"]}, window, floors["real_scale"][0], LINE_SAMPLES
    )
    drawn = densities(grid, p, window, of.says)
    return (drawn, known) if known else (drawn,)


def told(of: Foreign, *names: str) -> dict[str, tuple[float, ...]] | None:
    """These arrays as plain positive numbers, if all are there: recordings made before watching told them lack some."""
    found = {name: tuple(np.ravel(of.real[name]).tolist()) for name in names if name in of.real}
    pairs = all(len(values) == (1 if name == "real_scale" else 2) for name, values in found.items())
    sound = pairs and all(np.isfinite(v) and v > 0 for values in found.values() for v in values)
    return found if sound and len(found) == len(names) else None


def stage(of: Foreign) -> Panel:
    """Real and generated points over what D says of every place, where it can be asked."""
    x, y = of.real["real_x"], of.real["real_y"]
    window = tuple(around(values) for values in (x, y))
    if seen := told_window(of):
        window = seen
    chart = figure(
        dots("real samples", REAL, 0.75, x=x, y=y),
        dots("generated from fixed z", GENERATED, 0.65),
        xaxis=axis(window[0], "x"),
        yaxis=axis(window[1], "y") | dict(scaleanchor="x", title=dict(text="y", standoff=2)),
        images=[spread(window, True)],
        margin=dict(l=46, r=10, t=26, b=34),
    )
    return Panel(
        "plane",
        "Plane",
        "Orange should cover the blue. The background is what D says of each place: blue real, orange generated.",
        ("points", "field"),
        chart,
        {**filled(1, "fake"), "layout.images.0.source": "d_image"},
        span=2,
        height=500,
        swift=True,
    )


def told_window(of: Foreign) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The window that D was asked over."""
    ends = np.ravel(of.real.get("real_window", ()))
    if len(ends) != 4 or not np.isfinite(ends).all() or ends[0] >= ends[1] or ends[2] >= ends[3]:
        return None
    return (float(ends[0]), float(ends[1])), (float(ends[2]), float(ends[3]))


def around(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.15 * ((high - low) or 1.0)
    return low - room, high + room


def losses() -> Panel:
    """Both losses, as the loop gave them: where they would rest is not known here."""
    chart = figure(
        curve("D loss", DISCRIMINATOR, width=1.2),
        curve("G loss", GENERATED, width=1.2),
        xaxis=dict(range=[0, 100], title=dict(text="iteration", standoff=2)),
        yaxis=dict(title="loss"),
    )
    return Panel(
        "losses",
        "Losses",
        "As your loop gave them, every iteration. Neither should win: look whether one runs away from the other.",
        ("losses",),
        chart,
        {
            "data.0.x": "d_loss_t",
            "data.0.y": "d_loss",
            "data.1.x": "g_loss_t",
            "data.1.y": "g_loss",
            "layout.xaxis.range": "time",
        },
        height=300,
        views=((View("Linear", {"yaxis.type": "linear"}), View("Log", {"yaxis.type": "log"})),),
        timeline=("xaxis",),
    )

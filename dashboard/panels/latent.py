"""The latent map: which z go to which mode, and which mode that is."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.panels.panel import Panel
from dashboard.panels.plane import spread
from dashboard.theme import REFERENCE, figure
from gancore.config import Config
from gancore.observe import look
from gancore.observe.probes.latent import hue, reach

DRAWS = 300  # z of the prior shown on the map.


def latent(config: Config) -> Panel | None:
    """For a config of the plane page; nothing where no modes are known."""
    source = config.data.open()
    modes, z = look.plane_reference(source).modes, look.fixed_z(config, look.PLANE_SAMPLES)
    if modes is None:
        return None
    flat, window = z.shape[1] == 1, reach(z)
    across, up = window[0], (0.0, 1.0) if flat else window[1]
    draws = z[:DRAWS].numpy()
    chart = figure(
        go.Scatter(
            x=draws[:, 0].round(3), y=None if flat else draws[:, 1].round(3), mode="markers", hoverinfo="skip", visible=not flat,
            marker=dict(size=2.5, color=REFERENCE, opacity=0.75),
        ),
        go.Scatter(
            x=[None] * len(modes), y=[None] * len(modes), mode="text", text=[str(at + 1) for at in range(len(modes))],
            textfont=dict(size=12, color=[ink(hue(at + 1)) for at in range(len(modes))]), hoverinfo="skip",
        ),
        go.Scatter(x=[None], y=[None], xaxis="x2", yaxis="y2"),
        xaxis=side(across, "z<sub>1</sub>" if len(z[0]) > 1 else "z") | dict(domain=[0, 0.46]),
        yaxis=side(up, "z<sub>2</sub>") | (dict(visible=False) if flat else dict(scaleanchor="x")),
        xaxis2=side(source.window[0], "x") | dict(domain=[0.56, 1], anchor="y2"),
        yaxis2=side(source.window[1], "y") | dict(anchor="x2", scaleanchor="x2"),
        images=[spread((across, up), True)],
        annotations=[name(at + 1, x, y) for at, (_, x, y, _) in enumerate(modes)],
        showlegend=False,
        margin=dict(l=40, r=8, t=8, b=34),
    )  # fmt: skip
    return Panel(
        "latent",
        "Latent map",
        told(z.shape[1]),
        ("latent",),
        chart,
        {"layout.images.0.source": "latent_image", "data.1.x": "latent_x", "data.1.y": "latent_y"},
        height=300,
    )


def told(dim: int) -> str:
    """The sentence under the title."""
    cut = f" z has {dim} numbers: this is the slice where all but two are 0." * (dim > 2)
    return (
        f"Each z in the colour of the mode that G sends it to (right), grey: within 3 σ of none; dots: draws of z.{cut}"
    )


def name(mode: int, x: float, y: float) -> dict:
    """A mode's number in its colour where it lies. Not a curve: the player takes those off a subplot where nothing moves."""
    place = dict(xref="x2", yref="y2", x=x, y=y, showarrow=False, borderpad=3)
    text = dict(text=str(mode), font=dict(size=10, color=ink(hue(mode))), bgcolor=hue(mode))
    return place | text | dict(hovertext=f"mode {mode} at ({x:.3g}, {y:.3g})")


def side(span: tuple[float, float], name: str) -> dict:
    quiet = dict(showgrid=False, zeroline=False, showline=True, mirror=True, nticks=5)
    return dict(range=list(span), constrain="domain", title=dict(text=name, standoff=2), **quiet)


def ink(colour: str) -> str:
    """Black or white, whichever can be read on this colour."""
    red, green, blue = bytes.fromhex(colour[1:])
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 120 else "white"

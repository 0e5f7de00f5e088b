"""What explains the stage of the plane beside it: the colours of D, how long an arrow is, the shades of the manifold."""

from __future__ import annotations

import numpy as np

from dashboard.panels.panel import png
from dashboard.theme import FOLDED, GENERATED, REAL, REFERENCE, faded
from gancore.observe.probes.manifold import DENSE
from gancore.observe.probes.plane import DENSEST, LENGTH, TOWARDS_GENERATED, TOWARDS_REAL

SQUARE = 0.62  # Share of the width that the window may take; the rest is for what stands here.
LEFT, RIGHT = SQUARE + 0.045, SQUARE + 0.3
SHADES = tuple(0.06 + 0.13 * at for at in range(len(DENSE) + 1))  # opacity of cells, the least dense first
WIDE = (RIGHT - LEFT) / len(SHADES)

COLOURS, UNIT, DENSITY = 0.9, 0.62, 0.42  # heights at which these three stand


def picture() -> dict:
    """The colours from sure that it is generated to sure that it is real."""
    sure = np.linspace(-1, 1, 64)[None]
    colours = np.where(sure[..., None] > 0, TOWARDS_REAL, TOWARDS_GENERATED)
    pixels = np.dstack([colours, DENSEST * np.abs(sure)]).astype(np.uint8)
    place = dict(xref="paper", yref="paper", x=LEFT, y=COLOURS, sizex=RIGHT - LEFT, sizey=0.03)
    return place | dict(sizing="stretch", layer="above", source=png(pixels))


def shapes() -> list[dict]:
    """A line as long as the arrow of the stated slope (the window is as high as the paper), then the manifold's shades."""
    ends = dict(x0=LEFT + 0.01, x1=LEFT + 0.01, y0=UNIT, y1=UNIT + LENGTH)
    arrow = dict(type="line", xref="paper", yref="paper", line=dict(color=GENERATED, width=2), **ends)
    return [arrow, *(shade(at, colour) for colour in (GENERATED, FOLDED) for at in range(len(SHADES)))]


def shade(at: int, colour: str) -> dict:
    high = DENSITY - 0.04 * (colour == FOLDED)
    place = dict(x0=LEFT + at * WIDE, x1=LEFT + (at + 1) * WIDE, y0=high - 0.03, y1=high)
    return dict(type="rect", xref="paper", yref="paper", fillcolor=faded(colour, SHADES[at]), line_width=0) | place


def notes() -> list[dict]:
    """The numbers that frames change come first: the arrows' unit, then both ends of the colours of each picture."""
    text = dict(xref="paper", yref="paper", xanchor="left", yanchor="middle", showarrow=False, align="left", text=" ")
    left, right = text | dict(x=LEFT, y=COLOURS - 0.06), text | dict(x=RIGHT, y=COLOURS - 0.06, xanchor="right")
    grey = text | dict(font=dict(size=12, color=REFERENCE))
    edges = (text | dict(x=LEFT + (at + 1) * WIDE, y=DENSITY + 0.025, xanchor="center") for at in range(len(DENSE)))
    return [
        text | dict(x=LEFT + 0.025, y=UNIT + 0.07),
        *(end | dict(visible=at == 0) for at in range(3) for end in (left, right)),
        grey | dict(x=LEFT + 0.025, y=UNIT + 0.03, text="|∂L<sub>G</sub>/∂x| of an arrow this long"),
        grey | dict(x=LEFT, y=COLOURS + 0.04, text="generated", font=dict(size=12, color=GENERATED)),
        grey | dict(x=(LEFT + RIGHT) / 2, y=COLOURS + 0.04, xanchor="center", text="colour"),
        grey | dict(x=RIGHT, y=COLOURS + 0.04, xanchor="right", text="real", font=dict(size=12, color=REAL)),
        grey | dict(x=LEFT, y=DENSITY + 0.07, text="density, 1 if spread evenly over the window"),
        *(edge | dict(text=f"{number:g}", font=dict(size=11)) for edge, number in zip(edges, DENSE)),
        grey | dict(x=RIGHT + 0.01, y=DENSITY - 0.055, text="folded", font=dict(size=12, color=FOLDED)),
    ]


OF_ARROWS = ("layout.shapes.0", "layout.annotations.0", "layout.annotations.7")
OF_COLOURS = tuple(f"layout.annotations.{at}" for at in (*range(1, 7), 8, 9, 10))
OF_MANIFOLD = (
    *(f"layout.shapes.{1 + at}" for at in range(2 * len(SHADES))),
    *(f"layout.annotations.{at}" for at in range(11, 13 + len(DENSE))),
)

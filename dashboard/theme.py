"""Who speaks in which colour, and what every figure has in common."""

from __future__ import annotations

import plotly.graph_objects as go

REAL = "#0072B2"  # Okabe & Ito's palette: told apart by colour-blind readers, on white and on black
GENERATED = "#D55E00"
DISCRIMINATOR = "#009E73"
REFERENCE = "#8A8F98"  # optimum or reference, always dashed
FOLDED = "#CC79A7"  # the same palette's purple: where the generator lays its sheet over itself

# Streamlit leaves an inch of margin around a page; an instrument needs the room.
PAGE = """<style>
[data-testid="stMainBlockContainer"] { padding: 4.25rem 1.5rem 1.5rem; max-width: none; }
[data-testid="stSidebar"] [data-testid="stVerticalBlock"] { gap: 0.6rem; }
:is([class*="st-key-live-"], [class*="st-key-restart-"]) :is([data-testid="stWidgetLabel"], [data-testid="stCaptionContainer"]) p::after {
  content: "bolt" / ""; padding-left: 0.25em; font: 1.05em/1 "Material Symbols Rounded"; vertical-align: -0.17em;
}
[class*="st-key-restart-"] :is([data-testid="stWidgetLabel"], [data-testid="stCaptionContainer"]) p::after { content: "restart_alt" / ""; }
[data-testid="stSidebarHeader"] { height: 2.5rem; padding-bottom: 0; margin-bottom: 0; }
</style>"""

LAYOUT = dict(
    template=None,  # the player and Streamlit each bring the page's fonts and greys, light or dark
    margin=dict(l=46, r=12, t=30, b=34),
    # Tied to the figure's edge, so that a legend that wraps does not move the axes.
    legend=dict(orientation="h", x=0, xanchor="left", y=1, yref="container", yanchor="top", itemwidth=30),
    hovermode="closest",
    uirevision="fixed",
    bargap=0,
)


def figure(*traces: go.Scatter, **layout) -> go.Figure:
    """A figure with the house layout; keywords are Plotly's magic underscores and win over it."""
    made = go.Figure(list(traces), layout=LAYOUT)
    made.update_layout(**layout)
    return made


def curve(name: str, colour: str, *, width: float = 2, x=None, y=None, **more) -> go.Scatter:
    """A line. `simplify` is off because Plotly's path thinning costs more than drawing a few hundred points."""
    line = dict(color=colour, width=width, simplify=False)
    return go.Scatter(**{"name": name, "mode": "lines", "x": x, "y": y, "line": line} | more)


def reference(name: str, *, x=None, y=None, width: float = 1.5, **more) -> go.Scatter:
    """A dashed grey line: what theory says, or what would be ideal."""
    line = dict(color=REFERENCE, width=width, dash="dash", simplify=False)
    return go.Scatter(**{"name": name, "mode": "lines", "x": x, "y": y, "line": line} | more)


def faded(colour: str, alpha: float) -> str:
    """`#0072B2` at some opacity, for fills and bars."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"

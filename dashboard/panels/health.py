"""What is the matter with the run, in a sentence, with the numbers that say so and one thing to try."""

from __future__ import annotations

from dashboard.panels.panel import Panel
from dashboard.theme import REFERENCE, figure
from gancore.config import Config

UNDRAWN = "Verdicts are written by the live player, which could not be loaded here."


def health(config: Config) -> Panel:
    """For a config of any page. The figure is empty: `health.js` writes over it what the probe says."""
    words = dict(text=UNDRAWN, xref="paper", yref="paper", x=0, y=0.5, xanchor="left", showarrow=False)
    chart = figure(
        annotations=[words | dict(font=dict(size=12, color=REFERENCE))],
        xaxis=dict(visible=False),
        yaxis=dict(visible=False),
        margin=dict(l=0, r=0, t=0, b=0),
    )
    return Panel("health", "Health", "", ("health",), chart, {}, span=3, height=74, tools=("health",))

"""The paper's Figure 1, live: both densities, D and the best D there is, and where each z goes."""

from __future__ import annotations

from dashboard.panels.panel import Panel
from dashboard.theme import DISCRIMINATOR, GENERATED, REAL, REFERENCE, curve, faded, figure, reference
from gancore.config import Config
from gancore.observe import look

BOTTOM = 0.17  # Share of the height that the lines from z to x take.


def density(config: Config) -> Panel:
    """For a config of the line page."""
    exact, loss = look.reference(config.data), config.loss
    low, high = exact.window
    traces = [
        curve("real, p_data", REAL, x=exact.grid, y=exact.p, fill="tozeroy", fillcolor=faded(REAL, 0.12)),
        curve(
            "generated, p_g", GENERATED, x=exact.grid, y=exact.p * 0, fill="tozeroy", fillcolor=faded(GENERATED, 0.18)
        ),
        curve(f"discriminator, {loss.says}", DISCRIMINATOR, x=exact.grid, yaxis="y2"),
        reference(f"best possible, {loss.says.replace('(', '*(')}", x=exact.grid, yaxis="y2", connectgaps=False),
        curve("z → x", GENERATED, width=1, yaxis="y3", opacity=0.55, showlegend=False, hoverinfo="skip"),
    ]
    quiet = dict(showgrid=False, zeroline=False, tickmode="auto")
    scale = dict(range=list(loss.span)) if loss.span else {}
    chart = figure(
        *traces,
        xaxis=dict(range=[low, high], anchor="y3", title=dict(text="x", standoff=2)),
        yaxis=dict(range=[0, 1.5 * float(exact.p.max())], domain=[BOTTOM + 0.02, 1], title="density", rangemode="nonnegative"),
        yaxis2=dict(overlaying="y", side="right", title=loss.says, color=DISCRIMINATOR, nticks=5, **quiet, **scale),
        yaxis3=dict(
            range=[0, 1], domain=[0, BOTTOM], showgrid=False, zeroline=False, tickvals=[0, 1], ticktext=["z", "x"], fixedrange=True
        ),
        shapes=[
            dict(
                type="line", xref="paper", x0=0, x1=1, yref="y2", y0=loss.undecided, y1=loss.undecided,
                line=dict(color=REFERENCE, width=1, dash="dot"),
            )
        ],
        margin=dict(l=52, r=52, t=30, b=34),
    )  # fmt: skip
    return Panel(
        "density",
        "Density",
        "Orange should grow into blue. D says how real each x looks; where it cannot tell, it says "
        + ("½ (dotted)." if loss.undecided == 0.5 else "the dotted value."),
        ("density", "mapping"),
        chart,
        {
            "data.1.y": "p_g",
            "data.2.y": "d_x",
            "data.3.y": "d_star",
            "data.4.x": "map_x",
            "data.4.y": "map_y",
            **({} if loss.span else {"layout.yaxis2.range": "d_range"}),
        },
        span=2,
        height=330,
    )

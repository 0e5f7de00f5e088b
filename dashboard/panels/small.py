"""A member of a sweep as a stamp: a small picture of what it generates now, drawn without Plotly."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

import numpy as np

from dashboard.panels.panel import png
from dashboard.theme import GENERATED, REAL
from gancore.config import Config
from gancore.observe import look
from gancore.observe.frame import Frame

WIDE, HIGH = 160, 90  # of the pictures of the line; the plane's are square
REALS, FAKES = 150, 300  # points in the plane
GRID, SHOWN = 8, 5  # pictures along each side of what a frame holds, and of what is shown


def picture(config: Config, frame: Frame | None) -> str:
    """As the address of an image. Without a frame, the data alone."""
    return {"line": density, "plane": points, "images": samples}[config.data.page](config, frame)


def density(config: Config, frame: Frame | None) -> str:
    """p_data and p_g, on the scale of the page Line."""
    exact = look.reference(config.data)
    top = 1.5 * float(exact.p.max())
    every = max(1, len(exact.p) // 100)
    drawn = [hill(exact.p[::every], top, REAL)]
    if frame and "p_g" in frame.arrays:
        drawn.append(hill(frame.arrays["p_g"][::every], top, GENERATED))
    return svg(WIDE, HIGH, "".join(drawn))


def hill(p: np.ndarray, top: float, colour: str) -> str:
    x = np.linspace(0, WIDE, len(p))
    y = HIGH - HIGH * np.nan_to_num(p / top).clip(0, 1)
    line = " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(x, y))
    return (
        f'<polygon points="0,{HIGH} {line} {WIDE},{HIGH}" fill="{colour}" fill-opacity=".2"/>'
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    )


def points(config: Config, frame: Frame | None) -> str:
    """Real and generated samples, on the window of the page Plane."""
    (left, right), (low, high) = config.data.open().window
    drawn = [dots(*placed(_reals(config), left, right, low, high), REAL, 0.7)]
    if frame and "fake_x" in frame.arrays:
        at = np.stack([frame.arrays["fake_x"], frame.arrays["fake_y"]], 1)[:FAKES]
        drawn.append(dots(*placed(at, left, right, low, high), GENERATED, 0.8))
    return svg(WIDE, WIDE, "".join(drawn))


@lru_cache(maxsize=128)
def _reals(config: Config) -> np.ndarray:
    return look.fixed_real(config, config.data.open(), look.PLANE_SAMPLES)[:REALS].numpy()


def placed(at: np.ndarray, left: float, right: float, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) in the pixels of a square; what is not finite is left out, what lies outside is cut by the frame."""
    at = at[np.isfinite(at).all(1)]
    return WIDE * (at[:, 0] - left) / (right - left), WIDE * (high - at[:, 1]) / (high - low)


def dots(x: np.ndarray, y: np.ndarray, colour: str, alpha: float) -> str:
    path = "".join(f"M{a:.0f} {b:.0f}h0" for a, b in zip(x.clip(-9, 999), y.clip(-9, 999)))
    return f'<path d="{path}" stroke="{colour}" stroke-opacity="{alpha}" stroke-width="3" stroke-linecap="round"/>'


def samples(config: Config, frame: Frame | None) -> str:
    """The first of the samples from fixed z."""
    if not frame or "grid_fixed" not in frame.arrays:
        return svg(WIDE, WIDE, "")
    grid = frame.arrays["grid_fixed"]
    edge = SHOWN * (len(grid) + 1) // GRID - 1
    return png(np.ascontiguousarray(grid[:edge, :edge]))


def svg(width: int, height: int, inside: str) -> str:
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{inside}</svg>'
    return "data:image/svg+xml," + quote(drawn, safe=" =/:;,.")

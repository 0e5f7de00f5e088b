"""The samples from fixed z as they changed, as a moving picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from gancore.catalog import BadKnob
from gancore.observe.frame import Frame
from gancore.record.recording import Reader

SECONDS, LAST = 0.1, 2.0  # that a frame stands, and that the last one does
MOST = 200  # frames: of more, evenly spaced ones by number
SMALLEST = 280  # pixels on the shorter side: smaller grids are enlarged


def gif(reader: Reader, path: Path) -> None:
    """Raises `BadKnob` where no kept frame holds pictures."""
    kept = reader.frames()
    rows = np.unique(np.linspace(0, len(kept) - 1, min(MOST, len(kept))).round().astype(int)) if kept else []
    frames = (Frame.decode(reader.frame(kept[row])).arrays.get("grid_fixed") for row in rows)
    sheets = [enlarged(pixels) for pixels in frames if pixels is not None]
    if not sheets:
        raise BadKnob(f"{reader.path} holds no frames with samples: give a watched run of pictures")
    times = [1000 * SECONDS] * (len(sheets) - 1) + [1000 * LAST]
    sheets[0].save(path, "gif", save_all=True, append_images=sheets[1:], duration=times, loop=0)


def enlarged(pixels: np.ndarray) -> Image.Image:
    times = -(-SMALLEST // min(pixels.shape[:2]))
    return Image.fromarray(pixels.repeat(times, 0).repeat(times, 1))

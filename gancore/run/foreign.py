"""A loop that is not ours, as its recording tells of it: what kind of samples it makes, and the real ones beside them.

Everything here comes from a file that anybody may have written: it is measured before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gancore.observe.frame import Frame
from gancore.record.reader import Reader
from gancore.record.store import kindly
from gancore.run.watching.looking import Unknown

PAGES = ("images", "plane", "line")
LARGEST = 4096  # pixels on the side of a sheet of pictures, points of a curve


@dataclass(frozen=True, eq=False)
class Foreign:
    """What `watch` told when it began. `real` are arrays of the real side, by the names of `Eye`; empty without frames."""

    name: str
    page: str
    says: Unknown  # what D's outputs are
    about: str  # one line: who plays
    real: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, reader: Reader) -> Foreign | None:
        """None for a run of this program. Raises `RecordingError` if what stands there makes no sense."""
        said = reader.config
        if not isinstance(said.get("watched"), str):
            return None
        with kindly(reader.path, "read"):
            page = said.get("page")
            if page not in PAGES:
                raise ValueError(f"it is of the page {str(page)[:40]!r}, and watched runs are of {', '.join(PAGES)}")
            data = reader.frame(0)
            kept = Frame.decode(data) if data else None
            real = dict(kept.arrays) if kept and kept.iteration == 0 else {}
            unknown = Unknown(said.get("says") == "probability")
            return cls(said["watched"][:80], page, unknown, _about(said), _checked(page, real))


def _about(said: Mapping[str, Any]) -> str:
    shape = said.get("shape")
    sizes = [f"{n}" for n in shape if type(n) is int] if isinstance(shape, list) else []
    kinds = {"images": "pictures", "plane": "points in the plane", "line": "numbers"}
    sample = kinds[said["page"]] + (f" ({' × '.join(sizes)})" if len(sizes) > 1 else "")
    players = [
        f"{str(said.get(role, ''))[:40]} with {weights:,} weights"
        for role, key in (("generator", "g_weights"), ("discriminator", "d_weights"))
        if type(weights := said.get(key)) is int
    ]
    return " · ".join([sample, *players])


# By page: the arrays without which its charts of samples cannot be drawn, and how many axes each has.
NEEDED = {
    "images": {"grid_real": (2, 3), "real_x": (1,), "real_y": (1,), "real_z": (1,), "explained": (1,)},
    "plane": {"real_x": (1,), "real_y": (1,)},
    "line": {"line_x": (1,), "p_data": (1,)},
}


def _checked(page: str, real: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The real side if all of it is there and of a size to be drawn; else nothing: its curves can still be shown."""
    for name, axes in NEEDED[page].items():
        array = real.get(name)
        if array is None or array.ndim not in axes or not 0 < max(array.shape) <= LARGEST or not array.size:
            return {}
        if array.dtype != np.uint8 and not np.isfinite(array).all():
            return {}
    return dict(real)

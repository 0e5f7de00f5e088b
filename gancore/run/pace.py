"""How a run is shown in time: speed, frame rate, stop condition. None of it touches the maths."""

from __future__ import annotations

import dataclasses

from gancore.catalog import knob, knobs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pace:
    """Checked like every other knob, and like them in the link."""

    speed: int = knob(0, 0, 100_000, live=True, help="Iterations a second at most; 0 is as fast as the machine goes")
    fps: int = knob(12, 1, 30, live=True, label="frames/s", help="How often the charts are redrawn at most")
    until: int = knob(
        0,
        0,
        10**9,
        live=True,
        advanced=True,
        label="stop after",
        help="Iterations after which the run stops; 0 is never",
    )
    keep: bool = knob(False, live=True, advanced=True, label="keep going", help="Train on when nobody watches")

    def __post_init__(self):
        for k in knobs(self):
            object.__setattr__(self, k.name, k.parse(getattr(self, k.name)))

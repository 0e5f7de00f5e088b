"""The straight path between two places of a run: how long the field is along it, and whether descent points to its end.

Berard et al. 2020, with the sign of their code: the cosine is that between v and (start - end), so that it is positive
where descent, -v, points to the end. A change of sign at the end says that the end attracts or repels; a bump there,
that the field turns around it; both at once are a spiral.
"""

from __future__ import annotations

import numpy as np
import torch

from gancore.observe.landscape.jacobian import Field

ALONG = np.linspace(-0.1, 1.1, 49)  # start at 0, end at 1, and a tenth beyond both


def path(field: Field, start: torch.Tensor, tick=lambda: None) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and norms of v on the way from the weights `start` to the field's own, as long as `ALONG`; NaN if it has no length.

    `tick()` is called before each of them: who has little time may wait in it.
    """
    start, end = start.double(), field.w
    back = start - end
    cosines, norms = [], []
    for share in ALONG.tolist():
        tick()
        v = field.at(torch.lerp(start, end, share)).detach()
        norms.append(v.norm().item())
        cosines.append((v @ back / (v.norm() * back.norm())).item())
    return np.array(cosines), np.array(norms)

"""What can be seen in the plane: where real and generated samples lie."""

from __future__ import annotations

import numpy as np

from gancore.observe.probes.shelf import probe


@probe
def points(look):
    """The fixed real samples and G of the fixed z, as coordinates (n,) float32; a point that is not finite is a gap."""
    fake = np.where(np.isfinite(fake := look.fake.numpy()), fake, np.float32(np.nan))
    (real_x, real_y), (fake_x, fake_y) = look.fixed.real.numpy().T, fake.T
    return {"real_x": real_x, "real_y": real_y, "fake_x": fake_x, "fake_y": fake_y}

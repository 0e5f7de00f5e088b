"""A recording in which every row of scalars tells which iteration it is."""

import numpy as np

NAMES = ("d_loss", "g_loss")
CONFIG = {"loss": "hinge", "d_opt.lr": 1e-3, "seed": 7, "text": "größer 'quoted'"}


def block(first, n):
    """Rows that tell which iteration they are."""
    i = np.arange(first, first + n)
    return np.stack((i % 4099, -i % 4093), axis=1).astype(np.float32)

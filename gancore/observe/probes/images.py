"""What can be seen of pictures: grids of samples, the principal plane, the nearest real neighbour."""

from __future__ import annotations

import numpy as np

from gancore.observe.look import GRID
from gancore.observe.metrics.images import tile
from gancore.observe.probes.shelf import probe


@probe
def samples(look):
    """An 8 by 8 grid from fixed z, uint8."""
    return {"grid_fixed": tile(look.fake[:GRID].numpy())}


@probe
def fresh_samples(look):
    """An 8 by 8 grid from z drawn anew at every look, uint8."""
    z = look.trainer.game.noise.sample(GRID, look.fixed.fresh)
    return {"grid_fresh": tile(look.game.generate(look.state, z).numpy())}


@probe
def ema_samples(look):
    """The grid from fixed z that G's running mean draws, uint8."""
    return {"grid_ema": tile(look.ema_fake[:GRID].numpy())}


@probe
def nearest(look):
    """For each of the 64 pictures from fixed z the nearest real one in pixels, and how far it is (Euclidean, 0..√pixels)."""
    index, distance = look.fixed.neighbours.nearest(look.fake[:GRID])
    pixels = look.fixed.source.pixels[index].numpy() / 255
    return {"grid_nearest": tile(pixels), "nearest_distance": np.asarray(distance)}


@probe
def pca(look):
    """Generated pictures in the space of the first three principal components of the real ones."""
    x, y, z = look.fixed.plane.project(look.fake.numpy(), 3).T
    return {"pca_x": x, "pca_y": y, "pca_z": z}


@probe
def ema_pca(look):
    """What G's running mean draws, in the same space."""
    x, y, z = look.fixed.plane.project(look.ema_fake.numpy(), 3).T
    return {"ema_x": x, "ema_y": y, "ema_z": z}

"""What can be seen of pictures: grids of samples, the principal plane, the nearest real neighbour."""

from __future__ import annotations

import numpy as np

from gancore.observe.look import GRID
from gancore.observe.metrics.checkers import waves
from gancore.observe.metrics.images import tile
from gancore.observe.probes.every import BINS, critic_span, share
from gancore.observe.probes.shelf import probe

RARELY = 4  # looks that measure, of which there are four a second, from one search for neighbours to the next


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
    """For each of the 64 pictures from fixed z the nearest real one in pixels, and how far it is (Euclidean, 0..√pixels).

    While the run plays they are looked for once a second, as often as a person can compare sixty-four pairs.
    """
    found, age = look.memory.get("nearest", (None, 0))
    if found is None or not look.playing or (look.measuring and age >= RARELY):
        index, distance = look.fixed.neighbours.nearest(look.fake[:GRID])
        pixels = look.fixed.source.pixels[index].numpy() / 255
        found, age = {"grid_nearest": tile(pixels), "nearest_distance": np.asarray(distance)}, 0
    look.memory["nearest"] = found, age + look.measuring
    return found


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


@probe
def held_out(look):
    """What D says of pictures that it is trained on, of real ones that nobody trains on, and of generated ones: now as
    histograms, over time as means. Nothing where none are held out."""
    if not len(look.fixed.pictures.unseen):
        return {}
    (known, made), unseen = look.said_on_both, look.loss.read(look.on_unseen).numpy()
    low, high = look.loss.span or critic_span(np.concatenate([known, made, unseen]))
    width = (high - low) / BINS
    now = {f"{name}_scores": share(said[None], low, width)[0] for name, said in
           (("known", known), ("unseen", unseen), ("made", made))}  # fmt: skip
    now |= {"scores_at": low + width * (np.arange(BINS) + 0.5), "scores_range": np.array([low, high])}
    past = look.keep(("on_known", "on_unseen", "on_made"), lambda: [known.mean(), unseen.mean(), made.mean()])
    return now | past | {"time": look.time}


@probe
def spectrum(look):
    """Share of the energy of generated pictures at each length of wave, the longest first."""
    return {"spectrum": waves(look.fake.numpy(), look.fixed.source.shape)}

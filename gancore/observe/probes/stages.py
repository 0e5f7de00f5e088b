"""What the stage that is looked at in slow motion holds: its z, its samples, what D says of them, where they are told to go."""

from __future__ import annotations

import numpy as np
import torch

from gancore.observe.metrics.images import tile
from gancore.observe.probes.every import BINS, critic_span, share
from gancore.observe.probes.latent import reach
from gancore.observe.probes.plane import finite, painted
from gancore.observe.probes.shelf import probe

SHOWN = 128  # Samples of a batch.
TILES = 16  # Of them where they are pictures.
POINTS, LINES = 33, 8  # on a line of the grid over z, and about as many lines each way
GAP = np.full((1, 2), np.nan, np.float32)


@probe
def stages(look):
    """The stage's own arrays under names that start with `slow_`; nothing where the run is not in slow motion.

    `slow_z` (n, 1 or 2) in `slow_z_range`; `slow_fake` and `slow_real` (n, dim) in `slow_range`, or as pictures
    `slow_fake_tiles`, `slow_real_tiles`; what D says over the window as `slow_d_image` or `slow_d` (m,); its scores as
    shares in bins, `slow_scores` (2, BINS) in `slow_score_range`; `slow_pull`, and at G's update `slow_moved` (n, dim);
    in the plane `slow_g`, where G sends the lines of a grid over z.
    """
    if look.slow is None:
        return {}
    stage, page = look.slow.stage, look.fixed.choice.page
    arrays = says(look) | warped(look) | scores(stage, look.loss)
    if stage.batch is not None:
        arrays |= {"slow_z": stage.batch.z[:SHOWN, :2].numpy(), "slow_z_range": np.array(reach(look.fixed.z))}
        arrays |= samples("real", stage.batch.real, page)
    arrays |= samples("fake", stage.fake, page)
    if stage.who == "g" and stage.fake is not None and page != "images" and stage.norm is not None:
        arrays |= whereto(look, stage)
    return arrays


def samples(side: str, x: torch.Tensor | None, page: str) -> dict[str, np.ndarray]:
    if x is None:
        return {}
    if page == "images":
        return {f"slow_{side}_tiles": tile(x[:TILES].numpy())}
    return {f"slow_{side}": gaps(x[:SHOWN].numpy())}


def says(look) -> dict[str, np.ndarray]:
    """What D says, with its weights at this stage, over the window."""
    if look.fixed.choice.page == "plane":
        window = look.fixed.source.window
        return {
            "slow_d_image": painted("slow_d", look.field, look.loss)["slow_d_image"],
            "slow_range": np.array(window),
        }
    if look.fixed.choice.page == "line":
        low, high = look.loss.span or critic_span(look.said_on_grid[None])
        height = (look.said_on_grid - low) / (high - low)
        return {"slow_d": height, "slow_range": np.array([look.fixed.reference.window])}
    return {}


def warped(look) -> dict[str, np.ndarray]:
    """Where G, with its weights at this stage, sends the lines of a grid over z, (m, 2), a gap after each line."""
    if look.fixed.choice.page != "plane" or look.fixed.z.shape[1] > 2:
        return {}
    along, *rest = [torch.linspace(low, high, POINTS) for low, high in reach(look.fixed.z)]
    lines = [along[:, None]]
    for across in rest:
        first, second = torch.meshgrid(along[:: POINTS // LINES], across, indexing="ij")
        third, fourth = torch.meshgrid(across[:: POINTS // LINES], along, indexing="ij")
        lines = [*torch.stack([first, second], 2), *torch.stack([fourth, third], 2)]
    sent = [gaps(look.game.generate(look.state, line).numpy()) for line in lines]
    return {"slow_g": np.concatenate([np.vstack([line, GAP]) for line in sent])}


def scores(stage, loss) -> dict[str, np.ndarray]:
    if stage.fake_scores is None:
        return {}
    said = [loss.read(side).numpy() for side in (stage.real_scores, stage.fake_scores) if side is not None]
    low, high = loss.span or critic_span(np.concatenate(said)[None])
    bins = [share(side[None], low, (high - low) / BINS)[0] for side in said]
    return {
        "slow_scores": np.stack([np.zeros(BINS)] * (2 - len(bins)) + bins),
        "slow_score_range": np.array([low, high]),
    }


def whereto(look, stage) -> dict[str, np.ndarray]:
    """-n ∂L_G/∂x at the stage's samples (n, dim), and where they are once G has moved."""
    pull = look.game.pull(look.state, stage.fake, look.fixed.real[: len(stage.fake)])
    found = {"slow_pull": gaps(pull[:SHOWN].numpy())}
    if stage.name == "update":
        found["slow_moved"] = gaps(look.game.generate(stage.state, stage.batch.z[:SHOWN]).numpy())
    return found


def gaps(x: np.ndarray) -> np.ndarray:
    return finite(x) if x.shape[1] == 2 else np.where(np.isfinite(x), x, np.float32(np.nan))

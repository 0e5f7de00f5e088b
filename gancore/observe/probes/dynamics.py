"""What can be seen of the way both players move: where they circle, where the field leads, and how it turns."""

from __future__ import annotations

import numpy as np
import torch

from gancore.observe.landscape.jacobian import Field, Jacobian
from gancore.observe.landscape.path import ALONG, path
from gancore.observe.probes.shelf import probe

SAMPLES = 256  # fixed z and real samples on which the field is computed
LARGEST, OF_PLAYER, TOLERANCE = 12, 3, 1e-4  # eigenvalues: as many and as exact as can be seen, a third of 20 at 1e-7
MOST_WEIGHTS = 20_000  # of both players together; beyond, a look at the Jacobian would take minutes

# Until there are any: every probe gives the same names at every moment.
NONE = np.empty(0)
NO_EIGENVALUES = {f"eigen_{part}": NONE for part in ("re", "im", "g", "g_0", "d", "d_0")} | {
    "eigen_re_range": np.array([-1.0, 3.0]),
    "eigen_im_range": np.array([-1.0, 1.0]),
    "eigen_at": np.array(0),
}
NO_PATH = {"path": NONE, "path_cosine": NONE, "path_norm": NONE, "path_at": np.array(0)}


@probe
def phase(look):
    """Mean D on real against mean D on generated batches: every one of the last iterations, and the fixed samples over all time."""
    recent = look.history.recent("d_real", "d_fake")
    past = look.keep(("phase_past_real", "phase_past_fake"), lambda: look.said_on_both.mean(1).tolist())
    return past | {
        "phase_real": recent[:, 0],
        "phase_fake": recent[:, 1],
        "phase_now_real": recent[-1:, 0],
        "phase_now_fake": recent[-1:, 1],
    }


@probe
def game_eigenvalues(look):
    """Of the Jacobian of v = (∇g L_G, ∇d L_D), and of each player's own block; `eigen_at` is the iteration they are of."""

    def begin():
        jacobian = Jacobian(field(look))

        def work(tick):
            jacobian.tick = tick
            values = jacobian.eigenvalues(LARGEST, TOLERANCE)
            g, d = (jacobian.of_player(*block, OF_PLAYER, TOLERANCE) for block in jacobian.blocks)
            return {
                "eigen_re": values.real,
                "eigen_im": values.imag,
                "eigen_g": g,
                "eigen_g_0": np.zeros(len(g)),
                "eigen_d": d,
                "eigen_d_0": np.zeros(len(d)),
                "eigen_re_range": room(np.concatenate([values.real, g, d, [0]])),
                "eigen_im_range": room(np.append(values.imag, 0)),
                "eigen_at": np.array(at),
            }

        return work

    at = look.state.iteration
    return NO_EIGENVALUES | (look.slowly("game-eigenvalues", begin) if weights(look) <= MOST_WEIGHTS else {})


@probe
def path_angle(look):
    """Along the straight path from the run's first weights to its present ones: the cosine and the norm of v."""

    def begin():
        here, start = field(look), torch.cat([look.game.g.start, look.game.d.start])

        def work(tick):
            cosines, norms = path(here, start, tick)
            return {"path": ALONG, "path_cosine": cosines, "path_norm": norms, "path_at": np.array(at)}

        return work

    at = look.state.iteration
    return NO_PATH | (look.slowly("path-angle", begin) if at and weights(look) <= MOST_WEIGHTS else {})


def room(values: np.ndarray) -> np.ndarray:
    """A range with some room around these values."""
    low, high = values.min(), values.max()
    return np.array([low, high]) + 0.12 * max(high - low, 1e-3) * np.array([-1, 1])


def field(look) -> Field:
    return Field(look.trainer.moves, look.state, look.fixed.z[:SAMPLES], look.fixed.real[:SAMPLES])


def weights(look) -> int:
    return len(look.state.g) + len(look.state.d)

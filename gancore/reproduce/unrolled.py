"""Metz et al. 2017: a generator that answers the discriminator's next five steps stops hopping around the ring."""

from __future__ import annotations

from gancore.config import Config
from gancore.reproduce.experiment import Arm, Experiment, Published, both, experiments
from gancore.reproduce.plane import FIGURES, counted, perfect

PICTURE = "Metz et al. 2017 (Unrolled GAN): pictures of the ring, no table"
OTHER_NETS = "Srivastava et al. 2017 (VEEGAN), Table 1, other networks: mean of 5 runs"

GAME = {
    "data": "ring",
    "noise": "normal",
    "noise.dim": 256,
    **both(choice="mlp", width=128, depth=2, activation="tanh", init="orthogonal", gain=1.4),
    "loss": "minimax",
    "batch": 512,
    **both("_opt", choice="adam", beta1=0.5),
    "d_opt.lr": 1e-4,
    "g_opt.lr": 1e-3,
    "dynamics": "simultaneous",
}


@experiments.add
class UnrolledRing(Experiment):
    """Metz et al. 2017: eight bells on a ring; G against D as it stands, and against D as it would be five steps on."""

    name = "unrolled-ring"
    steps, seeds, quick, pace = 25_000, 5, (2_000, 1), 29.0
    figures = FIGURES
    notes = (
        "Networks and rates of the authors' notebook, which they say are not the paper's. Its eight angles from 0 to 2π"
        " make only seven modes, one of double weight; here there are eight, as in the paper.",
    )

    def arms(self):
        config = Config.from_flat(GAME)
        unrolled = Config.from_flat({"dynamics": "unrolled", "dynamics.k": 5}, config)
        return (
            Arm("GAN", config, as_published(1, 99.3, "hops between modes")),
            Arm("unrolled, 5 steps", unrolled, as_published(7.6, 35.6, "covers all modes")),
        )

    def controls(self):
        return (perfect(self.arms()[0].config.data),)

    def measure(self, trainer):
        return counted(trainer)


def as_published(modes: float, quality: float, picture: str) -> dict[str, Published]:
    return {
        "modes": Published(modes, None, OTHER_NETS),
        "high quality, %": Published(quality, None, OTHER_NETS),
        "reverse KL": Published(None, None, PICTURE, f"none; {picture}"),
    }

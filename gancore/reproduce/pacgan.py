"""Lin et al. 2018, Table 1: how packing two samples for the discriminator brings back the modes of ring and grid."""

from __future__ import annotations

from typing import Any

from gancore.config import Config
from gancore.reproduce.experiment import Arm, Experiment, Published, both, experiments
from gancore.reproduce.plane import FIGURES, Bootstrap, counted, perfect

TABLE = "Lin et al. 2018 (PacGAN), Table 1: mean ± s.e. of 10 runs"
TRAINING_SET = 100_000

GAME = {
    "noise": "normal",
    "noise.dim": 2,
    "g": "mlp",
    "g.width": 400,
    "g.depth": 4,
    "g.norm": "batch",
    "g.momentum": 0.05,
    "g.init": "normal-0.02",
    "d": "maxout",
    "d.width": 200,
    "d.pieces": 5,
    "d.depth": 3,
    "d.dropout_in": 0.0,
    "d.dropout": 0.0,
    "d.init": "normal-0.02",
    "loss": "non-saturating",
    "batch": 100,
    **both("_opt", choice="adam", lr=1e-4, beta1=0.8),
    "dynamics": "simultaneous",
    "dynamics.same": True,
}
PACKED = {"input": "packing", "input.m": 2}


class PacGAN(Experiment):
    """What both share. `gan` and `packed` are the published modes, high quality in % and reverse KL, each with its s.e."""

    steps, seeds, quick, pace = 400_000, 10, (3_000, 1), 33.0
    figures = FIGURES
    notes = (
        "A sample is of high quality within 3 standard deviations of a mode (a perfect sampler: 98.9 %); a mode is found"
        " if it is the nearest of one such sample.",
        "Packed samples go through G in one batch here, and share its statistics; in the paper's code each slot had its own.",
    )
    data: dict[str, Any]
    gan: tuple
    packed: tuple

    def arms(self):
        config = Config.from_flat({**GAME, **self.data})
        return (
            Arm("GAN", config, as_published(self.gan)),
            Arm("PacGAN2", Config.from_flat(PACKED, config), as_published(self.packed)),
        )

    def controls(self):
        return (perfect(self.arms()[0].config.data),)

    def source(self, config):
        return Bootstrap.of(config.data.open(), TRAINING_SET)

    def measure(self, trainer):
        return counted(trainer)


@experiments.add
class Ring(PacGAN):
    """Lin et al. 2018 (PacGAN): eight bells on a ring; D sees one sample, or two at once and so a lack of variety."""

    name = "pacgan-ring"
    data = {"data": "ring"}
    gan = ((6.3, 0.5), (98.2, 0.2), (0.45, 0.09))
    packed = ((7.9, 0.1), (95.6, 2.0), (0.07, 0.03))


@experiments.add
class Grid(PacGAN):
    """Lin et al. 2018 (PacGAN): 25 bells on a grid; D sees one sample, or two at once and so a lack of variety."""

    name = "pacgan-grid"
    data = {"data": "grid"}
    gan = ((17.3, 0.8), (94.8, 0.7), (0.70, 0.07))
    packed = ((23.8, 0.7), (91.3, 0.8), (0.13, 0.04))


def as_published(row: tuple) -> dict[str, Published]:
    return {name: Published(value, spread, TABLE, runs=10) for name, (value, spread) in zip(FIGURES, row)}

"""Stacked MNIST with the small networks of Metz et al. 2017: how many of its thousand modes are found with and without packing."""

from __future__ import annotations

from gancore import seeds
from gancore.config import Config
from gancore.observe.metrics.classifier import stacked_classes
from gancore.observe.metrics.modes import tally
from gancore.reproduce.experiment import Arm, Control, Experiment, Measured, Published, both, experiments

TABLE = "Lin et al. 2018 (PacGAN), Table 3: mean ± s.e. of 50 runs"
SAMPLES, MODES = 25_600, 1_000
GLANCE = 2_560  # samples that a look on the way costs

GAME = {
    "data": "stacked-mnist",
    "noise": "normal",
    "noise.dim": 256,
    **both(choice="metz"),
    "loss": "non-saturating",
    "batch": 128,
    **both("_opt", choice="adam", beta1=0.5, beta2=0.99),
    "d_opt.lr": 2e-4,
    "g_opt.lr": 1e-4,
}
PACKED = {"input": "packing", "input.m": 2}
# Channels of D's first layer: a quarter and a half of G's eight.
ROWS = {
    "D of 1/4: DCGAN": ({"d.channels": 2}, (78.5, 17.6)),
    "D of 1/4: PacDCGAN2": ({"d.channels": 2} | PACKED, (484.5, 33.0)),
    "D of 1/2: DCGAN": ({"d.channels": 4}, (487.7, 34.6)),
    "D of 1/2: PacDCGAN2": ({"d.channels": 4} | PACKED, (840.7, 15.9)),
}


@experiments.add
class StackedMnistSmall(Experiment):
    """Metz et al. 2017, rerun by Lin et al. 2018: three digits in one picture, a D too small to see them all."""

    name = "stacked-mnist-small"
    steps, seeds, quick, pace = 500_000, 50, (300, 1), 8.4
    figures = {"modes": "{:.0f}", "reverse KL": "{:.3f}"}
    notes = (
        "Modes are read by a classifier that is right on 98.7 % of MNIST's test digits, in 25,600 samples. Pixels count"
        " from 0 to 1 here, from -1 to 1 in the paper's code.",
    )

    def arms(self):
        return tuple(
            Arm(name, Config.from_flat({**GAME, **settings}), {"modes": Published(*modes, TABLE, runs=50)})
            for name, (settings, modes) in ROWS.items()
        )

    def controls(self):
        def measure() -> dict[str, Measured]:
            source = Config.from_flat(GAME).data.open()
            return counted(source.sample(SAMPLES, seeds.stream(0, "reproduce/real")))

        return (Control(f"{SAMPLES:,} real stacks", measure),)

    def measure(self, trainer):
        return counted(drawn(trainer, SAMPLES))

    def glance(self, trainer):
        return f"{counted(drawn(trainer, GLANCE))['modes'].value} modes in {GLANCE:,} samples"


def drawn(trainer, n: int):
    """Pictures (n, 3 * 784) from fresh z of the run's own stream."""
    z = trainer.config.noise.sample(n, seeds.stream(trainer.config.seed, "reproduce/z"))
    return trainer.game.generate(trainer.state, z)


def counted(x) -> dict[str, Measured]:
    """The census of a thousand modes."""
    seen = tally(stacked_classes(x).numpy(), MODES)
    return {"modes": Measured(seen.found), "reverse KL": Measured(seen.reverse_kl)}

"""Goodfellow et al. 2014, Table 1: the Parzen-window log-likelihood of the first GAN on MNIST, with the controls."""

from __future__ import annotations

import warnings
from dataclasses import replace

import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from gancore import seeds
from gancore.config import Config
from gancore.observe.metrics import parzen
from gancore.observe.metrics.classifier import digits
from gancore.reproduce.experiment import Arm, Control, Experiment, Measured, Published, experiments
from gancore.train.trainer import Event

KNOWN = 50_000  # training digits; the other 10,000 choose sigma
EPOCH = KNOWN // 100  # iterations of 100 digits
RISES = 250  # epochs over which the momentum rises
EPOCHS, REST = 300, 100  # in all, and those at the end in which the rates fall
FALL = 1 / 10  # to this part of themselves
FASTER = 2  # times the paper's rates
MEAN = "nats, G's mean"  # of G's running mean in place of G
TABLE = "Goodfellow et al. 2014, Table 1: ± s.e. over 10,000 test digits"
BEFORE = "control, measured for this project with the same protocol: ± s.e. over 10,000 test digits"

GAME = {
    "data": "mnist",
    "noise": "uniform",
    "noise.dim": 100,
    "noise.low": -(3**0.5),
    "noise.high": 3**0.5,
    "g": "mlp",
    "g.width": 1200,
    "g.depth": 2,
    "g.init": "uniform",
    "g.r": 0.05,
    "d": "maxout",
    "d.width": 240,
    "d.pieces": 5,
    "d.depth": 2,
    "d.r": 0.005,
    "loss": "non-saturating",
    "batch": 100,
    # The paper's code halves D's loss, ours does not: half the rate does the same.
    "d_opt": "sgd",
    "d_opt.lr": 0.05 * FASTER,
    "d_opt.momentum": 0.5,
    "g_opt": "sgd",
    "g_opt.lr": 0.1 * FASTER,
    "g_opt.momentum": 0.5,
    "dynamics": "simultaneous",
    "dynamics.same": True,
    "schedule": "exponential",
    "precision": "bfloat16",
    # Not the paper's, and nothing of the game depends on it: a second G to read, the mean of about 20,000 updates.
    "ema": 0.99995,
}


@experiments.add
class Goodfellow2014(Experiment):
    """Goodfellow et al. 2014: the first GAN on MNIST, by Parzen windows; blurry prototypes beat real digits at that."""

    name = "goodfellow-2014-mnist"
    steps, seeds, quick, pace = EPOCHS * EPOCH, 1, (10 * EPOCH, 1), 48
    figures = {"nats": "{:.1f}", "sigma": "{:.3f}", MEAN: "{:.1f}"}
    of_games = frozenset({MEAN})
    notes = (
        "The paper does not say how many epochs, and its rates halve in 350. Here are 300 at twice its rates, multiplied in"
        " bfloat16; in the last 100 the rates fall to a tenth besides, so that G comes to rest.",
        "Digits are drawn with replacement. sigma is chosen from logspace(-1, 0, 10) on 1,000 validation digits, as the"
        " paper's code does.",
        "G's mean is our own second reading, the paper has none: G's weights averaged with a memory of 0.99995 (about"
        " 20,000 updates). The game is not touched by it.",
        "Read the figure beside its controls only: a high one does not mean good samples (Theis et al. 2016).",
    )

    def arms(self):
        published = {"nats": Published(225, 2, TABLE)}
        return (Arm("adversarial nets", Config.from_flat(GAME), published, momentum_rises() + rates_fall()),)

    def controls(self):
        return (
            Control(
                "10,000 real training digits",
                lambda: judged(real_digits()),
                {"nats": Published(243.6, 2.1, BEFORE)},
            ),
            Control(
                "k-means, 2,000 centres",
                lambda: judged(centres()),
                {"nats": Published(305.5, 1.8, BEFORE)},
            ),
        )

    def source(self, config):
        images = config.data.open()
        return replace(images, pixels=images.pixels[:KNOWN], labels=images.labels[:KNOWN])

    def begin(self, trainer):
        """The output's bias starts where G draws the mean digit, as in the paper's code."""
        mean = trainer.game.source.pixels.float().mean(0) / 255
        bias = torch.logit(mean.flatten().clamp(1e-7, 1 - 1e-7))
        trainer.state = replace(trainer.state, g=torch.cat([trainer.state.g[: -len(bias)], bias]))

    def measure(self, trainer):
        mean = judged(drawn(trainer, parzen.SAMPLES, ema=True))["nats"]
        return judged(drawn(trainer, parzen.SAMPLES)) | {MEAN: mean}

    def glance(self, trainer):
        validation = digits("train")[0][KNOWN:][: parzen.VALIDATION]
        g, mean = (
            parzen.parzen(drawn(trainer, parzen.SAMPLES, ema), validation, validation).nats for ema in (False, True)
        )
        return f"{g:.1f} nats, G's mean {mean:.1f}, on the validation digits that chose sigma"


def judged(samples: Tensor) -> dict[str, Measured]:
    """Parzen's figures on the whole test set."""
    found = parzen.parzen(samples, digits("train")[0][KNOWN:], digits("t10k")[0])
    return {"nats": Measured(found.nats, found.error), "sigma": Measured(found.sigma)}


def drawn(trainer, n: int, ema: bool = False) -> Tensor:
    """Pictures (n, 784) of G or of its running mean, both from the same z: the run's own stream for this begins anew each time."""
    z = trainer.config.noise.sample(n, seeds.stream(trainer.config.seed, "reproduce/z"))
    return trainer.game.generate(trainer.state, z, ema)


def rates_fall() -> tuple[Event, ...]:
    """Both rates to a tenth, by the same factor at the start of each of the last epochs."""
    return tuple(
        Event((EPOCHS - REST + epoch) * EPOCH, f"{player}.lr={GAME[f'{player}.lr'] * FALL ** ((epoch + 1) / REST):.6g}")
        for epoch in range(REST)
        for player in ("d_opt", "g_opt")
    )


def momentum_rises() -> tuple[Event, ...]:
    """0.5 to 0.7 in a line from epoch 1 to epoch 250, both players, once an epoch."""
    rise = [(epoch, 0.5 + 0.2 * (epoch - 1) / (RISES - 1)) for epoch in range(2, RISES + 1)]
    return tuple(
        Event((epoch - 1) * EPOCH, f"{player}.momentum={momentum:.6g}")
        for epoch, momentum in rise
        for player in ("d_opt", "g_opt")
    )


def real_digits(seed: int = 0, n: int = parzen.SAMPLES) -> Tensor:
    """`n` of the training digits, at random."""
    return digits("train")[0][torch.randperm(KNOWN, generator=seeds.stream(seed, "reproduce/real"))[:n]]


def centres(seed: int = 0) -> Tensor:
    """2,000 cluster centres after five of Lloyd's steps from random digits."""
    known, start = digits("train")[0][:KNOWN].numpy(), real_digits(seed, 2_000).numpy()
    lloyd = KMeans(len(start), init=start, n_init=1, max_iter=5, algorithm="lloyd", tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping after five steps is meant
        return torch.from_numpy(lloyd.fit(known).cluster_centers_)

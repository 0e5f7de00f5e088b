"""Radford et al. 2016 on MNIST: whether a nearest-neighbour classifier can learn digits from generated ones."""

from __future__ import annotations

from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from gancore import seeds
from gancore.config import Config
from gancore.observe.metrics.classifier import classes, digits
from gancore.observe.metrics.modes import tally
from gancore.reproduce.experiment import Arm, Control, Experiment, Measured, Published, both, experiments

TEXT = "Radford et al. 2016, appendix: in words, of a conditional DCGAN"
SAMPLES = 10_000

GAME = {
    "data": "mnist",
    "noise": "uniform",
    "noise.dim": 100,
    **both(choice="dcgan", channels=32),
    "loss": "non-saturating",
    "batch": 128,
    **both("_opt", choice="adam", lr=2e-4, beta1=0.5),
}


@experiments.add
class DcganMnist(Experiment):
    """Radford et al. 2016: digits from strided convolutions, good enough for a nearest neighbour to learn reading from."""

    name = "dcgan-mnist"
    steps, seeds, quick, pace = 10_000, 1, (500, 1), 3.8
    figures = {"1-NN error, %": "{:.2f}", "digits found": "{:.0f}", "effective digits": "{:.2f}"}
    notes = (
        "The paper's game is told which digit to draw, ours is not: a classifier (98.7 % right) says what was drawn, of"
        " real digits too. Channels from 32 instead of 64; a nearest neighbour in 10,000 digits, tested on MNIST's 10,000.",
    )

    def arms(self):
        words = "none confirmed; as good as the training set itself"
        return (Arm("DCGAN", Config.from_flat(GAME), {"1-NN error, %": Published(None, None, TEXT, words)}),)

    def controls(self):
        def measure() -> dict[str, Measured]:
            return judged(Config.from_flat(GAME).data.open().sample(SAMPLES, seeds.stream(0, "reproduce/real")))

        return (Control(f"{SAMPLES:,} real training digits", measure),)

    def measure(self, trainer):
        z = trainer.config.noise.sample(SAMPLES, seeds.stream(trainer.config.seed, "reproduce/z"))
        return judged(trainer.game.generate(trainer.state, z))


def judged(x: Tensor) -> dict[str, Measured]:
    """How well a nearest neighbour reads test digits after pictures (n, 784) that the classifier has named."""
    named = classes(x)
    test, labels = digits("t10k")
    neighbour = KNeighborsClassifier(1, algorithm="brute").fit(x.numpy(), named.numpy())
    wrong = (neighbour.predict(test.numpy()) != labels.numpy()).mean()
    found = tally(named.numpy(), 10)
    return {
        "1-NN error, %": Measured(100 * float(wrong)),
        "digits found": Measured(found.found),
        "effective digits": Measured(found.effective),
    }

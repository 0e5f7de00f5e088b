"""What the discriminator is shown: samples as they are, or changed on their way, real and generated alike."""

from __future__ import annotations

import torch
from torch import Tensor

from gancore.catalog import Catalog, knob
from gancore.game import augmentation

inputs = Catalog("input")

ADA_INTERVAL = 4  # updates of D between two moves of p, as in Karras et al. 2020


class Input:
    """What inputs share: samples pass as they are, one at a time, and nothing is kept in mind."""

    packs = 1

    def noise(self, iteration: int) -> float:
        """Standard deviation of the noise that D sees on every number of a sample."""
        return 0.0

    def start(self) -> dict[str, Tensor]:
        """What the input keeps in mind."""
        return {}

    def show(
        self, x: Tensor, shape: tuple, iteration: int, memory: dict[str, Tensor], generator: torch.Generator
    ) -> Tensor:
        """What D sees of these samples of this shape, (n * packs, event) -> (n, packs * event)."""
        return x

    def after(self, memory: dict[str, Tensor], on_real: Tensor) -> dict[str, Tensor]:
        """The memory after an update of D. `on_real` (n,): what D said to real samples, less what it says when undecided."""
        return memory


@inputs.add
class Plain(Input):
    """Goodfellow et al. 2014: D sees every sample as it is, one at a time."""

    name = "none"


@inputs.add
class InstanceNoise(Input):
    """Sønderby et al. 2017, Arjovsky & Bottou 2017: noise on what D sees makes both sides overlap, so that D can teach."""

    name = "instance-noise"
    sigma: float = knob(
        0.1, 0.0, 5.0, live=True, label="σ", help="Standard deviation at first, in the data's own units"
    )
    anneal: int = knob(
        10_000, 0, 10_000_000, live=True, label="annealing", help="Iterations in which it fades to nothing, 0 for never"
    )

    def noise(self, iteration: int) -> float:
        """From `sigma` down to 0 along a straight line."""
        return self.sigma * max(0.0, 1 - iteration / self.anneal) if self.anneal else self.sigma

    def show(self, x, shape, iteration, memory, generator):
        sigma = self.noise(iteration)
        return x + sigma * torch.randn(x.shape, generator=generator, dtype=x.dtype) if sigma else x


@inputs.add
class Packing(Input):
    """Lin et al. 2018 (PacGAN): D judges m samples at once, and sees a lack of variety that no single sample shows."""

    name = "packing"
    m: int = knob(2, 1, 4, help="Samples that D sees at once; the batch counts packs")

    @property
    def packs(self) -> int:
        return self.m

    def show(self, x, shape, iteration, memory, generator):
        return x.reshape(len(x) // self.m, -1)


@inputs.add
class Augment(Input):
    """Zhao et al. 2020: D sees pictures randomly changed, so that few are enough; Karras et al. 2020 let p adapt (ADA)."""

    name = "augment"
    p: float = knob(1.0, 0.0, 1.0, live=True, help="Probability of each change to each picture, unless it adapts")
    adaptive: bool = knob(
        False, label="adaptive p", help="Start p at 0 and raise it while D is too sure of real pictures"
    )
    target: float = knob(
        0.6, -1.0, 1.0, live=True, advanced=True, help="Mean sign of D on real pictures that an adaptive p steers to"
    )
    thousands: float = knob(
        500.0, 1.0, 5000.0, live=True, log=True, advanced=True, label="thousands of pictures",
        help="Real pictures, in thousands, in which an adaptive p can go from 0 to 1",
    )  # fmt: skip
    color: bool = knob(True, live=True, help="Change brightness, saturation and contrast")
    translation: bool = knob(True, live=True, help="Move by up to an eighth of the side")
    cutout: bool = knob(True, live=True, help="Set a box of half the side to 0")

    def start(self) -> dict[str, Tensor]:
        return {name: torch.zeros(()) for name in ("p", "signs", "updates")} if self.adaptive else {}

    def show(self, x, shape, iteration, memory, generator):
        p = memory["p"] if self.adaptive else self.p
        pictures = x.reshape(len(x), *shape)
        for change in self._changes():
            on = torch.rand(len(x), 1, 1, 1, generator=generator) < p
            pictures = change(pictures, on.to(x.dtype), generator)
        return pictures.reshape(x.shape)

    def after(self, memory: dict[str, Tensor], on_real: Tensor) -> dict[str, Tensor]:
        """Every fourth update p moves one step: up where the mean sign lay above the target, else down."""
        if not self.adaptive:
            return memory
        signs, updates = memory["signs"] + on_real.sign().mean(), memory["updates"] + 1
        due = (updates == ADA_INTERVAL).to(signs.dtype)
        step = ADA_INTERVAL * len(on_real) / (1000 * self.thousands)
        p = memory["p"] + due * step * (signs / ADA_INTERVAL - self.target).sign()
        return {"p": p.clamp(0, 1), "signs": signs * (1 - due), "updates": updates * (1 - due)}

    def refuses(self, config) -> str | None:
        """Why this input cannot be played with these choices."""
        if config.data.page == "images":
            return None
        return f"augment changes pictures, and {config.data.name} has none: choose a set of pictures, or another input"

    def _changes(self):
        if self.color:
            yield from augmentation.COLOR
        if self.translation:
            yield augmentation.translation
        if self.cutout:
            yield augmentation.cutout

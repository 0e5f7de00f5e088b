"""Terms added to what the players minimise: the price of a steep discriminator, or of leaving one's own past."""

from __future__ import annotations

import torch
from torch import Tensor

from gancore.catalog import Catalog, knob

penalties = Catalog("penalty")


class Penalty:
    """What penalties share: a term in D's loss where `active`, and none of the extra pull on both players' weights."""

    active = True
    per_sample = False

    def start(self, weights: Tensor) -> dict[str, Tensor]:
        """What the penalty keeps in mind about one player's flat weights."""
        return {}

    def pull(self, weights: Tensor, memory: dict[str, Tensor]) -> Tensor | None:
        """What is added to one player's gradient, if anything."""
        return None

    def remember(self, weights: Tensor, memory: dict[str, Tensor]) -> dict[str, Tensor]:
        """The memory after an update that led to `weights`."""
        return memory

    def refuses(self, config) -> str | None:
        """Why this penalty cannot be played with these choices."""
        if self.per_sample and getattr(config.d, "sees_batch", False):
            return (
                f"{self.name} looks at D's slope at each sample by itself, but in this D the samples of a batch see "
                "each other: give D a network without batch normalisation and batch features, or another penalty"
            )
        return None


def slope(critic, x: Tensor) -> Tensor:
    """∇D at every sample, (n, event) -> (n, event), differentiable again, also inside `torch.func.grad` and `vmap`."""
    try:
        x = x.view_as(x).requires_grad_()  # a view: the batch itself keeps its flag, and its history if it has one
    except RuntimeError:
        # Transforms of `torch.func` refuse the flag and have their own way. It would do everywhere, but it loads a
        # symbolic algebra system at its first call, a second in which the picture stands still.
        return torch.func.grad(lambda x: critic(x).sum())(x)
    return torch.autograd.grad(critic(x).sum(), x, create_graph=True)[0]


def squared_slope(critic, x: Tensor) -> Tensor:
    """|∇D|² at every sample, (n, event) -> (n,)."""
    return slope(critic, x).square().flatten(1).sum(1)


def steepness(critic, x: Tensor) -> Tensor:
    """|∇D| at every sample, (n, event) -> (n,)."""
    # The root of 0 has no slope: what is added is far below rounding and keeps flat spots (a dead ReLU) finite.
    return (squared_slope(critic, x) + 1e-20).sqrt()


def gamma(whose: str):
    """The knob of zero-centred penalties."""
    return knob(0.1, 0.0, 100.0, live=True, label=f"γ on {whose}", help="Weight, in the paper's units: γ/2 E|∇D|²")


def weight():
    """The knob of penalties around a wanted slope."""
    return knob(
        10.0, 0.0, 100.0, live=True, label="λ", help="Weight: 10 for pictures, 0.1 for points on a line or plane"
    )


def wanted(what: str):
    """The knob that says which slope costs nothing."""
    return knob(1.0, 0.0, 10.0, live=True, advanced=True, label="slope", help=what)


@penalties.add
class NoPenalty(Penalty):
    """The game as it is in Goodfellow et al. 2014."""

    name = "none"
    active = False


@penalties.add
class R1(Penalty):
    """Mescheder et al. 2018: γ/2 E|∇D(x)|² on real samples. The Dirac game circles without it and lands with it."""

    name = "r1"
    per_sample = True
    gamma: float = gamma("real")

    def term(self, critic, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        """`critic` maps samples (batch, event) to raw outputs (batch,)."""
        return self.gamma / 2 * squared_slope(critic, real).mean()


@penalties.add
class R2(Penalty):
    """Mescheder et al. 2018: γ/2 E|∇D(x)|² on generated samples; it converges near equilibrium as R1 does."""

    name = "r2"
    per_sample = True
    gamma: float = gamma("generated")

    def term(self, critic, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        return self.gamma / 2 * squared_slope(critic, fake).mean()


@penalties.add
class R1R2(Penalty):
    """Huang et al. 2024 (R3GAN): both penalties of Mescheder et al. 2018 at once; with RpGAN, D stays flat everywhere."""

    name = "r1-r2"
    per_sample = True
    gamma1: float = gamma("real")
    gamma2: float = gamma("generated")

    def term(self, critic, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        on_real, on_fake = squared_slope(critic, torch.cat([real, fake])).split([len(real), len(fake)])
        return self.gamma1 / 2 * on_real.mean() + self.gamma2 / 2 * on_fake.mean()


@penalties.add
class WganGP(Penalty):
    """Gulrajani et al. 2017: λ E(|∇D(x)| - 1)² between real and generated samples; W1's best critic has slope 1 there."""

    name = "wgan-gp"
    per_sample = True
    weight: float = weight()
    slope: float = wanted("The slope that costs nothing, 1 in the paper")
    one_sided: bool = knob(
        False, live=True, advanced=True, label="one-sided", help="Only too steep costs, too flat does not"
    )

    def term(self, critic, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        share = torch.rand(len(real), 1, generator=generator, dtype=real.dtype)
        off = steepness(critic, torch.lerp(real, fake, share)) - self.slope
        return self.weight * (off.relu() if self.one_sided else off).square().mean()


@penalties.add
class Dragan(Penalty):
    """Kodali et al. 2017: λ E(|∇D(x)| - 1)² in a cloud around the real samples, against sharp slopes that collapse modes."""

    name = "dragan"
    per_sample = True
    weight: float = weight()
    slope: float = wanted("The slope that costs nothing, 1 in the paper")
    spread: float = knob(
        0.5, 0.0, 5.0, live=True, advanced=True, help="Size of the cloud, in standard deviations of the batch"
    )

    def term(self, critic, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        # Uniform on [0, 1), not centred: as in the authors' code.
        cloud = torch.rand(real.shape, generator=generator, dtype=real.dtype)
        off = steepness(critic, real + self.spread * real.std(correction=0) * cloud) - self.slope
        return self.weight * off.square().mean()


@penalties.add
class HistoricalAveraging(Penalty):
    """Salimans et al. 2016: λ|θ - mean of θ so far|² for both players; who circles is drawn to the centre."""

    name = "historical-averaging"
    active = False
    weight: float = knob(1.0, 0.0, 100.0, live=True, label="λ", help="Weight of the term, 1 in the paper")

    def start(self, weights: Tensor) -> dict[str, Tensor]:
        return {"mean": weights.clone(), "points": torch.ones((), dtype=torch.float64)}

    def pull(self, weights: Tensor, memory: dict[str, Tensor]) -> Tensor:
        return 2 * self.weight * (weights - memory["mean"])

    def remember(self, weights: Tensor, memory: dict[str, Tensor]) -> dict[str, Tensor]:
        points = memory["points"] + 1
        return {"mean": memory["mean"] + (weights - memory["mean"]) / points.to(weights.dtype), "points": points}

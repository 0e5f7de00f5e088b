"""The smallest game, two numbers against each other, played by the Trainer that trains networks."""

import torch

from gancore.config import Config
from gancore.train.state import State
from gancore.train.trainer import Trainer

FIXED = ("streams", "counts")


def smallest(h: float = 0.2, at=(1.0, 1.0), opt: str = "sgd", **settings) -> Trainer:
    """G(z) = θ, D(x) = -ψ x, steps of size h, plain ones unless another optimiser is asked for, from (θ, ψ) = `at`.

    The sign is that of Mescheder et al. 2018, who let D say high to what is generated: it makes D's number -ψ here.
    Settings are addresses with `__` for the dot.
    """
    game = {"data": "dirac", "noise": "point", "g": "dirac", "d": "dirac", "batch": 1, "loss": "minimax"}
    game |= {"g.start": at[0], "d.start": -at[1], "dynamics": "simultaneous"}
    for player in ("g_opt", "d_opt"):
        game |= {player: opt, f"{player}.lr": h} | ({f"{player}.momentum": 0.0} if opt == "sgd" else {})
    return Trainer(Config.from_flat(game | {name.replace("__", "."): value for name, value in settings.items()}))


def where(trainer: Trainer) -> torch.Tensor:
    """(θ, ψ)."""
    return torch.stack([trainer.state.g[0], -trainer.state.d[0]])


def walk(trainer: Trainer, n: int) -> torch.Tensor:
    """The points after each of n iterations, (n, 2)."""
    return torch.stack([(trainer.advance(1), where(trainer))[1] for _ in range(n)])


def walk_g_first(trainer: Trainer, n: int) -> torch.Tensor:
    """The points after each of n rounds in which G moves first: D's part of a round is the start of our next iteration."""
    trainer.apply("step=g")
    points = torch.cat([where(trainer)[None], walk(trainer, n)])
    return torch.stack([points[:-1, 0], points[1:, 1]], dim=1)


def jacobian(trainer: Trainer, iterations: int = 1, eps: float = 1e-4) -> torch.Tensor:
    """How a small push at 0 of everything a state holds (weights, moments, memory) looks some iterations later."""
    trainer.advance(1)  # what is kept in mind is there now
    start = trainer.state.tensors()
    names = [name for name in start if not name.startswith(FIXED)]

    def after(push: torch.Tensor) -> torch.Tensor:
        pushed = {
            name: part.view_as(start[name]) for name, part in zip(names, push.split([start[n].numel() for n in names]))
        }
        trainer.state = State.from_tensors(start | pushed)
        trainer.advance(iterations)
        end = trainer.state.tensors()
        return torch.cat([end[name].flatten() for name in names])

    pushes = eps * torch.eye(sum(start[name].numel() for name in names))
    return torch.stack([(after(push) - after(-push)) / (2 * eps) for push in pushes], dim=1)


def eigenvalues(trainer: Trainer, iterations: int = 1) -> torch.Tensor:
    """Of that Jacobian, the largest first."""
    values = torch.linalg.eigvals(jacobian(trainer, iterations))
    return values[values.abs().argsort(descending=True)]


def rho(trainer: Trainer, iterations: int = 1) -> float:
    """Spectral radius: what a small circle around 0 is stretched by."""
    return eigenvalues(trainer, iterations)[0].abs().item()

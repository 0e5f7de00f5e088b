"""What is really the matter with a run on line and plane, from fresh samples and exact laws: labels that no verdict had a part in.

A label is true, false, or None where the run lies between: such runs count neither way.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn.functional import softplus

from gancore import seeds

FRESH = 4096
ANGLES = torch.linspace(0, math.pi, 9)[:-1]
FAILURES = ("collapse", "dropped-modes", "cycling", "vanishing-gradient", "d-overpowers", "d-blind", "divergence")


class PointTruth:
    """Looks at a trainer through fresh samples and its own streams of numbers."""

    def __init__(self, trainer):
        self.chance = seeds.stream(trainer.config.seed, "truth")
        self.source, self.page = trainer.game.source, trainer.config.data.page
        self.start = trainer.state
        self.real = self.source.sample(FRESH, self.chance)
        self.middle, self.sd = self.real.mean(0), float(self.real.var(0).sum().sqrt())
        if trainer.config.data.name == "cauchy":
            raise ValueError("cauchy has no standard deviation to measure by")
        self.modes = np.array(getattr(self.source, "modes", ()))
        self.floor = self.far(self.source.sample(FRESH, self.chance))
        self.begun = self.far(trainer.game.generate(trainer.state, trainer.game.noise.sample(FRESH, self.chance)))

    def far(self, x: torch.Tensor) -> float:
        """Mean W1 over eight directions of the plane (over the line's one) between fresh samples, in σ."""
        turns = torch.stack([ANGLES.cos(), ANGLES.sin()]) if x.shape[1] == 2 else torch.ones(1, 1)
        gap = (x @ turns).sort(0).values - (self.real @ turns).sort(0).values
        return float(gap.abs().mean()) / self.sd

    def check(self, trainer) -> dict:
        game, state, loss = trainer.game, trainer.state, trainer.config.loss
        z = game.noise.sample(FRESH, self.chance)
        x = game.generate(state, z)
        on_real, on_fake = loss.read(game.judge(state, self.real)), loss.read(game.judge(state, x))
        right = 0.5 * (on_real > loss.undecided).float().mean() + 0.5 * (on_fake < loss.undecided).float().mean()
        return {
            "iteration": trainer.iteration,
            "far": self.far(x),
            "floor": self.floor,
            "begun": self.begun,
            "sd": float(x.var(0).sum().sqrt()) / self.sd,
            "middle": ((x.mean(0) - self.middle) / self.sd).tolist(),
            "shares": self.shares(x),
            "due": self.shares(self.real),
            "right": float(right),
            "difference": float(
                (on_real.mean() - on_fake.mean()).abs() / torch.cat([on_real, on_fake]).abs().max().clamp(min=1e-9)
            ),
            "muted": muted(game, state, loss, z),
            "learned": learned(game, self.start, state, torch.cat([self.real, x])),
        }

    def shares(self, x: torch.Tensor) -> list[float]:
        """Share of samples whose nearest mode is each; on a law with at most one mode, of sixteen even pieces or tiles."""
        if len(self.modes) > 1:
            centres = torch.from_numpy(self.modes[:, 1:-1]).float()
            return (torch.cdist(x, centres).argmin(1).bincount(minlength=len(centres)) / len(x)).tolist()
        if self.page == "line":
            edges = self.real[:, 0].quantile(torch.linspace(0, 1, 9)[1:-1])
            return (torch.bucketize(x[:, 0].contiguous(), edges).bincount(minlength=8) / len(x)).tolist()
        quadrant = [
            torch.bucketize(x[:, i].contiguous(), self.real[:, i].quantile(torch.tensor([0.25, 0.5, 0.75])))
            for i in (0, 1)
        ]
        return ((4 * quadrant[0] + quadrant[1]).bincount(minlength=16) / len(x)).tolist()


def muted(game, state, loss, z) -> float | None:
    """How much of the slope that -log D would give its own loss leaves to a sample, for losses that know -log D."""
    if loss.name not in ("minimax", "zero-sum", "non-saturating"):
        return None
    out = game.judge(state, game.generate(state, z)).requires_grad_()
    own = torch.autograd.grad((-softplus(out) if loss.name != "non-saturating" else softplus(-out)).sum(), out)[0]
    lively = torch.autograd.grad(softplus(-out).sum(), out)[0]
    return float(own.abs().mean() / lively.abs().mean().clamp(min=1e-30))


def learned(game, start, state, x: torch.Tensor) -> float:
    """How much of D's answers to samples `x` training has changed, of what its first weights made them: 0 if nothing.

    A D that was flattened has 1, one that was taught has 2 and more. Near 0, what D gets right is an accident of its
    first weights, all the more so where G has run to one point: D has then one guess to make, and is right or wrong in all.
    """
    first = game.judge(start, x)
    return float((game.judge(state, x) - first).std() / first.std().clamp(min=1e-9))


def labels(trace: dict) -> dict[str, bool | None]:
    """Of each failure whether the run's last third shows it; and whether the run is healthy."""
    if trace["broken"]:
        return {name: name == "divergence" for name in FAILURES} | {"healthy": False}
    checks = trace["checks"]
    late = checks[-max(len(checks) // 3, 5) :]
    far, sd, right = (np.array([c[key] for c in late]) for key in ("far", "sd", "right"))
    floor = late[0]["floor"]
    stalled = between(far[-5:].mean() / np.mean([c["far"] for c in checks[-15:-10]]), 0.97, 0.85)
    away = both(between(far.min() / floor, 8, 4), between(far.min(), 0.3, 0.15))
    centre = np.array([c["middle"] for c in late])
    wander = np.linalg.norm(np.diff(centre, axis=0), axis=1)
    shares, due = np.array([c["shares"] for c in late]), np.array(late[0]["due"])
    churn = np.abs(np.diff(shares, axis=0)).sum(1) / 2
    moves = np.maximum(wander, churn)  # between two checks; one jump in the whole third is no cycle
    goes_on = True if (moves >= 0.5).mean() >= 0.4 else False if (moves >= 0.2).mean() <= 0.2 else None
    away_for_good = np.linalg.norm(centre[-1] - centre[0]) / max(
        wander.sum(), 1e-9
    )  # of the way: who drifts does not return
    returns = both(between(-away_for_good, -0.4, -0.7), between(-np.median(far), -3, -6))
    one_point = True if (sd <= 0.15).mean() >= 0.7 else False if (sd <= 0.22).mean() <= 0.5 else None
    counted = due >= 0.01  # what is due less than that, a few thousand samples cannot tell
    rarest = float((shares.mean(0)[counted] / due[counted]).min())
    untaught = between(-np.median([c["learned"] for c in late]), -0.5, -1)
    lost = either(untaught, both(between(-np.median(right), -0.55, -0.65), stalled))
    muted = [c["muted"] for c in late]
    mute = between(-np.median(muted), -0.05, -0.3) if None not in muted else None
    found = {
        "divergence": between(np.median(far) / max(3 * late[0]["begun"], 10), 1, 0.5),
        "cycling": both(goes_on, returns),
        "d-blind": both(lost, away),
        "vanishing-gradient": both(between(np.median(right), 0.97, 0.9), mute, away, stalled),
        "d-overpowers": both(between(np.median(right), 0.97, 0.88), away, stalled),
        "collapse": one_point,
        "dropped-modes": between(-rarest, -0.1, -0.3),
    }
    blame(found, "cycling", "divergence")
    blame(found, "d-blind", "cycling")
    blame(found, "vanishing-gradient", "divergence")
    blame(found, "d-overpowers", "divergence", "vanishing-gradient", "cycling", "d-blind")
    blame(found, "collapse", "divergence", "d-blind", "vanishing-gradient")
    blame(found, "dropped-modes", "divergence", "collapse", "cycling", "d-blind", "d-overpowers", "vanishing-gradient")
    near = far.max() / floor < 6 and rarest > 0.5
    return found | {"healthy": bool(near and not any(found[name] is not False for name in FAILURES))}


def between(value: float, yes: float, no: float) -> bool | None:
    """True from `yes` on, false below `no`, and nothing between."""
    return True if value >= yes else False if value <= no else None


def both(*signs: bool | None) -> bool | None:
    return False if False in signs else None if None in signs else True


def either(*signs: bool | None) -> bool | None:
    return True if True in signs else None if None in signs else False


def blame(found: dict, name: str, *causes: str) -> None:
    """A failure that another one explains is not counted beside it."""
    if any(found[cause] for cause in causes):
        found[name] = False
    elif found[name] and any(found[cause] is None for cause in causes):
        found[name] = None

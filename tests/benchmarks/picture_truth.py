"""What is really the matter with a run on digits, from fresh samples, other pictures and other judges than the verdicts have.

A label is true, false, or None where the run lies between: such runs count neither way.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from gancore import seeds
from tests.benchmarks.point_truth import between, blame, both, either, learned, muted

FRESH = 1024
DIRECTIONS = 64
COPY = 0.05  # of new real pictures are so near to a training picture by chance: what is nearer still counts as a copy
FAILURES = (
    "collapse", "dropped-modes", "cycling", "vanishing-gradient", "d-overpowers", "d-blind", "divergence",
    "d-overfits", "g-memorises", "checkerboard",
)  # fmt: skip
FIRST = ("divergence", "cycling", "d-blind", "vanishing-gradient", "d-overpowers", "collapse")


@cache
def judge():
    """All 1,797 digits (n, 64) in [0, 1], and a classifier trained on them that shares nothing with a GAN."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    bunch = load_digits()
    return bunch.data / 16, MLPClassifier(64, max_iter=60, random_state=0).fit(bunch.data / 16, bunch.target)


class PictureTruth:
    """Looks at a trainer through fresh samples and its own streams of numbers."""

    def __init__(self, trainer):
        self.chance = seeds.stream(trainer.config.seed, "truth")
        self.source, self.start = trainer.game.source, trainer.state
        self.known = self.source.pixels.float() / 255
        every = torch.from_numpy(judge()[0]).float().mul(255).round() / 255
        trained = {row.tobytes() for row in self.source.pixels.numpy()}
        unseen = [row.mul(255).round().byte().numpy().tobytes() not in trained for row in every]
        self.unseen = every[torch.tensor(unseen)]  # with 30 pictures to train on, 1,767 of them
        self.near = torch.cdist(self.unseen, self.known).min(1).values.quantile(COPY)
        self.real = self.source.sample(FRESH, self.chance)
        self.middle, self.sd = self.known.mean(0), float(self.known.var(0).sum().sqrt())
        turns = torch.randn(self.known.shape[1], DIRECTIONS, generator=self.chance)
        self.turns = turns / turns.norm(dim=0)
        self.floor = max(self.far(self.source.sample(FRESH, self.chance)) for _ in range(8))
        self.fine = fine(self.known)

    def far(self, x: torch.Tensor) -> float:
        """Mean W1 along directions drawn at random, in standard deviations along them."""
        gap = (x @ self.turns).sort(0).values - (self.real @ self.turns).sort(0).values
        return float(gap.abs().mean() / (self.known @ self.turns).std(0).mean())

    def check(self, trainer) -> dict:
        game, state, loss = trainer.game, trainer.state, trainer.config.loss
        z = game.noise.sample(FRESH, self.chance)
        x = game.generate(state, z)
        on_real, on_fake, on_unseen = (loss.read(game.judge(state, side)) for side in (self.known, x, self.unseen))
        taken, passed = (float((said > loss.undecided).float().mean()) for said in (on_real, on_unseen))
        nearest = torch.cdist(x, self.known).min(1).values
        return {
            "iteration": trainer.iteration,
            "far": self.far(x),
            "floor": self.floor,
            "sd": float(x.var(0).sum().sqrt()) / self.sd,
            "middle": ((x.mean(0) - self.middle) / self.sd).tolist(),
            "shares": shares(x),
            "due": shares(self.known),
            "right": 0.5 * taken + 0.5 * float((on_fake < loss.undecided).float().mean()),
            "taken": taken,
            "passed": passed,
            "sure": float(on_real.mean() - on_fake.mean()) if loss.span == (0.0, 1.0) else 1.0,
            "copies": float((nearest < self.near).float().mean()),
            "fine": fine(x) / self.fine,
            "muted": muted(game, state, loss, z),
            "learned": learned(game, self.start, state, torch.cat([self.known, x])),
            "pushed": pushed(game, state, self.chance),
            "size": float(torch.cat([on_real, on_fake]).abs().median()),
        }


def pushed(game, state, chance: torch.Generator) -> float:
    """The norm of G's gradient on a batch of its own."""
    batch = game.draw({name: chance for name in ("data", "noise", "inner")})
    g = state.g.detach().clone().requires_grad_()
    loss = game.g_loss(g, state.d.detach(), state.own_buffers(), batch)
    return float(torch.autograd.grad(loss, g)[0].norm())


def shares(x: torch.Tensor) -> list[float]:
    """Share of pictures that the judge reads as each of ten digits."""
    return (np.bincount(judge()[1].predict(x.numpy().astype(np.float64)), minlength=10) / len(x)).tolist()


def fine(x: torch.Tensor) -> float:
    """Energy of the mean spectrum at waves of two pixels, over the median of all others: how far it stands out."""
    side = int(x.shape[1] ** 0.5)
    power = torch.fft.fft2(x.view(-1, side, side)).abs().square().mean(0)
    half = side // 2
    ends = torch.stack([power[half, 0], power[0, half], power[half, half]]).mean()
    others = power[1:, 1:].clone()
    others[half - 1, half - 1] = torch.nan
    return float(ends / others.nanmedian())


def labels(trace: dict) -> dict[str, bool | None]:
    """Of each failure whether the run's last third shows it; and whether the run is healthy."""
    if trace["broken"]:
        return {name: name == "divergence" for name in FAILURES} | {"healthy": False}
    checks = trace["checks"]
    late = checks[-max(len(checks) // 3, 5) :]
    column = {
        key: np.array([c[key] for c in late]) for key in ("far", "sd", "right", "taken", "passed", "copies", "fine")
    }
    floor = late[0]["floor"]
    stalled = between(column["far"][-5:].mean() / np.mean([c["far"] for c in checks[-15:-10]]), 0.97, 0.85)
    away = between(column["far"].min() / floor, 6, 3)
    wander = np.linalg.norm(np.diff(np.array([c["middle"] for c in late]), axis=0), axis=1).mean()
    share, due = np.array([c["shares"] for c in late]), np.array(late[0]["due"])
    churn = np.abs(np.diff(share, axis=0)).sum(1).mean() / 2
    counted = due >= 0.06  # of a few pictures, a digit that has one is a matter of chance
    rarest = float((share.mean(0)[counted] / due[counted]).min())
    mute = np.median([c["muted"] if c["muted"] is not None else 1.0 for c in late])
    mute, push = between(-mute, -0.05, -0.3), [c["pushed"] for c in checks]
    if mute is False and np.median(push[-len(late) :]) < 0.05 * max(push):
        mute = None  # G's gradient has vanished, but not because D is sure.
    right, sure = np.median(column["right"]), np.median([c["sure"] for c in late])
    untaught = between(-np.median([c["learned"] for c in late]), -0.5, -1)
    lost = either(untaught, both(between(-right, -0.55, -0.65), stalled))
    found = {
        "divergence": between(np.median([c["size"] for c in late]), 1e6, 1e4),
        "cycling": between(max(wander / 0.5, churn / 0.5), 1, 0.5),
        "d-blind": both(lost, away),
        "vanishing-gradient": both(between(right, 0.97, 0.9), mute, away, stalled),
        "d-overpowers": both(between(right, 0.97, 0.88), between(sure, 0.8, 0.6), away, stalled),
        "collapse": between(-np.median(column["sd"]), -0.2, -0.3),
        "dropped-modes": between(-rarest, -0.1, -0.3),
        "d-overfits": between(np.median(column["taken"] - column["passed"]), 0.5, 0.25),
        "g-memorises": between(np.median(column["copies"]), 0.5, 0.2),
        "checkerboard": between(np.median(column["fine"]), 3, 2),
    }
    blame(found, "cycling", "divergence")
    blame(found, "d-blind", "cycling")
    blame(found, "vanishing-gradient", "divergence")
    blame(found, "d-overpowers", "divergence", "vanishing-gradient", "cycling", "d-blind")
    blame(found, "collapse", "divergence", "d-blind", "vanishing-gradient")
    blame(found, "dropped-modes", *FIRST)
    blame(found, "g-memorises", "divergence", "collapse")
    blame(found, "d-overfits", "divergence")
    blame(found, "checkerboard", "divergence", "collapse", "cycling", "d-blind", "vanishing-gradient")
    near = column["far"].max() / floor < 6 and rarest > 0.5
    return found | {"healthy": bool(near and not any(found[name] is not False for name in FAILURES))}

"""The five games that the engine is measured with, from two nets of a thousand weights to two of a million, and rules beside."""

from __future__ import annotations

from gancore.config import Config

COMMON = {"loss": "non-saturating", "dynamics": "alternating", "penalty": "none", "g_opt": "adam", "d_opt": "adam"}
MNIST = {"data": "mnist", "noise.dim": 100, "batch": 64}
PAPER, HALF = "paper nets", "bfloat16"


def both(**knobs) -> dict:
    """The same knobs for both players."""
    return {f"{player}.{name}": value for player in "gd" for name, value in knobs.items()}


GAMES = {
    "1-D toy": {"data": "two-normals", "noise.dim": 1, "batch": 128, **both(width=32, depth=2)},
    "2-D": {"data": "ring", "noise.dim": 2, "batch": 256, **both(width=128, depth=2)},
    "784-128-1": {**MNIST, **both(width=128, depth=1)},
    PAPER: {"schedule": "constant", "precision": "float32"},
    f"{PAPER}, Adam": {**COMMON, "schedule": "constant", "precision": "float32"},
    "DCGAN": {**MNIST, "g": "dcgan", "d": "dcgan", **both(channels=40)},
}
GAMES |= {f"{name}, {HALF}": GAMES[name] | {"precision": HALF} for name in ("784-128-1", PAPER, "DCGAN")}


def game(name: str) -> Config:
    """A game of the table; that of 2014 is the one whose figures are reproduced, its rate held where it begins."""
    if not name.startswith(PAPER):
        return Config.from_flat(COMMON | GAMES[name])
    from gancore.reproduce.goodfellow import GAME  # brings scikit-learn, which the others' memory should not show

    of_sgd = ("d_opt.", "g_opt.", "dynamics.")
    kept = {k: v for k, v in GAME.items() if not (GAMES[name].get("g_opt") and k.startswith(of_sgd))}
    return Config.from_flat(kept | GAMES[name])

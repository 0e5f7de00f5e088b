"""The games of the labelled set on digits: known good ones, and such as are known to fail.

Chosen for what `picture_truth` says of them, never for what a verdict does.
"""

from __future__ import annotations

BETAS = {
    f"{player}.{name}": value for player in ("g_opt", "d_opt") for name, value in (("beta1", 0.0), ("beta2", 0.99))
}
SMALL = {
    "data": "digits",
    "noise.dim": 32,
    "batch": 64,
    "g.width": 128,
    "d.width": 128,
    "g_opt.lr": 1e-3,
    "d_opt.lr": 2e-3,
}
DIGITS = SMALL | BETAS
R1 = {"penalty": "r1", "penalty.gamma": 1.0}
LOOSE = {"penalty": "r1", "penalty.gamma": 0.1}
LAYERS = {"g": "dcgan", "g.width": None, "g.kernel": "3", "g.channels": 8, "g.norm": "batch", "g.init": "he"}
RESIZED = LAYERS | {"g.upsample": "resize"}
SGD_G = {"g_opt": "sgd", "g_opt.beta1": None, "g_opt.beta2": None}
SGD = SGD_G | {"d_opt": "sgd", "d_opt.beta1": None, "d_opt.beta2": None}

SETTINGS = {
    # known good
    "digits, R1": DIGITS | R1,
    "digits, RpGAN + R1 + R2": DIGITS | {"penalty": "r1-r2", "penalty.gamma1": 1.0, "penalty.gamma2": 1.0, "loss": "relativistic"},
    "digits, R1, resized": DIGITS | LOOSE | RESIZED,
    # known bad
    "digits, critic without bounds": DIGITS | {"loss": "wasserstein"},
    "digits, critic, SGD rates of 1": DIGITS | SGD | {"loss": "wasserstein", "g_opt.lr": 1.0, "d_opt.lr": 1.0},
    "digits, critic, momentum": DIGITS | SGD | {"loss": "wasserstein", "g_opt.lr": 0.1, "d_opt.lr": 0.1, "d_opt.momentum": 0.9},
    "digits, G of five from one number": DIGITS | R1 | {"noise.dim": 1, "g.width": 5, "g.depth": 1},
    "digits, G of eight from one number": DIGITS | R1 | {"noise.dim": 1, "g.width": 8, "g.depth": 1},
    "digits, rates of 1": DIGITS | {"g_opt.lr": 1.0, "d_opt.lr": 1.0},
    "digits, SGD rate of 10": DIGITS | SGD | {"g_opt.lr": 10.0, "d_opt.lr": 10.0},
    "digits, minimax and strong D": DIGITS | SGD_G | {"loss": "minimax", "g_opt.lr": 0.05, "d_opt.lr": 5e-3, "dynamics.k": 3},
    "digits, G too slow": DIGITS | {"g_opt.lr": 1e-6, "dynamics.k": 2},
    "digits, D too slow": DIGITS | {"d_opt.lr": 1e-6, "g_opt.lr": 3e-4},
    "digits, 50 pictures, R1": DIGITS | LOOSE | {"data.pictures": 50},
    "digits, 30 pictures, R1": DIGITS | R1 | {"data.pictures": 30},
    "digits, 20 pictures, R1": DIGITS | R1 | {"data.pictures": 20},
    "digits, transposed": DIGITS | LOOSE | LAYERS | {"g_opt.lr": 1e-5},
}  # fmt: skip

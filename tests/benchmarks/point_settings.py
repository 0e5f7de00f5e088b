"""The games of the labelled set on line and plane: known good ones, and such as are known to fail, several ways to each failure.

Chosen for what `point_truth` says of them, never for what a verdict does. None leaves a knob at its default.
"""

from __future__ import annotations

ADAM = {"g_opt.beta1": 0.5, "d_opt.beta1": 0.5, "g_opt.lr": 1e-3, "d_opt.lr": 1e-3, "batch": 128}
RING = {"data": "ring", "data.sigma": 0.05, "noise.dim": 2, "g.width": 64, "d.width": 64} | ADAM
BELL = {"data": "normal", "g.width": 32, "d.width": 32} | ADAM
TWO = {"data": "two-normals"}
GENTLE = {"g_opt.beta1": 0.0, "d_opt.beta1": 0.0, "g_opt.beta2": 0.99, "d_opt.beta2": 0.99, "d_opt.lr": 2e-3}
R1 = {"penalty": "r1"} | GENTLE
R1_R2 = R1 | {"penalty": "r1-r2", "loss": "relativistic"}
HALF = {"g_opt.lr": 5e-4, "batch": 256}
SGD_G = {"g_opt": "sgd", "g_opt.beta1": None, "g_opt.lr": 0.05}
SGD = SGD_G | {"d_opt": "sgd", "d_opt.beta1": None, "d_opt.lr": 0.05}
STRONG = SGD_G | {"loss": "minimax", "d_opt.lr": 5e-3, "dynamics.k": 2}
MOMENTUM = SGD | {
    "dynamics": "simultaneous",
    "g_opt.momentum": 0.9,
    "d_opt.momentum": 0.9,
    "g_opt.lr": 0.1,
    "d_opt.lr": 0.1,
}

SETTINGS = {
    # known good
    "ring, R1": RING | R1,
    "ring, RpGAN + R1 + R2": RING | R1_R2,
    "ring, WGAN-GP, one D-update": RING | GENTLE | {"penalty": "wgan-gp", "penalty.weight": 0.1, "loss": "wasserstein"},
    "moons, R1": RING | R1 | {"data": "two-moons"},
    "two bells, R1": BELL | R1 | TWO,
    "two bells, RpGAN + R1 + R2": BELL | R1_R2 | TWO | HALF,
    "bell, R1": BELL | R1,
    # G runs ahead of D
    "ring, G ten times as fast": RING | {"g_opt.lr": 1e-2},
    "ring, G six times as fast": RING | {"g_opt.lr": 3e-3, "d_opt.lr": 5e-4, "batch": 256},
    "ring, R1, slower D": RING | R1 | {"d_opt.lr": 1e-4},
    # G is one point
    "ring, rates of 1": RING | {"g_opt.lr": 1.0, "d_opt.lr": 1.0},
    "two bells far apart, SGD": BELL | SGD | TWO | {"data.left": -6.0, "data.right": 6.0, "g_opt.lr": 0.02, "d_opt.lr": 0.02},
    # parts of the data are out of reach
    "ring, G of four from one number": RING | {"noise.dim": 1, "g.width": 4, "g.depth": 1},
    "ring, G of three from one number": RING | {"noise.dim": 1, "g.width": 3, "g.depth": 1, "penalty": "r1"},
    "grid, G of four from one number": RING | R1 | {"data": "grid", "noise.dim": 1, "g.width": 4, "g.depth": 1},
    "ring, hinge, G of three from one number": RING | R1 | {"loss": "hinge", "noise.dim": 1, "g.width": 3, "g.depth": 1},
    # D is sure
    "bell far away, minimax and strong D": BELL | STRONG | {"data.mean": 8.0},
    "bell far away, zero-sum and strong D": BELL | STRONG | {"loss": "zero-sum", "data.mean": 8.0},
    "bell, G too slow": BELL | {"g_opt.lr": 1e-6},
    "two bells, G too slow": BELL | TWO | {"g_opt.lr": 1e-6},
    "ring, G too slow": RING | {"g_opt.lr": 1e-6, "dynamics": "alternating"},
    # D knows nothing
    "bell, D too slow": BELL | {"d_opt.lr": 1e-6},
    "two bells, D too slow": BELL | TWO | {"d_opt.lr": 1e-6},
    "ring, R1, D too slow": RING | R1 | {"d_opt.lr": 1e-6},
    # the numbers run away
    "ring, momentum": RING | MOMENTUM,
    "bell, SGD rate of 10": BELL | SGD | {"g_opt.lr": 10.0, "d_opt.lr": 10.0},
    "ring, critic without bounds, SGD": RING | SGD | {"loss": "wasserstein"},
}  # fmt: skip

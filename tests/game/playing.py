"""What tests of networks share: small ones of every kind, built and played from seeds."""

from math import prod

import torch

from gancore import seeds
from gancore.game.networks import networks

LINE, PLANE, DIGIT = (1,), (2,), (1, 8, 8)
PICTURES = [DIGIT, (1, 28, 28), (3, 32, 32), (1, 48, 48), (3, 64, 64), (1, 5, 5), (2, 27, 27)]
SMALL = {
    "mlp": {"width": 8},
    "maxout": {"width": 8, "r": 0.5},
    "dcgan": {"channels": 4},
    "resnet": {"channels": 8},
}
KINDS = [
    ("mlp", {"norm": "batch"}),
    ("mlp", {"norm": "layer", "residual": True, "depth": 3}),
    ("mlp", {"dropout": 0.5}),
    ("mlp", {"batch_layer": "discrimination"}),
    ("maxout", {"batch_layer": "deviation"}),
    ("dcgan", {}),
    ("dcgan", {"norm": "layer", "upsample": "resize", "kernel": "3"}),
    ("dcgan", {"norm": "none", "init": "he", "batch_layer": "discrimination"}),
    ("resnet", {"blocks": 2}),
    ("metz", {}),
]


def built(name, takes, gives, squash="linear", seed=1, **knobs):
    return networks.make(name, **{**SMALL.get(name, {}), **knobs}).build(takes, gives, squash, seeds.stream(seed, "w"))


def rows(n, shape, seed=1):
    return torch.randn(n, prod(shape), generator=seeds.stream(seed, "x"))


def played(player, x, training=True, seed=None, buffers=None):
    buffers = {name: b.clone() for name, b in player.buffers.items()} if buffers is None else buffers
    return player(player.weights(player.start), buffers, x, training, seed)


def kind(value):
    return value if isinstance(value, str) else "-".join(f"{k}={v}" for k, v in value.items()) or "default"

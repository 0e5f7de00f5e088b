"""Small games under every kind of rule, for engines to be held against each other."""

from __future__ import annotations

from math import inf

from gancore.train.engines import looped

SMALL = {"data": "normal", "batch": 16, "g.width": 8, "d.width": 8}
RULES = [
    {},
    {"dynamics": "simultaneous", "dynamics.same": True},
    {"penalty": "wgan-gp"},
    {"d": "maxout"},
    {"g.norm": "batch"},
    {"g.dropout": 0.3},
    {"input": "instance-noise", "input.anneal": 30},
    {"schedule": "cosine", "schedule.span": 30},
    {"dynamics": "lookahead", "dynamics.k": 3},
    {"dynamics": "optimistic"},
    {"dynamics": "extragradient"},
    {"dynamics": "proximal"},
    {"dynamics": "unrolled", "dynamics.k": 2},
    {"ema": 0.9},
    {"constraint": "spectral-norm"},
    {"precision": "bfloat16"},
    {"g_opt": "adamw", "d_opt": "rmsprop"},
]


def without_waiting(monkeypatch) -> None:
    """Faster engines are made before the first iteration, in one go."""
    monkeypatch.setattr(looped, "PATIENCE", 0)
    monkeypatch.setattr(looped, "PIECE", inf)

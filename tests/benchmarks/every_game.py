"""Every choice on line, plane and digits, and every pair of rules on the line: who plays it, and are the bits the plain engine's?

`python -m tests.benchmarks.every_game [THREADS]`: with several threads all of them play. A line for each game that is not
played by the compiled engine bit for bit, with its reason; `captured` instead of a number plays in halves, chance ahead, and
`ensemble` two seeds in one batch, whose scalars are held against those of each alone (to a thousandth: sums are rounded otherwise;
where a loss leaves D's last bias open, as relativistic ones do, its gradient is rounding alone, which Adam makes whole steps of).
"""

from __future__ import annotations

import itertools
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date

import torch

from gancore.catalog import BadKnob
from gancore.config import ROLES, Config
from gancore.train.engines import hands, looped
from gancore.train.engines.compiling import kernels
from gancore.train.ensemble import Ensemble
from gancore.train.trainer import Diverged, Trainer

BASES = ({"data": "normal"}, {"data": "ring"}, {"data": "digits"})
RULES = ("loss", "penalty", "constraint", "input", "g_opt", "d_opt", "schedule", "dynamics")
SMALL, ITERATIONS = {"batch": 16}, 12
FIRST = 3  # iterations of an ensemble


def games() -> Iterator[dict]:
    """Settings of all of them; some choices refuse each other."""
    for base, (role, catalog) in itertools.product(BASES, ROLES.items()):
        yield from (base | {role: name} for name in catalog if role != "data")
    for one, other in itertools.combinations(RULES, 2):
        for a, b in itertools.product(ROLES[one], ROLES[other]):
            yield BASES[0] | {one: a, other: b}


def trial(config: Config, engine: str, threads: int) -> tuple[str, bool]:
    """What the engine says of itself after some iterations, and whether they were the plain engine's."""
    plain, fast = Trainer(config, engine="eager"), Trainer(config, engine=engine)
    rows = [play(fast, 4)]
    for loop in fast.engine.loops:
        if hasattr(loop, "hands") and threads > 1:
            loop.hands.settle(loop.hands.rungs.index(threads))
            loop.hands.next = float("inf")
    rows.append(play(fast, ITERATIONS - 4))
    right, theirs = play(plain, ITERATIONS), fast.state.tensors()
    same = all(torch.equal(x, theirs[name]) for name, x in plain.state.tensors().items())
    return fast.engine.told, same and torch.equal(right, torch.cat(rows))


def in_one_batch(config: Config) -> tuple[str, bool]:
    """What an ensemble of two says of itself after the first iterations, and whether its scalars are those of each alone."""
    configs = [config.with_("seed", seed) for seed in (0, 1)]
    ensemble = Ensemble([Trainer(one, engine="captured") for one in configs])
    blocks = []
    while sum(len(block[0]) for block in blocks) < FIRST:
        blocks.append([play_out(outcome) for outcome in ensemble.advance(1)])
        if not all(len(rows) for rows in blocks[-1]):
            break  # one of them diverged
    near = True
    for at, one in enumerate(configs):
        rows = torch.cat([block[at] for block in blocks])
        near &= torch.allclose(
            rows, play(Trainer(one, engine="eager"), len(rows)), rtol=1e-3, atol=1e-4, equal_nan=True
        )
    return ensemble.refused or ensemble.trainers[0].engine.told, near


def play_out(outcome: torch.Tensor | Exception) -> torch.Tensor:
    return outcome.rows if isinstance(outcome, Diverged) else outcome


def play(trainer: Trainer, n: int) -> torch.Tensor:
    try:
        return trainer.advance(n)
    except Diverged as error:
        return error.rows


def main(wanted: str = "1") -> None:
    torch.set_num_threads(1)
    looped.PATIENCE, looped.PIECE = 0, math.inf
    engine, threads = (wanted, 1) if wanted in ("captured", "ensemble") else ("compiled", int(wanted))
    alike = "to rounding" if engine == "ensemble" else "bit for bit"
    hands.allow(threads)
    while not kernels.ready() and not kernels.why:
        time.sleep(0.1)
    found, seen, began = Counter(), set(), time.perf_counter()
    for settings in games():
        try:
            config = Config.from_flat(SMALL | settings)
        except BadKnob:
            continue
        if config.to_json() in seen:
            continue
        seen.add(config.to_json())
        told, same = in_one_batch(config) if engine == "ensemble" else trial(config, engine, threads)
        found[told, same] += 1
        if not (same and told.startswith(("compiled", "in halves"))):
            print(
                f"{' '.join(f'{k}={v}' for k, v in settings.items()):70} {told}{'' if same else ', OTHERWISE'}",
                flush=True,
            )
    print(
        f"{date.today()}, {os.cpu_count()} cores: {len(seen)} games of {ITERATIONS} iterations, {time.perf_counter() - began:.0f} s"
    )
    for (told, same), n in found.most_common():
        print(f"{n:6}  {told}, {alike if same else 'OTHERWISE'}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How fast the game is played: each engine beside the plain loop of modules and optimisers that people write, in turns.

Run as a program, on a machine that does nothing else. The processor's time of this one thread, medians of interleaved rounds.
Needs MNIST (GANSCOPE_DATA or the cache).
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import nn

from gancore.config import Config
from gancore.train.engines import ENGINES
from gancore.train.trainer import Trainer

ROUNDS, SECONDS = 9, 0.6
ADAM = {"g_opt": "adam", "d_opt": "adam", "penalty": "none"}
BOTH = {"loss": "non-saturating", "dynamics": "alternating"}


def mlp(width: int, depth: int) -> dict:
    return {f"{player}{knob}": value for player in "gd" for knob, value in ((".width", width), (".depth", depth))}


GAMES = {  # the plain loop plays the same networks, batch and updates
    "1-D toy, 32-32, batch 128": {"data": "two-normals", "noise.dim": 1, **mlp(32, 2), "batch": 128},
    "2-D, 128-128, batch 256": {"data": "ring", "noise.dim": 2, **mlp(128, 2), "batch": 256},
    "paper nets of 2014, batch 100": {
        "data": "mnist",
        "noise.dim": 100,
        "batch": 100,
        "g.width": 1200,
        "g.depth": 2,
        "d": "maxout",
    },
    "DCGAN, batch 64": {"data": "mnist", "noise.dim": 100, "g": "dcgan", "d": "dcgan", "batch": 64},
    "784-128-1, batch 64": {"data": "mnist", "noise.dim": 100, **mlp(128, 1), "batch": 64},
}


def plain(config: Config, trainer: Trainer) -> Callable[[int], None]:
    """Modules, `torch.optim.Adam`, `backward()`: the loop of the tutorials, on the game's own networks and samples."""
    g, d, source = trainer.game.g.module, trainer.game.d.module, trainer.game.source
    d_opt, g_opt = (torch.optim.Adam(module.parameters(), 1e-3, (0.5, 0.999)) for module in (d, g))
    loss, one, zero = (
        nn.functional.binary_cross_entropy_with_logits,
        torch.ones(config.batch, 1),
        torch.zeros(config.batch, 1),
    )
    stream = torch.Generator().manual_seed(0)

    def advance(n: int) -> None:
        for _ in range(n):
            real, z = source.sample(config.batch, stream), torch.randn(config.batch, config.noise.dim)
            d_opt.zero_grad()
            (loss(d(real), one) + loss(d(g(z).detach()), zero)).backward()
            d_opt.step()
            g_opt.zero_grad()
            loss(d(g(torch.randn(config.batch, config.noise.dim))), one).backward()
            g_opt.step()

    return advance


def rate(advance: Callable[[int], object], seconds: float) -> float:
    """Iterations per second of this thread's processor time."""
    n, began = 0, time.thread_time()
    while time.thread_time() - began < seconds:
        advance(20)
        n += 20
    return n / (time.thread_time() - began)


def main(rounds: int = ROUNDS) -> None:
    torch.set_num_threads(1)
    print(
        f"torch {torch.__version__}, {os.cpu_count()} cores, one thread, load {os.getloadavg()[0]:.1f}, {rounds} rounds"
    )
    print(
        f"{'game':28}{'plain loop':>12}" + "".join(f"{name:>12}{'x':>7}" for name in ENGINES) + "   first iteration, ms"
    )
    for name, settings in GAMES.items():
        config = Config.from_flat({**BOTH, **ADAM, **settings})
        source = config.data.open()
        trainers = {engine: Trainer(config, source, engine=engine) for engine in ENGINES}
        ways = {"plain": plain(config, Trainer(config, source))}
        ways |= {engine: trainer.advance for engine, trainer in trainers.items()}
        first = {}
        for engine, trainer in trainers.items():
            began = time.perf_counter()
            trainer.advance(1)
            first[engine] = 1000 * (time.perf_counter() - began)
        seen = {way: [] for way in ways}
        for turn in range(rounds):
            for way in list(ways)[:: 1 if turn % 2 else -1]:
                seen[way].append(rate(ways[way], SECONDS))
        middle = {way: statistics.median(values) for way, values in seen.items()}
        ratios = {e: statistics.median(a / b for a, b in zip(seen[e], seen["plain"])) for e in ENGINES}
        cells = "".join(f"{middle[engine]:12,.0f}{ratios[engine]:7.2f}" for engine in ENGINES)
        said = ", ".join(f"{engine} {ms:.0f}" for engine, ms in first.items())
        print(
            f"{name:28}{middle['plain']:12,.0f}{cells}   {said}; played by: {trainers['looped'].engine.told}",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Many seeds of one game, one after another on one thread: a child of `engine.py`.

`python -m tests.benchmarks.seeds_loop GAME WAY FIRST LAST`; WAY is an engine's name, or `plain`.
"""

from __future__ import annotations

import sys
import time

import torch

from gancore.train.engines.compiling import kernels
from gancore.train.trainer import Trainer
from tests.benchmarks.games import game
from tests.benchmarks.peers import serve
from tests.benchmarks.plain_loop import PlainLoop

BLOCK = 0.1  # seconds, about, of one seed before the next one's turn


def main(name: str, way: str, first: int, last: int) -> None:
    torch.set_num_threads(1)
    began, players = time.perf_counter(), []
    for seed in range(first, last):
        config = game(name).with_("seed", seed)
        trainer = Trainer(config, engine="eager" if way == "plain" else way)
        players.append(PlainLoop(trainer.game, config) if way == "plain" else trainer)

    while way == "compiled" and not kernels.ready() and not kernels.why:
        time.sleep(0.1)
    for player in players:
        while isinstance(player, Trainer) and way != "eager" and player.engine.told == "eager":
            player.advance(1)
    n = 40

    def turn() -> int:
        for player in players:
            player.advance(n)
        return n * len(players)

    turn()
    ready, took = time.perf_counter() - began, time.process_time()
    players[0].advance(n)
    n = max(1, int(n * BLOCK / (time.process_time() - took)))
    serve(turn, ready)


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))

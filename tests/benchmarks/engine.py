"""How fast the game is played: the loop that people write, our engines, JAX and the bare matrix products, in turns.

Run as a program, on a machine that does nothing else; `--quick` on one that does, `--cuda` for the table of its CUDA device
alone. Rates are iterations per second of the
processor's time, one thread, medians of interleaved rounds; ratios are medians of each round's. Then all of the machine's
cores play, by the clock. JAX (`pip install -r requirements-bench.txt`) plays in a child of its own. Needs MNIST
(GANSCOPE_DATA or the cache).
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import torch

from gancore.config import Config
from gancore.train.engines import hands
from gancore.train.engines.compiling import kernels
from gancore.train.engines.proving import threads as torch_threads
from gancore.train.ensemble import Ensemble
from gancore.train.trainer import Diverged, Trainer
from tests.benchmarks.games import GAMES, HALF, game
from tests.benchmarks.matmuls import Matmuls, square
from tests.benchmarks.peers import Peer
from tests.benchmarks.plain_loop import PlainLoop

ROUNDS, SECONDS = 7, 0.6  # of each way to play, in each game
QUICK = 3, 0.2
SEEDS, OF_SEEDS = 16, ("1-D toy", "2-D")
WAYS = ("plain", "eager", "looped", "compiled")


def rate(advance: Callable[[int], object], seconds: float, clock: Callable[[], float] = time.thread_time) -> float:
    """Iterations per second of this thread's processor time, or by another clock."""
    n, block, began = 0, 1, clock()
    while (spent := clock() - began) < seconds:
        advance(block)
        n += block
        block = min(2 * block, 100) if spent < seconds / 8 else block
    return n / (clock() - began)


def endless(trainer: Trainer) -> Callable[[int], None]:
    """The trainer's `advance`; a game that blows up (the nets of 2014 in bfloat16, after 279 iterations) begins anew."""
    start = trainer.state.fork()

    def advance(n: int) -> None:
        try:
            trainer.advance(n)
        except Diverged:
            trainer.state = start.fork()

    return advance


def in_turns(ways: dict[str, Callable[[float], float]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Rates of each way, round by round, to and fro, so that a machine whose speed drifts favours none."""
    seen = {way: [] for way in ways}
    for turn in range(rounds):
        for way in list(ways)[:: 1 if turn % 2 else -1]:
            seen[way].append(ways[way](seconds))
    return seen


def over(one: list[float], other: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(one, other))


def until_fast(trainer: Trainer) -> tuple[float, float]:
    """Seconds of the clock and of the processor from the first iteration until the fast engine plays."""
    clock, processor = time.perf_counter(), time.thread_time()
    while trainer.engine.told == "eager":
        trainer.advance(1)
    return time.perf_counter() - clock, time.thread_time() - processor


def one_game(name: str, rounds: int, seconds: float, jax: bool) -> str:
    """A line of the table. The plain loop and the products are in float32 in any case."""
    config, half = game(name), name.endswith(HALF)
    source = config.data.open()
    players = {way: Trainer(config, source, engine=way) for way in WAYS[1:]}
    clock, processor = until_fast(players["looped"])
    until_fast(players["compiled"])
    ways = {"plain": PlainLoop(Trainer(config, source, engine="eager").game, config).advance}
    ways |= {way: endless(trainer) for way, trainer in players.items()}
    if matmuls := products(name, config, source):
        ways["matmuls"] = matmuls.advance
    playing = {way: lambda s, advance=advance: rate(advance, s) for way, advance in ways.items()}
    with contextlib.ExitStack() as stack:
        if jax and not half:
            peer = stack.enter_context(contextlib.closing(Peer("tests.benchmarks.jax_loop", name)))
            playing["jax"] = peer.rate
        seen = in_turns(playing, rounds, seconds)
    middle = {way: statistics.median(rates) for way, rates in seen.items()}
    fast = players["compiled"]
    cells = f"{name:20}{len(fast.state.g) + len(fast.state.d):10,}{middle['plain']:8,.0f}"
    for way in (*WAYS[1:], "jax"):
        known = way in seen
        cells += f"{middle[way]:9,.0f}{over(seen[way], seen['plain']):7.2f}" if known else f"{'-':>9}{'-':>7}"
    cells += f"{clock:8.2f}{processor:6.2f}" + (f"{peer.ready:6.1f}" if "jax" in seen else f"{'-':>6}")
    if matmuls:
        peak = 1e-9 * matmuls.flops * middle["matmuls"]
        cells += f"{1e-6 * matmuls.flops:9,.1f}{peak:9.1f}{over(seen['compiled'], seen['matmuls']):9.0%}"
        cells += f"{over(seen['jax'], seen['matmuls']):6.0%}" if jax else f"{'-':>6}"
    return f"{cells}   {fast.engine.told}"


def all_cores(name: str, rounds: int, seconds: float) -> str:
    """A line of the second table: one thread, and as many as there are cores, by the clock."""
    config = game(name)
    source = config.data.open()
    plain = PlainLoop(Trainer(config, source, engine="eager").game, config)
    hands.allow(os.cpu_count())
    cores = hands.ladder()[-1]
    ours = Trainer(config, source)
    until_fast(ours)
    while not ours.engine.told.startswith("compiled"):
        ours.advance(1)
    held, advance = ours.engine.loops[-1].hands, endless(ours)
    held.next = math.inf

    def play(act: Callable[[int], object], n: int) -> Callable[[float], float]:
        def turn(seconds: float) -> float:
            held.settle(held.rungs.index(n))
            with torch_threads(1 if act is advance else n):
                return rate(act, seconds, time.perf_counter)

        return turn

    ways = {(way, n): play(act, n) for way, act in (("plain", plain.advance), ("ours", advance)) for n in (1, cores)}
    if matmuls := products(name, config, source):
        ways["matmuls", cores] = play(matmuls.advance, cores)
    seen = in_turns(ways, rounds, seconds)
    hands.allow(1)
    middle = {way: statistics.median(rates) for way, rates in seen.items()}
    cells = f"{name:20}" + "".join(f"{middle[way]:{width},.1f}" for way, width in zip(ways, (10, 12, 10, 12)))
    for other, width in ((("plain", 1), 13), (("plain", cores), 14), (("ours", 1), 12)):
        cells += f"{over(seen['ours', cores], seen[other]):{width}.2f}"
    if matmuls:
        cells += f"{1e-9 * matmuls.flops * middle['matmuls', cores]:10.1f}"
        cells += f"{over(seen['ours', cores], seen['matmuls', cores]):11.0%}"
    return cells


def on_cuda(name: str, rounds: int, seconds: float) -> str:
    """A line of the table of a machine with a CUDA device, by the clock: one thread here, and both ways there."""
    config = game(name)
    source = config.data.open()
    os.environ["GANSCOPE_DEVICE"] = "cuda"
    there = Trainer(config, source, engine="captured")
    began = time.perf_counter()
    there.advance(1)
    ready = time.perf_counter() - began
    here = Trainer(config, source, engine="compiled")
    until_fast(here)
    plain = PlainLoop(Trainer(config, source, engine="eager").game, config, "cuda")
    ways = {"ours here": here.advance, "plain": plain.advance, "ours": there.advance}
    seen = in_turns({way: partial(rate, act, clock=waited) for way, act in ways.items()}, rounds, seconds)
    cells = f"{name:20}" + "".join(f"{statistics.median(rates):12,.1f}" for rates in seen.values())
    return f"{cells}{over(seen['ours'], seen['plain']):10.2f}{ready:8.2f}   {there.engine.told}"


def cuda_table(names: list[str], rounds: int, seconds: float) -> None:
    print(
        f"\nby the clock, on this machine's processor and on its {torch.cuda.get_device_name()}, torch {torch.__version__}"
    )
    print(f"{'game':20}{'ours here':>12}{'plain there':>12}{'ours there':>12}{'× plain':>10}{'ready':>8}   played by")
    for name in names:
        print(on_cuda(name, rounds, seconds), flush=True)
    print(f"\n{SEEDS} seeds there: iterations/s of all together, one seed after another or in one batch")
    print(f"{'game':20}{'plain':>12}{'ours':>12}{'one batch':>12}{'× plain':>10}{'× ours':>10}{'ready':>8}   played by")
    for name in names:
        print(seeds_on_cuda(name, rounds, seconds), flush=True)


def seeds_on_cuda(name: str, rounds: int, seconds: float) -> str:
    """A line of that machine's second table: iterations of all seeds together, a second."""
    config = game(name)
    source = config.data.open()
    os.environ["GANSCOPE_DEVICE"] = "cuda"
    one = Trainer(config, source)
    plain = PlainLoop(Trainer(config, source, engine="eager").game, config, "cuda")
    ensemble = Ensemble([Trainer(config.with_("seed", seed), source) for seed in range(SEEDS)])
    began = time.perf_counter()
    ensemble.advance(1)
    ready = time.perf_counter() - began
    ways = {"plain": plain.advance, "ours": one.advance, "together": ensemble.advance}
    seen = in_turns({way: partial(rate, act, clock=waited) for way, act in ways.items()}, rounds, seconds)
    seen["together"] = [SEEDS * each for each in seen["together"]]
    cells = f"{name:20}" + "".join(f"{statistics.median(rates):12,.1f}" for rates in seen.values())
    cells += "".join(f"{over(seen['together'], seen[way]):10.2f}" for way in ("plain", "ours"))
    return f"{cells}{ready:8.2f}   {ensemble.refused or ensemble.trainers[0].engine.told}"


def waited() -> float:
    """The clock, once the CUDA device is done with all that it was given."""
    torch.cuda.synchronize()
    return time.perf_counter()


def products(name: str, config: Config, source) -> Matmuls | None:
    """What a game multiplies, where that is all in float32 and no convolutions."""
    if name.endswith(HALF) or "dcgan" in config.g.name:
        return None
    return Matmuls(Trainer(config, source, engine="eager"))


def many_seeds(name: str, processes: int, rounds: int, seconds: float) -> str:
    """A line of the second table: iterations of all seeds together, a second."""
    share = SEEDS // processes
    with contextlib.ExitStack() as stack:
        teams = {}
        for way in WAYS:
            arguments = [(name, way, str(k * share), str((k + 1) * share)) for k in range(processes)]
            made = [Peer("tests.benchmarks.seeds_loop", *told, core=k) for k, told in enumerate(arguments)]
            teams[way] = [stack.enter_context(contextlib.closing(peer)) for peer in made]
        seen = in_turns({way: lambda s, team=team: together(team, s) for way, team in teams.items()}, rounds, seconds)
    cells = f"{name:20}{processes:10}{statistics.median(seen['plain']):8,.0f}"
    for way in WAYS[1:]:
        cells += f"{statistics.median(seen[way]):9,.0f}{over(seen[way], seen['plain']):7.2f}"
    return f"{cells}{over(seen['compiled'], seen['eager']):14.2f}"


def together(team: list[Peer], seconds: float) -> float:
    """What children do at the same time."""
    for peer in team:
        peer.ask(seconds)
    return sum(peer.answer()[0] for peer in team)


def processor() -> str:
    """The processor's name, as Linux has it."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith("model name")).split(":")[1].strip()
    return platform.machine()


def flags() -> str:
    """What the processor can do, as Linux has it."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    return ""


def installed(name: str) -> str | None:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(name)
    return None


def main(*options: str) -> None:
    rounds, seconds = QUICK if "--quick" in options else (ROUNDS, SECONDS)
    torch.set_num_threads(1)
    began, jax = time.perf_counter(), installed("jax")
    while not kernels.ready() and not kernels.why:
        time.sleep(0.1)
    built = time.perf_counter() - began
    if "--cuda" in options:
        return cuda_table([name for name in GAMES if HALF not in name], rounds, seconds)
    print(f"{date.today()}, {processor()}, {os.cpu_count()} cores, one thread; load before {os.getloadavg()[0]:.1f}")
    print(f"torch {torch.__version__}, jax {jax}; {rounds} interleaved rounds of {seconds} s of the processor")
    print(f"kernels: {kernels.why or f'ready after {built:.1f} s'}")
    print(f"torch.mm of two squares of 1024: {square(seconds):.0f} GFLOP/s\n")
    print(
        "iterations/s; × is over the plain loop, which is in float32 in any case; ready: seconds until the looped engine"
    )
    print(
        "plays, by the clock and the processor, and JAX's compilation; products: what one iteration multiplies, alone in"
    )
    print("torch.mm, and the share of that speed at which the compiled engine and JAX play an iteration")
    halves = "bf16" in flags()
    names = [name for name in GAMES if halves or HALF not in name]
    if not halves:
        print("(this processor does not multiply in bfloat16: those games are left out)")
    print(f"{'game':20}{'weights':>10}{'plain':>8}", end="")
    print("".join(f"{way:>9}{'×':>7}" for way in (*WAYS[1:], "JAX")), end="")
    print(f"{'ready':>8}{'cpu':>6}{'JAX':>6}{'MFLOP':>9}{'GFLOP/s':>9}{'compiled':>9}{'JAX':>6}   played by")
    for name in names:
        print(one_game(name, rounds, seconds, jax is not None), flush=True)
    print(
        "\nby the clock, on one thread and on all that are of use; × is of ours on all, over the others; products: on all"
    )
    print(f"{'game':20}{'plain, 1':>10}{'plain, all':>12}{'ours, 1':>10}{'ours, all':>12}", end="")
    print(f"{'× plain, 1':>13}{'× plain, all':>14}{'× ours, 1':>12}{'GFLOP/s':>10}{'ours, all':>11}")
    for name in names:
        print(all_cores(name, rounds, seconds), flush=True)
    if torch.cuda.is_available():
        cuda_table(names, rounds, seconds)
    print(f"\n{SEEDS} seeds, one after another: iterations/s of all together")
    print(f"{'game':20}{'processes':>10}{'plain':>8}", end="")
    print("".join(f"{way:>9}{'×':>7}" for way in WAYS[1:]) + f"{'× over eager':>14}")
    for name in OF_SEEDS:
        for processes in (1, 2):
            print(many_seeds(name, processes, rounds, seconds), flush=True)
    print(f"\nload after {os.getloadavg()[0]:.1f}; took {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])

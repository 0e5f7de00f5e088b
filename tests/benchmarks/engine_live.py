"""What is left of the engine's speed in the whole application: a page in Chromium, ten frames a second, a recording.

`python -m tests.benchmarks.engine_live [GAME ...]`: the run on the page and the bare engine on one core, in a process of
its own, take turns; who has no turn stands still. First the page's engine may use one core as well; then it may use all that
the page, its browser and its server leave. By the processor is per second of the worker's processor time, its reading and
telling included. In bfloat16 the nets of 2014 diverge after 278 iterations, at the rate that this table holds them at: ask
for others by name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import torch
from playwright.sync_api import sync_playwright

from tests.benchmarks.games import GAMES, HALF, game
from tests.benchmarks.peers import Peer
from tests.benchmarks.streaming_cost import cpu_seconds
from tests.e2e.app import FLAGS, Visitor, chromium, serving

ROUNDS, SECONDS, FPS = 5, 5.0, 10
WARM = 3.0  # seconds after the compiled engine has begun


def one_game(browser, server, name: str, rounds: int, cores: int) -> str:
    """A line of a table: rates on the page and bare, and their ratios, by the processor (of one core) and by the clock."""
    config = game(name)
    with contextlib.ExitStack() as stack:
        page = stack.enter_context(contextlib.closing(browser.new_page(viewport={"width": 1366, "height": 768})))
        bare = stack.enter_context(
            contextlib.closing(Peer("tests.benchmarks.seeds_loop", name, "compiled", "0", "1", core=1))
        )
        me = Visitor(page, server).visit(f"/{config.data.page}?{urlencode(config.to_query() | {'fps': FPS})}")
        me.play(1)
        engine = page.locator("[data-count=engine]")
        me.until(lambda: engine.inner_text().startswith("compiled"), seconds=240)
        page.wait_for_timeout(1000 * WARM)
        lived, alone, frames = [], [], []
        for turn in range(rounds):
            for live in (True, False) if turn % 2 else (False, True):
                if live:
                    *rates, shown = segment(me, server)
                    lived.append(rates)
                    frames.append(shown)
                else:
                    with still(server.workers()):
                        bare.ask(SECONDS)
                        alone.append(bare.answer())
        played_by = engine.inner_text()
        me.press("Pause")
    cells = f"{name:22}"
    for rates, others in list(zip(zip(*lived), zip(*alone)))[cores > 1 :]:
        ratio = statistics.median(a / b for a, b in zip(rates, others))
        cells += f"{statistics.median(rates):12,.1f}{statistics.median(others):10,.1f}{ratio:8.0%}"
    return f"{cells}{statistics.median(frames):11.1f}   {played_by}"


def segment(me: Visitor, server) -> tuple[float, float, float]:
    """Iterations per second of the workers' processor time and of the clock, and frames a second."""
    begin = moment(me, server)
    me.page.evaluate(COUNT)
    me.page.wait_for_timeout(1000 * SECONDS)
    shown = me.page.evaluate("window.counted.size - 1")
    iterations, processor, clock = (b - a for a, b in zip(begin, moment(me, server)))
    return iterations / processor, iterations / clock, shown / SECONDS


COUNT = """
window.counted = new Set();
window.counting ??= setInterval(() => counted.add(document.querySelector("[data-count=iteration]").innerText), 20);
"""


def moment(me: Visitor, server) -> tuple[float, float, float]:
    """The iteration, the workers' processor time and the clock, when the page has just moved on."""
    before = me.iteration
    me.until(lambda: me.iteration != before)
    return me.iteration, sum(map(cpu_seconds, server.workers())), time.perf_counter()


@contextlib.contextmanager
def still(pids: list[int]) -> Iterator[None]:
    """These processes stand still meanwhile."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def main(*names: str) -> None:
    quick = "--quick" in names
    names = [name for name in names if name != "--quick"] or [name for name in GAMES if HALF not in name]
    print(f"{date.today()}, {os.cpu_count()} cores, torch {torch.__version__}, {FPS} frames/s wanted, recorded")
    print(
        f"load before {os.getloadavg()[0]:.1f}; medians of {2 if quick else ROUNDS} rounds of {SECONDS} s each; iterations/s"
    )
    for cores in (1, os.cpu_count()):
        print(f"\nits engine may use {cores} core{'s' * (cores > 1)}")
        clocks = ("by the processor", "by the clock")[cores > 1 :]
        print(f"{'':22}" + "".join(f"{clock:>30}" for clock in clocks))
        print(
            f"{'game':22}"
            + len(clocks) * f"{'on the page':>12}{'bare':>10}{'ratio':>8}"
            + f"{'frames/s':>11}   played by"
        )
        with (
            tempfile.TemporaryDirectory() as home,
            serving(Path(home), GANSCOPE_WORKERS=str(cores)) as server,
            sync_playwright() as driver,
        ):
            browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
            for name in names:
                print(one_game(browser, server, name, 2 if quick else ROUNDS, cores), flush=True)
            browser.close()
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])

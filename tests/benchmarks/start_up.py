"""How long until something is seen, and what a worker weighs.

Run as a program: from `streamlit run` to the first drawn frame in Chromium, from Play in a second tab to the first frame
after it, and the memory of workers by what they train; medians over a few starts. Page caches of the disk are warm.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import streamlit as st
from playwright.sync_api import sync_playwright

from gancore.run.hub import Hub
from gancore.run.pace import Pace
from tests.benchmarks.games import game
from tests.benchmarks.sessions import PROBES, memory
from tests.e2e.app import FLAGS, Visitor, chromium, serving

STARTS, PLAYS, MOMENTS = 5, 5, 40
DRAWN = "document.querySelector('[data-panel=density]')?.querySelector('.gs-sketch path, .scatterlayer path')"
WEIGHED = ("1-D toy", "784-128-1", "DCGAN")
CROWDS = {"1-D toy": 30, "784-128-1": 16}
PANELS = {"line": PROBES, "images": {"losses", "gradients", "scores", "value", "samples", "nearest", "pca", "health"}}


def started(browser) -> tuple[float, float, list[float]]:
    """Seconds from starting a server until it answers and until the first picture, and from Play to a new frame."""
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        began = time.perf_counter()
        server = stack.enter_context(serving(Path(home)))
        answered = time.perf_counter() - began
        page = stack.enter_context(contextlib.closing(browser.new_page(viewport={"width": 1366, "height": 768})))
        page.goto(server.url + "/line")
        page.wait_for_function(DRAWN, timeout=120_000)
        first = time.perf_counter() - began
        Visitor(page, server).play(1)
        return answered, first, [played(browser, server) for _ in range(PLAYS)]


def played(browser, server) -> float:
    """Seconds from Play to the first frame of training, in a tab of its own beside a run that plays."""
    with contextlib.closing(browser.new_page(viewport={"width": 1366, "height": 768})) as page:
        me = Visitor(page, server).visit("/line")
        page.wait_for_function(DRAWN, timeout=120_000)
        page.evaluate(NEXT)
        me.press("Play")
        page.wait_for_function("window.next", timeout=60_000)
        return page.evaluate("window.next") / 1000


NEXT = """
window.next = 0;
const panel = document.querySelector("[data-panel=density]");
document.addEventListener("click", () => (window.from = performance.now()), { capture: true, once: true });
new MutationObserver(() => {
    if (Number(panel.dataset.iteration) > 0) window.next ||= performance.now() - window.from;
}).observe(panel, { attributes: true });
"""


def weighed(name: str) -> str:
    """A worker's memory while it trains this game, watched and recorded: over some seconds the median and the most."""
    hub = Hub(workers=1)
    run = opened(hub, name)
    until = time.monotonic() + 120
    while run.iteration < 60 and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(5)
    told = []
    for _ in range(MOMENTS):
        told.append(memory(hub.pool.host(run.id).process.pid))
        time.sleep(0.5)
    (rss, pss), most = map(statistics.median, zip(*told)), max(told)
    line = f"{name:18}{rss:9.0f}{pss:9.0f}{most[0]:9.0f}{most[1]:9.0f}   after {run.iteration:,} iterations"
    hub.close()
    return line


def opened(hub: Hub, name: str, seed: int = 0):
    """A run that plays, with all of its page's panels looked at."""
    config = game(name).with_("seed", seed)
    run = hub.open(config, Pace(fps=10))
    run.look(run.subscribe(lambda: None), PANELS[config.data.page])
    run.play()
    return run


def crowded(name: str, n: int) -> str:
    """Memory of two workers with many runs that begin at once: the most of it, and when all of them are on their way."""
    hub = Hub(workers=2)
    began, most = time.monotonic(), (0, 0)
    runs = [opened(hub, name, seed) for seed in range(n)]
    workers, first = [worker.process.pid for worker in hub.pool.workers], 0.0
    while (least := min(run.iteration for run in runs)) < 200 and time.monotonic() < began + 180:
        most = max(most, *map(memory, workers))
        first = first or (time.monotonic() - began) * bool(least)
        time.sleep(0.1)
    time.sleep(6)  # in which memory that was needed once is handed back
    each = ", ".join("{:.0f} / {:.0f}".format(*memory(pid)) for pid in workers)
    hub.close()
    return (
        f"{n} runs of {name}: {each}; at most {most[0]:.0f} / {most[1]:.0f} before; all had begun after {first:.1f} s"
    )


def main(starts: int = STARTS) -> None:
    os.environ.setdefault("GANSCOPE_RUNS", tempfile.mkdtemp())
    print(f"{date.today()}, {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}, streamlit {st.__version__}")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        answers, firsts, plays = zip(*(started(browser) for _ in range(starts)))
        browser.close()
    plays = [seconds for some in plays for seconds in some]
    print(f"\n{'seconds':46}{'median':>8}{'slowest':>9}")
    print(f"{'streamlit run to its first answer':46}{statistics.median(answers):8.2f}{max(answers):9.2f}")
    print(f"{'streamlit run to the first drawn frame':46}{statistics.median(firsts):8.2f}{max(firsts):9.2f}")
    print(f"{'Play to the first frame after it, second run':46}{statistics.median(plays):8.2f}{max(plays):9.2f}")
    print(f"\n{'a worker, MB':18}{'RSS':>9}{'PSS':>9}{'at most':>18}")
    for name in WEIGHED:
        print(weighed(name), flush=True)
    print("\ntwo workers of many runs that begin at once, MB resident / shared pages once")
    for crowd in CROWDS.items():
        print(crowded(*crowd), flush=True)
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

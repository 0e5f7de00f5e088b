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

STARTS, PLAYS, RUNS = 5, 5, 30
DRAWN = "document.querySelector('[data-panel=density]')?.querySelector('.gs-sketch path, .scatterlayer path')"
WEIGHED = ("1-D toy", "784-128-1", "DCGAN")


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
    """A worker's memory while it trains this game, watched and recorded."""
    config, hub = game(name), Hub(workers=1)
    run = hub.open(config, Pace(fps=10))
    page = {"line": PROBES, "images": {"losses", "gradients", "scores", "value", "samples", "nearest", "pca", "health"}}
    run.look(run.subscribe(lambda: None), page[config.data.page])
    run.play()
    until = time.monotonic() + 120
    while run.iteration < 60 and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(5)
    rss, pss = memory(hub.pool.host(run.id).process.pid)
    line = f"{name:18}{rss:9.0f}{pss:9.0f}   after {run.iteration:,} iterations"
    hub.close()
    return line


def crowded() -> str:
    """Memory of all workers with thirty runs."""
    hub = Hub(workers=2)
    runs = [hub.open(game("1-D toy").with_("seed", seed), Pace(fps=10)) for seed in range(RUNS)]
    for run in runs:
        run.look(run.subscribe(lambda: None), PROBES)
        run.play()
    until = time.monotonic() + 180
    while any(run.iteration < 60 for run in runs) and time.monotonic() < until:
        time.sleep(0.5)
    workers = [worker.process.pid for worker in hub.pool.workers]
    told = [memory(pid) for pid in workers]
    least = min(run.iteration for run in runs)
    hub.close()
    each = ", ".join(f"{rss:.0f} / {pss:.0f}" for rss, pss in told)
    return (
        f"{RUNS} runs of the 1-D toy share {len(told)} workers: {each} MB resident / shared pages once;"
        f" the slowest at iteration {least:,}"
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
    print(f"\n{'a worker, MB':18}{'RSS':>9}{'PSS':>9}")
    for name in WEIGHED:
        print(weighed(name), flush=True)
    print(crowded())
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

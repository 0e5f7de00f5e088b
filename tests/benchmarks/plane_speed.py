"""The page `plane` in headless Chromium with every layer on: iterations and full redraws of the stage a second, at once.

`python -m tests.benchmarks.plane_speed`: nets and batch of GAN Lab's size (preset `gan-lab`), whose own page in the same
browser on two cores makes 27 iterations/s and 0.5 redraws/s. A redraw counts when the browser shows another iteration.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
from datetime import date
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.app import FLAGS, Visitor, chromium, serving

ROUNDS, SECONDS = 5, 10
COUNT = """
window.seen = new Set();
const tick = () => (seen.add(document.querySelector("[data-panel=plane]")?.dataset.iteration), requestAnimationFrame(tick));
tick();
"""


def busy() -> float:
    """Processor seconds that this machine has spent so far, all cores together, whoever asked for them."""
    user, nice, system, *_ = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def spent(pids: list[int]) -> float:
    """Processor seconds of these processes."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def ours(root: int) -> list[int]:
    """This process and all that it has started."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rsplit(")", 1)[1].split()[1])
    found, more = {root}, True
    while more:
        new = {pid for pid, parent in parents.items() if parent in found} - found
        found |= new
        more = bool(new)
    return sorted(found)


def round_of(browser, server, path: str, layers: bool) -> dict[str, float]:
    """One visit: iterations/s, redraws/s, milliseconds of the page's main thread a redraw, and what others took meanwhile."""
    with contextlib.closing(browser.new_page(viewport={"width": 1366, "height": 768})) as page:
        me = Visitor(page, server).visit(path)
        page.wait_for_function("document.querySelector('[data-panel=plane]').dataset.iteration === '0'", timeout=60_000)
        if layers:
            for word in page.locator("[data-panel=plane] .gs-sentence button[aria-pressed=false]").all():
                word.click()
        me.play(200)
        page.wait_for_timeout(2000)
        cdp = page.context.new_cdp_session(page)
        cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.evaluate(COUNT)
        thread, mine, all_ = main_thread(cdp), spent(ours(os.getpid())), busy()
        first = page.evaluate("[performance.now(), Number([...seen][0])]")
        page.evaluate("seen.clear()")
        page.wait_for_timeout(SECONDS * 1000)
        last = page.evaluate("[performance.now(), Math.max(...[...seen].map(Number)), seen.size - 1]")
        seconds = (last[0] - first[0]) / 1000
        others = (busy() - all_) - (spent(ours(os.getpid())) - mine)
        return {
            "iterations/s": (last[1] - first[1]) / seconds,
            "redraws/s of the stage": last[2] / seconds,
            "main thread, ms a redraw": 1000 * (main_thread(cdp) - thread) / max(last[2], 1),
            "cores that others took": others / seconds,
        }


def main_thread(cdp) -> float:
    found = {one["name"]: one["value"] for one in cdp.send("Performance.getMetrics")["metrics"]}
    return found["ThreadTime"]


def main():
    print(f"the stage of the plane, batch 150, nets of GAN Lab's size: {date.today()}, {os.cpu_count()} cores")
    cases = {
        "all layers": ("/plane?preset=gan-lab&fps=20", True),
        "as it opens": ("/plane?preset=gan-lab&fps=20", False),
    }
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name, (path, layers) in cases.items():
            rounds = [round_of(browser, server, path, layers) for _ in range(ROUNDS)]
            print(f"\n{name:40s} {'median':>8s} {'min':>8s} {'max':>8s}")
            for what in rounds[0]:
                values = [one[what] for one in rounds]
                print(f"{what:40s} {statistics.median(values):8.1f} {min(values):8.1f} {max(values):8.1f}")
        browser.close()


if __name__ == "__main__":
    main()

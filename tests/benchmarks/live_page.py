"""What a person at the page gets, in headless Chromium on this machine: first picture, frames per second, a slider's answer.

`python -m tests.benchmarks.live_page`: the live path and the same panels drawn by `st.plotly_chart` in a fragment take turns
in one run, with a worker training at full speed behind each.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
from datetime import date
from pathlib import Path

import streamlit as st
from playwright.sync_api import sync_playwright

from tests.e2e.app import FLAGS, Visitor, chromium, serving

ROUNDS, SECONDS, SLIDES = 4, 8, 40
COUNT = """
window.seen = {};
const note = (name, at) => (window.seen[name] ??= new Set()).add(at);
const tick = () => {
    document.querySelectorAll("[data-panel]").forEach((p) => note(p.dataset.panel, p.dataset.iteration));
    document.querySelectorAll(".stPlotlyChart .js-plotly-plot").forEach((p, i) => note("chart " + i, p.layout?.meta));
    requestAnimationFrame(tick);
};
requestAnimationFrame(tick);
"""
FIRST = """
window.at = {};
window.addEventListener("load", () => (window.at.load = performance.now()));
new MutationObserver(() => {
    const panel = document.querySelector("[data-panel=density]");
    if (panel?.dataset.iteration !== "0") return;
    if (panel.querySelector(".gs-sketch path, .scatterlayer path")) window.at.first ??= performance.now();
    if (panel.querySelector(".scatterlayer path")) window.at.chart ??= performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
STAMP = """
(before) => new Promise((done) => {
    const from = performance.now();
    const lines = () => document.querySelectorAll("[data-panel=gradients] .gs-event").length;
    const look = () => (lines() > before ? done(performance.now() - from) : setTimeout(look, 2));
    look();
})
"""


def frames_per_second(page) -> float:
    """Distinct frames of the slowest panel, per second. (Streamlit leaves stale twins of its charts behind: not counted.)"""
    page.evaluate("window.seen = {}")
    page.wait_for_timeout(SECONDS * 1000)
    counts = page.evaluate("Object.values(window.seen).map((all) => all.size - 1)")
    return min(sorted(counts, reverse=True)[:5]) / SECONDS


def race(browser, live, plain) -> tuple[list[float], list[float]]:
    """Frames per second of both ways of drawing, taking turns; the other's page is closed meanwhile."""
    results = [], []
    for _ in range(ROUNDS):
        for result, server, path in zip(results, (live, plain), ("/line?fps=30&play=1", "/")):
            with contextlib.closing(browser.new_page(viewport={"width": 1366, "height": 768})) as page:
                page.add_init_script(COUNT)
                page.goto(server.url + path)
                page.wait_for_selector(".main-svg .scatterlayer path", timeout=60_000)
                page.wait_for_timeout(4000)
                result.append(frames_per_second(page))
    return results


def first_picture(browser, server) -> tuple[list[float], list[float]]:
    """Milliseconds from the page's load event to p_data and p_g on the screen, and to Plotly's own chart."""
    first, chart = [], []
    for _ in range(7):
        with contextlib.closing(browser.new_context(viewport={"width": 1366, "height": 768})) as visitor:
            page = visitor.new_page()
            page.add_init_script(FIRST)
            page.goto(server.url + "/line")
            page.wait_for_function("window.at.chart", timeout=60_000)
            at = page.evaluate("window.at")
            first.append(at["first"] - at["load"])
            chart.append(at["chart"] - at["load"])
    return first, chart


def slides(browser, server) -> list[float]:
    """Milliseconds from a key on a slider to the event's line on the chart, while training at full speed."""
    took = []
    with contextlib.closing(browser.new_page(viewport={"width": 1366, "height": 768})) as page:
        me = Visitor(page, server).visit("/line").play(100)
        handle = page.get_by_role("slider", name="learning rate").first
        for at in range(SLIDES):
            if at % 8 == 0:  # a fresh start, so that lines do not pile up
                me.press("Restart")
                me.until(lambda: page.locator("[data-panel=gradients] .gs-event").count() == 0)
                page.wait_for_timeout(1500)
            before = page.locator("[data-panel=gradients] .gs-event").count()
            handle.focus()
            page.evaluate(f"window.took = 0; void ({STAMP.strip()})({before}).then((ms) => (window.took = ms))")
            page.keyboard.press("ArrowRight" if at % 2 else "ArrowLeft")
            page.wait_for_function("window.took", timeout=20_000)
            took.append(page.evaluate("window.took"))
            page.wait_for_timeout(500)
    return took


def main():
    print(
        f"the live page: {date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, streamlit {st.__version__}"
    )
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        with serving(Path(one)) as live, serving(Path(two), script="tests/benchmarks/fragment_app.py") as plain:
            fast, slow = race(browser, live, plain)
            print(f"\n{'frames/s of the slowest of 5 panels':40s} {'median':>8s} {'min':>8s} {'max':>8s}")
            for name, values in (("live path", fast), ("st.plotly_chart in a fragment", slow)):
                print(f"{name:40s} {statistics.median(values):8.1f} {min(values):8.1f} {max(values):8.1f}")
            ratio = statistics.median(a / b for a, b in zip(fast, slow))
            print(f"{'ratio, median of pairs':40s} {ratio:8.2f}")
        with serving(Path(one)) as live:
            first, chart = first_picture(browser, live)
            took = sorted(slides(browser, live))
        print(f"\n{'milliseconds':40s} {'median':>8s} {'p95':>8s} {'max':>8s}")
        rows = (
            ("page load to first picture", first),
            ("page load to Plotly's chart", chart),
            ("slider key to line on the chart", took),
        )
        for name, values in rows:
            values = sorted(values)
            print(
                f"{name:40s} {statistics.median(values):8.0f} {values[int(0.95 * (len(values) - 1))]:8.0f} {values[-1]:8.0f}"
            )
        browser.close()


if __name__ == "__main__":
    main()

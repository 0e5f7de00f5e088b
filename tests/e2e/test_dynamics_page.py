"""The page dynamics in a real browser: a click starts the walks, the bar moves along them, a link brings the same bench."""

from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

SHORT = "/dynamics?game=bilinear&h=0.3&iterations=40&methods=simultaneous,extragradient"
BENCH = {"walks", "circle", "distance", "radius"}


def query(visitor) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(visitor.page.url).query).items()}


def walk(visitor, method: int) -> list[list[float]]:
    """The points of a method's walk, as the chart has them."""
    script = "(plot, at) => ['x', 'y'].map((axis) => Array.from(plot.data[at][axis]))"
    x, y = visitor.page.eval_on_selector("[data-panel=walks] .js-plotly-plot", script, 4 * method + 1)
    return [list(point) for point in zip(x, y)]


def pixels(visitor, axes: str, x: float, y: float) -> tuple[float, float]:
    """Where the page shows the point (x, y) of one of the subplots, such as "2"."""
    script = """(plot, [axes, x, y]) => {
        const across = plot._fullLayout["xaxis" + axes], up = plot._fullLayout["yaxis" + axes];
        const box = plot.getBoundingClientRect();
        return [box.x + across._offset + across.d2p(x), box.y + up._offset + up.d2p(y)];
    }"""
    return visitor.page.eval_on_selector("[data-panel=walks] .js-plotly-plot", script, [axes, x, y])


def opened(visitor, path=SHORT):
    me = visitor().visit(path)
    me.until(
        lambda: set(me.shown()) == BENCH and me.shown()["walks"] == int(query(me)["iterations"]), why="for the walks"
    )
    return me


def test_a_click_in_any_chart_starts_all_walks_there(visitor):
    me = opened(visitor)
    assert walk(me, 0)[0] == [1, 1]
    for axes, (x, y) in (("", (-1.2, 0.5)), ("2", (0.6, -0.9))):
        me.page.mouse.click(*pixels(me, axes, x, y))
        me.until(lambda x=x: abs(float(query(me)["theta"]) - x) < 0.05, why="for the start in the link")
        me.until(lambda: me.state == "finished" and me.shown()["walks"] == 40, why="for the walks to have been shown")
        start = [float(query(me)["theta"]), float(query(me)["psi"])]
        assert abs(start[1] - y) < 0.05
        for method, grows in ((0, True), (1, False)):  # simultaneous spirals out of every point, extragradient in
            points = walk(me, method)
            assert points[0] == start and len(points) == 41
            radii = [px**2 + py**2 for px, py in points]
            assert all((after > before) == grows for before, after in pairwise(radii))


def test_the_bar_moves_along_the_walks_by_mouse_and_by_key(visitor):
    me = opened(visitor)
    me.press("Restart")
    me.until(lambda: me.shown()["walks"] == 0 and len(walk(me, 0)) == 1)
    me.page.keyboard.press("ArrowRight")
    me.until(lambda: me.shown()["walks"] == 1)
    x, y = walk(me, 0)[1]
    assert abs(x - 0.7) < 1e-9 and abs(y - 1.3) < 1e-9  # (1, 1) + 0.3 (-1, 1)
    me.press("Play")
    me.until(lambda: me.state == "finished" and me.shown()["walks"] == 40)


def test_a_knob_moves_both_radii_and_the_link_keeps_the_bench(visitor):
    me = opened(visitor)
    told = me.page.locator("table tr", has_text="Extragradient").inner_text()
    assert told.count("0.958175") == 2  # √(1 - 0.09 + 0.0081), by theory and as measured
    me.slide("step size h", ["ArrowRight"] * 3)
    me.until(lambda: query(me)["h"] != "0.3", why="for the step size in the link")
    me.page.wait_for_timeout(1000)  # for keys that are still on their way
    again = visitor().visit(me.page.url)
    again.until(lambda: set(again.shown()) == BENCH and again.shown()["walks"] == 40)
    again.until(lambda: query(again) == query(me) and walk(again, 1) == walk(me, 1), why="for the same bench")


def test_your_run_is_the_run_of_the_line_page_and_its_eigenvalues_come_at_a_pause(visitor):
    me = visitor().visit("/dynamics?game=run&g.width=8&d.width=8&batch=32&speed=100")
    me.play(20)
    me.press("Pause")
    me.until(lambda: me.state == "paused")
    data = "plot => [plot.data[0].x.length, Number(plot.layout.annotations[0].text)]"
    seen = lambda name: me.page.eval_on_selector(f"[data-panel={name}] .js-plotly-plot", data)  # noqa: E731
    me.until(lambda: seen("eigenvalues") == [12, me.iteration], why="for the eigenvalues of where it stands")
    me.until(lambda: seen("path") == [49, me.iteration], why="for the path to where it stands")
    assert query(me)["game"] == "run" and query(me)["g.width"] == "8"
    run = me.run
    me.page.get_by_role("link", name="Line").click()
    me.page.wait_for_selector("[data-panel=density]")
    assert me.run == run

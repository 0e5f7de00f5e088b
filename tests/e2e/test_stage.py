"""The stage of the plane under a visitor's hands: words that show and hide layers, and what the pointer reads."""

import json
import math
import re

BELL = "/plane?data=plane-mixture&data.modes=1:0:0:0.5&noise=normal&noise.dim=2&g.width=8&d.width=8"


class Wire:
    """What the page says to the server."""

    def __init__(self, page):
        self.looks = []
        page.on("websocket", lambda socket: "/live/ws/" in socket.url and socket.on("framesent", self.heard))

    def heard(self, payload):
        said = json.loads(payload)
        if said["type"] == "look":
            self.looks.append(set(said["probes"]))


def opened(visitor, path):
    me = visitor()
    wire = Wire(me.page)
    me.visit(path)
    me.until(lambda: me.shown().get("plane") == 0, why="for the untrained frame")
    return me, wire


def drawn(me, trace):
    """How much of a curve or of dots is to be seen: the length of its path, 0 if it is hidden."""
    script = "all => Math.max(...all.map(n => n.getAttribute('display') ? 0 : (n.getAttribute('d') ?? '').length))"
    return me.page.eval_on_selector_all(f"[data-panel=plane] [data-trace='{trace}']", script)


def test_words_of_the_sentence_show_and_hide_what_they_name_by_mouse_and_by_key(visitor):
    me, wire = opened(visitor, BELL)
    word = me.page.get_by_role("button", name="generated samples", exact=True)
    me.until(lambda: drawn(me, "generated from fixed z") > 1000, why="for the dots")
    assert word.get_attribute("aria-pressed") == "true" and "points" in wire.looks[-1]
    word.click()
    me.until(lambda: drawn(me, "generated from fixed z") == 0, why="for the dots to go")
    assert word.get_attribute("aria-pressed") == "false" and "points" not in wire.looks[-1]
    assert drawn(me, "real samples") > 1000
    word.press("Enter")
    me.until(lambda: drawn(me, "generated from fixed z") > 1000, why="for the dots to come back")
    assert word.get_attribute("aria-pressed") == "true" and "points" in wire.looks[-1]


def test_a_layer_that_is_off_costs_nothing_and_offers_no_ways_to_look_at_it(visitor):
    me, wire = opened(visitor, BELL)
    frames = me.page.get_by_role("button", name="24 frames", exact=True)
    assert not frames.is_visible() and not {"trails", "long-trails"} & wire.looks[-1]
    me.page.get_by_role("button", name="trails", exact=True).click()
    me.until(lambda: "trails" in wire.looks[-1] and frames.is_visible())
    me.play(20)
    me.until(lambda: drawn(me, "trails") > 1000, why="for trails")
    me.page.get_by_role("button", name="what D says", exact=True).click()
    me.until(lambda: not {"field", "best-field", "field-difference"} & wire.looks[-1])
    assert not me.page.get_by_role("button", name="D*", exact=True).is_visible()
    picture = me.page.locator("[data-panel=plane] .gs-swift image")
    me.until(lambda: all(one.get_attribute("display") == "none" for one in picture.all()), why="for the colours to go")
    me.page.get_by_role("button", name="manifold", exact=True).click()
    me.until(lambda: "manifold" not in wire.looks[-1] and drawn(me, "manifold") == 0)


def test_trails_survive_a_reload(visitor):
    me, _ = opened(visitor, BELL)
    me.page.get_by_role("button", name="trails", exact=True).click()
    me.play(50)
    me.until(lambda: drawn(me, "trails") > 3000, why="for a trail of some frames")
    me.press("Pause")
    student = visitor().visit(f"/?watch={me.run}")
    student.page.get_by_role("button", name="trails", exact=True).click()
    student.until(lambda: drawn(student, "trails") > 3000, why="for the trail that was there before")


def test_the_pointer_reads_the_exact_density_and_asks_nobody_on_its_way(visitor):
    me, wire = opened(visitor, BELL)
    place = """([x, y]) => {
        const chart = document.querySelector("[data-panel=plane] .js-plotly-plot"), { xaxis, yaxis } = chart._fullLayout;
        const box = chart.getBoundingClientRect();
        return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)];
    }"""
    card = me.page.locator("[data-panel=plane] dl.gs-hover")
    me.page.mouse.move(*me.page.evaluate(place, [0, 0]))
    me.until(lambda: "reading" in wire.looks[-1] and "real / generated" in card.inner_text(), why="for the card")
    cell = me.page.evaluate("document.querySelector('[data-panel=plane] .js-plotly-plot')._fullLayout.xaxis.range")
    variance = 0.25 + 13 / 12 * ((cell[1] - cell[0]) / 48) ** 2  # averaged over cells and blurred by one
    asked = len(wire.looks)
    for at in ([0.0, 0.0], [0.5, 0.0], [-0.3, 0.6]):
        me.page.mouse.move(*me.page.evaluate(place, at))
        expected = math.exp(-(at[0] ** 2 + at[1] ** 2) / (2 * variance)) / (2 * math.pi * variance)
        me.until(lambda: abs(read(card, "density, real") / expected - 1) < 0.04, why=f"for {expected}")  # noqa: B023
        assert 0 <= read(card, "D(x)") <= 1
    assert len(wire.looks) == asked
    me.page.get_by_role("heading", name="Losses").hover()
    me.until(lambda: "reading" not in wire.looks[-1] and not card.is_visible())


def read(card, label):
    found = re.search(re.escape(label) + r"\s+(\S+)", card.inner_text())
    return float(found.group(1)) if found and found.group(1) not in "–∞" else math.nan


def test_dots_stay_where_they_belong_when_the_axes_are_zoomed(visitor):
    me, _ = opened(visitor, BELL)
    me.until(lambda: drawn(me, "generated from fixed z") > 1000)
    off = """() => {
        const chart = document.querySelector("[data-panel=plane] .js-plotly-plot"), { xaxis, yaxis } = chart._fullLayout;
        const path = chart.querySelector("[data-trace='real samples']").getAttribute("d");
        const [x, y] = path.match(/^M([-\\d.]+),([-\\d.]+)/).slice(1).map(Number);
        return [xaxis.p2d(x), yaxis.p2d(y), xaxis.range[1] - xaxis.range[0]];
    }"""
    before = me.page.evaluate(off)
    box = me.page.locator("[data-panel=plane] .nsewdrag").first.bounding_box()
    me.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    me.page.mouse.down()
    me.page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.8 * box["height"], steps=4)
    me.page.mouse.up()
    me.until(lambda: me.page.evaluate(off)[2] < 0.8 * before[2], why="for the zoom")
    after = me.page.evaluate(off)
    assert abs(after[0] - before[0]) < 0.01 * before[2] and abs(after[1] - before[1]) < 0.01 * before[2]

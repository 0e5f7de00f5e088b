"""A visitor clicks a generated sample and follows it; Escape lets it go."""

SAMPLE = """(at) => {
    const chart = document.querySelector("[data-panel=plane] .js-plotly-plot"), { xaxis, yaxis } = chart._fullLayout;
    const player = document.querySelector(".gs").parentNode.player;
    const { fake_x, fake_y } = player.panels.get("plane").last, { left, top } = chart.getBoundingClientRect();
    return [left + xaxis._offset + xaxis.d2p(fake_x.values[at]), top + yaxis._offset + yaxis.d2p(fake_y.values[at])];
}"""
RING = """() => {
    const { x, y, width } = document.querySelector(".gs-inspect-ring").getBoundingClientRect();
    return [x + width / 2, y + width / 2];
}"""


def fact(me, name):
    return me.page.locator(f'[data-fact="{name}"]').inner_text()


def test_a_clicked_sample_is_followed_while_training_plays_until_escape(visitor):
    me = visitor().visit("/plane").play(30)
    me.press("Pause")
    me.until(lambda: me.state == "paused" and me.shown()["plane"] == me.iteration)
    me.page.mouse.click(*me.page.evaluate(SAMPLE, 40))
    card = me.page.locator(".gs-card")
    card.wait_for()
    at = int(card.locator("strong").inner_text().split()[1]) - 1

    def apart():
        return max(abs(a - b) for a, b in zip(me.page.evaluate(SAMPLE, at), me.page.evaluate(RING)))

    assert apart() < 2
    for name in ("z", "G(z)", "D says", "nearest real", "mode"):
        assert fact(me, name)
    before, trail = fact(me, "G(z)"), me.page.locator(".gs-inspect-trail").get_attribute("points")
    assert len(trail.split()) > 1
    z = fact(me, "z")
    me.press("Play")
    me.until(lambda: fact(me, "G(z)") != before, why="for the sample to move")
    me.press("Pause")
    me.until(lambda: me.state == "paused" and me.shown()["plane"] == me.iteration)
    me.until(lambda: apart() < 2, why="for the ring to stand on its sample")
    assert fact(me, "z") == z
    assert len(me.page.locator(".gs-inspect-trail").get_attribute("points").split()) > len(trail.split())
    me.page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    assert me.page.locator(".gs-inspect-ring").is_hidden()


def test_a_click_beside_every_sample_inspects_nothing(visitor):
    me = visitor().visit("/plane")
    me.until(lambda: me.shown().get("plane") == 0)
    box = me.page.locator("[data-panel=plane] .nsewdrag").first.bounding_box()
    me.page.mouse.click(box["x"] + 12, box["y"] + 12)
    me.page.wait_for_timeout(500)
    assert me.page.locator(".gs-card").is_hidden()

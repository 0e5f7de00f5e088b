"""Makes the README's pictures from the running app: `python -m tests.e2e.pictures`."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.e2e.app import FLAGS, ROOT, Visitor, chromium, serving

PICTURES = ROOT / ".github" / "pictures"
SCENES = 40  # Pictures in the animation, one every 60 iterations at first and 150 later.


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 1000})
        animate(Visitor(page, server).visit("/line?speed=200")).save_all()
        for name, iterations in (("plane", 3000), ("images", 4000)):
            page = browser.new_page(viewport={"width": 1366, "height": 1000})
            me = Visitor(page, server).visit(f"/{name}").play(iterations)
            me.press("Pause")
            page.wait_for_timeout(2000)
            page.screenshot(path=PICTURES / f"{name}.png")
            page.close()
        browser.close()


class Film:
    """Screenshots on the way to a GIF of 256 colours."""

    def __init__(self, shots: list[bytes]):
        self.frames = [Image.open(io.BytesIO(shot)).convert("RGB").resize((820, 600), Image.LANCZOS) for shot in shots]

    def save_all(self):
        palette = self.frames[len(self.frames) // 2].quantize(128)
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames]
        durations = [140] * (len(frames) - 1) + [2500]
        frames[0].save(
            PICTURES / "line.gif", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True
        )


def animate(me: Visitor) -> Film:
    shots = [me.page.screenshot()]
    me.press("Play")
    for scene in range(1, SCENES):
        target = 60 * scene if scene < SCENES // 2 else 60 * SCENES // 2 + 150 * (scene - SCENES // 2)
        me.until(lambda target=target: me.iteration >= target)
        shots.append(me.page.screenshot())
    return Film(shots)


if __name__ == "__main__":
    main()

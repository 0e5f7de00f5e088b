"""One panel as a film, from the first kept frame to the last: GIF, or MP4 where PyAV is installed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise, repeat
from pathlib import Path

import numpy as np
from PIL import Image

from dashboard.export.camera import camera
from dashboard.export.shown import Shown, chosen
from dashboard.export.wish import Wish
from gancore.catalog import BadKnob

MB = 10**6
MOST = {".gif": 120, ".mp4": 300}  # frames
SCALE = {".gif": 1.0, ".mp4": 1.5}  # pixels per pixel of the page
RATE = {".gif": 12.5, ".mp4": 20.0}  # frames a second
LAST = 1.6  # seconds that the last one stands
SHADES = 96


def film(shown: Shown, path: Path, wish: Wish) -> None:
    """Raises `BadKnob` for a panel that is not there, or for an MP4 where nothing can write one."""
    panel = shown.panel(wish.panel)
    write = gif if wish.ending == ".gif" else encoder()
    moments = chosen(shown.moments, MOST[wish.ending])

    def pictures() -> Iterator[Image.Image]:
        with camera(panel, shown.told(shown.replay.last), wish.theme, "png", SCALE[wish.ending], caption=True) as ready:
            for done, iteration in enumerate(moments):
                wish.tell(done, len(moments), "frames")
                yield Image.open(io.BytesIO(ready.shoot(shown.at(iteration)))).convert("RGB")
        wish.tell(len(moments), len(moments), "frames")

    with closing(pictures()) as taken:  # else the browser would go on where writing fails
        write(taken, path, len(moments), wish.megabytes * MB)


def gif(pictures: Iterator[Image.Image], path: Path, count: int, room: float) -> None:
    """Every second frame goes as often as it takes to fit into `room` bytes."""
    sheets = [picture.quantize(SHADES, dither=Image.Dither.NONE) for picture in pictures]
    seconds = count / RATE[".gif"]
    while True:
        times = [1000 * seconds / len(sheets)] * (len(sheets) - 1) + [1000 * LAST]
        sheets[0].save(path, "gif", save_all=True, append_images=sheets[1:], duration=times, loop=0, optimize=True)
        if path.stat().st_size <= room or len(sheets) < 4:
            return
        sheets = thinned(sheets)


def thinned(sheets: Sequence[Image.Image]) -> list[Image.Image]:
    """Every second one, the last among them."""
    return [a for at, (a, _) in enumerate(pairwise(sheets)) if at % 2 == 0] + [sheets[-1]]


def even(picture: Image.Image) -> np.ndarray:
    """Its pixels (height, width, 3), an even number of them along each side, as H.264 wants them."""
    return np.ascontiguousarray(np.asarray(picture)[: picture.height // 2 * 2, : picture.width // 2 * 2])


def standing(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The frames, of which the last one stays for a while."""
    for frame in frames:
        yield frame
    yield from repeat(frame, int(LAST * RATE[".mp4"]))


def encoder() -> Callable[[Iterator[Image.Image], Path, int, float], None]:
    """What writes an MP4. PyAV brings its own FFmpeg of 35 MB, which is why it is not among the requirements."""
    try:
        import av
    except ModuleNotFoundError:
        raise BadKnob(
            'to = .mp4 needs PyAV, which is not installed: pip install "av>=16". A .gif can be had without'
        ) from None

    def mp4(pictures: Iterator[Image.Image], path: Path, count: int, room: float) -> None:
        seconds = count / RATE[".mp4"] + LAST
        most = str(int(0.85 * 8 * room / seconds))  # bits a second: what is written stays within the room
        options = {"crf": "18", "preset": "medium", "maxrate": most, "bufsize": most, "tune": "animation"}
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as file:
            stream = file.add_stream("libx264", rate=int(RATE[".mp4"]), options=options)
            stream.pix_fmt = "yuv420p"  # every player has it
            for pixels in standing(even(picture) for picture in pictures):
                if not stream.codec_context.is_open:
                    stream.height, stream.width = pixels.shape[:2]
                file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            file.mux(stream.encode())

    return mp4

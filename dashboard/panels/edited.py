"""What follows the data on the stage of the plane when they are edited in the middle of a run."""

from __future__ import annotations


def followed(trace: int, pictures: int) -> dict[str, str]:
    """The binds of the probe `reals`: real samples in this trace, the window on both axes and the first pictures."""
    places = {"x": "window_left", "y": "window_top", "sizex": "window_width", "sizey": "window_height"}
    return {
        f"data.{trace}.x": "real_x",
        f"data.{trace}.y": "real_y",
        "layout.xaxis.range": "window_x",
        "layout.yaxis.range": "window_y",
        **{f"layout.images.{at}.{side}": name for at in range(pictures) for side, name in places.items()},
    }

"""A panel takes arrays by path and name, in Python as in the player."""

import base64
import io
import json

import numpy as np
from PIL import Image

from dashboard.panels.panel import Panel, View, apply
from dashboard.panels.pca import pca
from dashboard.panels.samples import samples
from dashboard.theme import GENERATED, REAL, curve, figure
from gancore.config import Config
from gancore.game.data import stored
from gancore.observe.frame import Frame
from gancore.observe.observer import Observer
from gancore.train.trainer import Trainer


def panel(**more) -> Panel:
    chart = figure(curve("real", REAL, x=[0, 1], y=[1, 2]), curve("generated", GENERATED), xaxis=dict(range=[0, 10]))
    bind = {"data.1.y": "p_g", "data.1.x": "t", "layout.xaxis.range": "time", "data.1.marker.color": "colours"}
    return Panel("density", "Density", "Both densities.", ("density",), chart, bind, **more)


def frame() -> Frame:
    return Frame(
        7,
        {"p_g": np.array([0.1, np.nan, 0.3]), "t": np.arange(3.0), "time": np.array([0.0, 20.0]), "other": np.ones(2)},
    )


def test_arrays_go_where_the_bind_says():
    shown = apply(panel(), frame())
    np.testing.assert_array_equal(shown.data[1].y, [0.1, np.nan, 0.3])
    assert shown.layout.xaxis.range == (0.0, 20.0)
    assert list(shown.data[0].y) == [1, 2] and shown.data[1].marker.color is None


def test_applying_a_frame_leaves_the_panel_as_it_was():
    kept = panel()
    apply(kept, frame(), [{"iteration": 3, "what": "k=2"}])
    assert kept.figure.data[1].y is None and kept.figure.layout.xaxis.range == (0, 10)


def test_the_first_view_of_a_group_is_shown():
    views = ((View("Log", {"yaxis.type": "log"}, {"data.0.visible": False}), View("Linear", {"yaxis.type": "linear"})),)
    shown = apply(panel(views=views), None)
    assert shown.layout.yaxis.type == "log" and shown.data[0].visible is False


def test_events_are_lines_on_time_axes_only():
    events = [{"iteration": 3, "what": "d_opt.lr=0.01"}]
    assert not apply(panel(), frame(), events).layout.shapes
    shown = apply(panel(timeline=("xaxis",)), frame(), events)
    assert (shown.layout.shapes[0].x0, shown.layout.shapes[0].xref, shown.layout.shapes[0].yref) == (3, "x", "y domain")
    assert "d_opt.lr=0.01" in shown.layout.annotations[0].hovertext


def test_bytes_bound_to_a_source_become_the_same_picture():
    import plotly.graph_objects as go

    chart = figure(go.Image(source=None))
    pixels = np.arange(12, dtype="u1").reshape(3, 4)
    source = apply(Panel("s", "S", "", (), chart, {"data.0.source": "grid"}), Frame(0, {"grid": pixels})).data[0].source
    picture = Image.open(io.BytesIO(base64.b64decode(source.removeprefix("data:image/png;base64,"))))
    np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_the_spec_is_plain_json_without_a_template():
    spec = panel(views=((View("Log", {"yaxis.type": "log"}, probes=("log",)), View("Linear")),)).spec
    assert json.loads(json.dumps(spec)) == spec
    assert "template" not in spec["figure"]["layout"] and spec["views"][0][0]["probes"] == ["log"]


def test_pictures_in_colour_are_drawn_in_colour(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pictures = np.random.default_rng(0).integers(0, 256, (80, 3, 8, 8), np.uint8)
    stored.save("pictures", "coloured", pictures)
    config = Config.from_flat({"data": "own-pictures", "data.set": "coloured", "g.width": 8, "d.width": 8})
    source = config.data.open()
    observer = Observer(Observer.prepare(config, source))
    frame = observer.look(Trainer(config, source), {"samples", "fresh-samples", "nearest", "pca"}, 0.0)
    grid = frame.arrays["grid_fixed"]
    assert grid.shape == (71, 71, 3) and {name for name, a in frame.arrays.items() if a.ndim == 3} == {
        "grid_fixed",
        "grid_fresh",
        "grid_nearest",
    }
    drawn = apply(samples(config), frame)
    generated, real = (decoded(drawn.data[i].source) for i in (0, 2))
    np.testing.assert_array_equal(generated, grid)
    known = {picture.transpose(1, 2, 0).tobytes() for picture in pictures}
    assert real.shape == grid.shape and np.ascontiguousarray(real[:8, 9:17]).tobytes() in known
    assert len(apply(pca(config), frame).data[1].x) == len(frame.arrays["pca_x"])


def decoded(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))

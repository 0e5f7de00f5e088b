"""The plane's panels: what a frame fills in, and which panels a data set has."""

import numpy as np
import pytest
import torch

from dashboard.panels.panel import apply
from dashboard.panels.plane import plane
from dashboard.panels.shares import shares
from dashboard.panels.sliced import sliced
from dashboard.views.plane import PANELS
from gancore.config import Config
from gancore.game.data import data
from gancore.game.losses import losses
from gancore.observe import look
from gancore.observe.observer import Observer
from gancore.observe.probes import PROBES
from gancore.train.trainer import Trainer

SOURCES = [name for name in data if data[name].page == "plane" and name != "own-points"]


def frame(config, *panels):
    trainer = Trainer(config)
    observer = Observer(Observer.prepare(config, trainer.game.source))
    return observer.look(trainer, {probe for panel in panels for probe in probes(panel)}, 0.0)


def probes(panel):
    """All that a panel may ever ask for."""
    views = {probe for group in panel.views for view in group for probe in view.probes}
    return {*panel.probes, *views, *(probe for layer in panel.layers for probe in layer.probes)}


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("name", SOURCES)
def test_every_name_a_panel_binds_is_in_its_frame(name, dim):
    config = Config.from_flat({"data": name, "g.width": 8, "d.width": 8, "noise.dim": dim, "ema": 0.9})
    panels = [panel for make in PANELS if (panel := make(config))]
    seen = frame(config, *panels)
    bound = {array for panel in panels for array in panel.bind.values()}
    known = {probe for panel in panels for probe in probes(panel)}
    if "best-field" not in known:  # no density, no D*
        bound -= {array for array in bound if array.startswith(("best_", "difference_"))}
    if "manifold" not in known:  # z of many numbers
        bound -= {array for array in bound if array.startswith(("manifold_", "folded_"))}
    assert bound <= set(seen.arrays) and known <= PROBES.keys()
    for panel in panels:
        apply(panel, seen)


def test_the_stage_fills_its_picture_and_its_numbers():
    config = Config.from_flat({"data": "ring", "g.width": 8, "d.width": 8})
    panel = plane(config)
    seen = frame(config, panel)
    shown = apply(panel, seen)
    assert shown.layout.images[0].source.startswith("data:image/png") and shown.layout.images[0].visible
    assert not shown.layout.images[1].visible and shown.layout.images[1].source != panel.figure.layout.images[1].source
    assert float(shown.layout.annotations[0].text) == seen.arrays["arrow_unit"]
    assert [float(shown.layout.annotations[at].text) for at in (1, 2)] == [seen.arrays["d_low"], seen.arrays["d_high"]]
    generated = next(int(path.split(".")[1]) for path, name in panel.bind.items() if name == "fake_x")
    np.testing.assert_array_equal(shown.data[generated].x, seen.arrays["fake_x"])


def test_every_word_of_the_sentence_shows_parts_that_are_there_and_says_what_it_costs():
    panel = plane(Config.from_flat({"data": "ring", "noise.dim": 2}))
    figure = panel.figure.to_plotly_json()
    for layer in panel.layers:
        for part in layer.parts:
            at = figure
            for step in part.split("."):
                at = at[int(step)] if isinstance(at, (list, tuple)) else at[step]
        views = [view for group in panel.views for view in group if view.layer == layer.words]
        assert layer.probes or views or layer.words == "real samples"
    words = {layer.words for layer in panel.layers}
    assert {view.layer for group in panel.views for view in group} <= words and all(
        word in panel.help for word in words
    )


def test_a_hidden_layer_is_neither_computed_nor_drawn():
    panel = plane(Config.from_flat({"data": "ring", "noise.dim": 2}))
    hidden = next(layer for layer in panel.layers if not layer.shown)
    assert hidden.words == "trails" and "trails" not in panel.first_probes and "arrows" in panel.first_probes
    trace = apply(panel, None).data[int(hidden.parts[0].removeprefix("data."))]
    assert trace.name == "trails" and trace.visible is False


@pytest.mark.parametrize(
    "noise, offered",
    [
        ({"noise.dim": 1}, True),
        ({"noise.dim": 2}, True),
        ({"noise.dim": 3}, False),
        ({"noise": "bernoulli", "noise.dim": 2}, False),
    ],
)
def test_the_manifold_is_offered_where_z_has_a_grid(noise, offered):
    panel = plane(Config.from_flat({"data": "ring"} | noise))
    assert ("manifold" in panel.help) == offered


@pytest.mark.parametrize("loss", losses)
def test_d_star_is_offered_where_loss_and_density_know_it(loss):
    for name in ("ring", "spiral"):
        config = Config.from_flat({"data": name}).with_("loss", loss)
        labels = [view.label for view in plane(config).views[-1]]
        assert ("D*" in labels) == (name == "ring" and config.loss.knows_best)


def test_modes_are_counted_only_where_there_are_modes():
    ring, spiral = (Config.from_flat({"data": name}) for name in ("ring", "spiral"))
    assert shares(ring) and shares(spiral) is None
    assert sliced(ring) and sliced(spiral)


def test_ninety_percent_on_one_of_eight_is_shown_as_the_collapse_that_it_is():
    config = Config.from_flat({"data": "ring", "data.sigma": 0.05, "g.width": 8, "d.width": 8})
    trainer, panel = Trainer(config), shares(config)
    observer = Observer(Observer.prepare(config, trainer.game.source))
    rows = np.repeat(np.arange(8), (1800, *[29] * 6, 26))
    samples = (
        config.data.sample(2000, torch.Generator().manual_seed(0)) * 0 + torch.tensor(config.data.modes)[rows, 1:3]
    )
    trainer.game.generate = lambda state, z, ema=False: samples
    shown = apply(panel, observer.look(trainer, set(panel.probes), 0.0))
    written = [note.text for note in shown.layout.annotations]
    # And no count of modes that were merely reached.
    assert written == ["1.68", "77.5", "of 8 effective modes", "% on the wrong mode"]
    low, high = look.plane_reference(config.data).bands.T
    bars, past = np.array(shown.data[0].y), np.array(shown.data[3].z)[:, -1]
    assert bars[0] > 6 * high[0] and (bars[1:] < low[1:] / 5).all()
    stops = np.array([at for at, _ in shown.data[3].colorscale]) * shown.data[3].zmax
    clear = [stop for stop, (_, colour) in zip(stops, shown.data[3].colorscale) if colour.endswith(",0)")]
    assert past[0] > 7 and (past[1:] < 0.15).all() and 0.15 < clear[0] < 1 < clear[1] < 1.5
    floor = look.plane_reference(config.data).floor["effective"]
    assert shown.data[4].y[-1] < 1.7 < floor[0]


def test_a_perfect_samplers_history_is_clear():
    config = Config.from_flat({"data": "ring", "data.sigma": 0.05})
    known, heat = look.plane_reference(config.data), shares(config).figure.data[3]
    stops = [at * heat.zmax for at, colour in heat.colorscale if colour.endswith(",0)")]
    ratios = [
        known.census(config.data.sample(2000, torch.Generator().manual_seed(seed)).numpy()).counts
        / 2000
        / known.expected
        for seed in range(60)
    ]
    assert np.mean((np.array(ratios) >= stops[0]) & (np.array(ratios) <= stops[1])) > 0.93

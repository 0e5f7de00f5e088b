"""The plane's panels: what a frame fills in, and which panels a data set has."""

import numpy as np
import pytest

from dashboard.panels.panel import apply
from dashboard.panels.plane import plane
from dashboard.panels.shares import shares
from dashboard.panels.sliced import sliced
from dashboard.views.plane import PANELS
from gancore.config import Config
from gancore.game.data import data
from gancore.game.losses import losses
from gancore.observe.observer import Observer
from gancore.observe.probes import PROBES
from gancore.train.trainer import Trainer

SOURCES = [name for name in data if data[name].page == "plane" and name != "own-points"]


def frame(config, *panels):
    trainer = Trainer(config)
    observer = Observer(Observer.prepare(config, trainer.game.source))
    views = {probe for panel in panels for group in panel.views for view in group for probe in view.probes}
    return observer.look(trainer, {probe for panel in panels for probe in panel.probes} | views, 0.0)


@pytest.mark.parametrize("name", SOURCES)
def test_every_name_a_panel_binds_is_in_its_frame(name):
    config = Config.from_flat({"data": name, "g.width": 8, "d.width": 8, "ema": 0.9})
    panels = [panel for make in PANELS if (panel := make(config))]
    seen = frame(config, *panels)
    bound = {array for panel in panels for array in panel.bind.values()}
    known = {probe for panel in panels for group in panel.views for view in group for probe in view.probes}
    if "best-field" not in known:  # no density, no D*
        bound -= {array for array in bound if array.startswith(("best_", "difference_"))}
    assert bound <= set(seen.arrays) and {probe for panel in panels for probe in panel.probes} <= PROBES.keys()
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
    np.testing.assert_array_equal(shown.data[1].x, seen.arrays["fake_x"])


@pytest.mark.parametrize("loss", losses)
def test_d_star_is_offered_where_loss_and_density_know_it(loss):
    for name in ("ring", "spiral"):
        config = Config.from_flat({"data": name}).with_("loss", loss)
        labels = [view.label for view in plane(config).views[-1]]
        assert ("D*" in labels) == (name == "ring" and config.loss.knows_best)


def test_modes_are_counted_only_where_there_are_modes():
    ring, spiral = (Config.from_flat({"data": name}) for name in ("ring", "spiral"))
    assert shares(ring) and shares(spiral) is None
    assert sliced(ring).probes == ("sliced", "modes") and sliced(spiral).probes == ("sliced",)

"""What is told of one sample is true of it, its trail is bounded and leads to it, and the map of z is G's own."""

import numpy as np
import pytest
import torch

from dashboard.panels.latent import latent as panel
from dashboard.panels.latent import told
from gancore.config import Config
from gancore.observe.look import SCORED
from gancore.observe.observer import Observer
from gancore.observe.past import Past
from gancore.observe.probes import find
from gancore.observe.probes.latent import NAMED, NOWHERE, PALETTE, SIDE, STRIP, cells, landed, reach
from gancore.train.trainer import Trainer

RING = {"data": "ring", "data.sigma": 0.1, "g.width": 16, "d.width": 16, "noise.dim": 2, "batch": 64}


@pytest.fixture(scope="module")
def watched():
    """A run that was looked at after 0, 10, ... 100 iterations."""
    trainer = Trainer(Config.from_flat(RING))
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    there = []
    for _ in range(11):
        observer.look(trainer, {"points"}, 0.0)
        there.append(trainer.game.generate(trainer.state, observer.fixed.z)[:SCORED].numpy())
        trainer.advance(10)
    return trainer, observer, np.stack(there)


def test_an_inspected_sample_is_what_g_d_and_the_data_say(watched):
    trainer, observer, _ = watched
    seen = observer.look(trainer, {"inspect:17"}, 0.0).arrays
    fact = {name.removeprefix("inspect:17."): array for name, array in seen.items()}
    x = trainer.game.generate(trainer.state, observer.fixed.z)
    np.testing.assert_array_equal(fact["place"], x[17])
    np.testing.assert_array_equal(fact["z"], observer.fixed.z[17])
    said = trainer.config.loss.read(trainer.game.judge(trainer.state, x[17:18]))
    assert fact["d"] == pytest.approx(said.item(), abs=1e-6)
    pull = trainer.game.pull(trainer.state, x[:SCORED], observer.fixed.real[:SCORED])
    np.testing.assert_allclose(fact["pull"], pull[17], rtol=1e-6)
    away = np.linalg.norm(observer.fixed.real.numpy() - fact["place"], axis=1)
    assert np.linalg.norm(fact["nearest"] - fact["place"]) == pytest.approx(away.min())
    centres = np.array(trainer.config.data.modes)[:, 1:3]
    sigmas = np.linalg.norm(centres - fact["place"], axis=1) / 0.1
    assert fact["mode"] == sigmas.argmin() + 1 and fact["away"] == pytest.approx(sigmas.min(), rel=1e-5)
    assert bool(fact["count"]) == (sigmas.min() < 3)


def test_a_trail_leads_through_every_look_to_where_the_sample_is(watched):
    trainer, observer, there = watched
    seen = observer.look(trainer, {"inspect:3"}, 0.0).arrays
    np.testing.assert_array_equal(seen["inspect:3.trail_t"], np.arange(0, 111, 10))
    np.testing.assert_array_equal(seen["inspect:3.trail"][:-1], there[:, 3])
    np.testing.assert_array_equal(seen["inspect:3.trail"][-1], seen["inspect:3.place"])


@pytest.mark.parametrize(
    "name", ["inspect", "inspect:", "inspect:-1", "inspect:x", "inspect:500", "inspect:9999999", "losses:3"]
)
def test_who_asks_for_no_sample_of_ours_gets_nothing(name, watched):
    trainer, observer, _ = watched
    assert not observer.look(trainer, {name}, 0.0).arrays


def test_a_sample_of_a_broken_generator_or_of_data_without_modes_has_gaps():
    trainer = Trainer(Config.from_flat({"data": "spiral", "g.width": 8}))
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    trainer.game.generate = lambda state, z, ema=False: torch.full((len(z), 2), torch.inf)
    seen = observer.look(trainer, {"inspect:0"}, 0.0).arrays
    assert np.isnan(seen["inspect:0.place"]).all() and np.isnan(seen["inspect:0.nearest"]).all()
    assert seen["inspect:0.mode"] == 0 and not any(np.isinf(array).any() for array in seen.values())


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_past_is_bounded_and_spread_over_the_whole_run(step):
    past = Past(limit=32)
    for iteration in range(0, 3000 * step, step):
        past.append(iteration, np.full((2, 2), iteration))
        assert len(past) <= 33
    t, x = past.trail(1)
    assert t[0] == 0 and t[-1] == 2999 * step and (np.diff(t) > 0).all()
    np.testing.assert_array_equal(x[:, 0], t)
    assert np.diff(t).max() <= 2 * np.median(np.diff(t)) and len(t) > 16


def test_of_one_iteration_the_last_word_counts():
    past = Past()
    for iteration, place in ((0, 1), (5, 2), (5, 3)):
        past.append(iteration, np.full((1, 2), place))
    np.testing.assert_array_equal(past.trail(0)[1][:, 0], [1, 3])


def mapped(settings, generate):
    trainer = Trainer(Config.from_flat(RING | settings))
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    trainer.game.generate = lambda state, z, ema=False: generate(z)
    return trainer, observer, observer.look(trainer, {"latent"}, 0.0).arrays


def test_the_map_of_a_generator_that_leaves_z_as_it_is_shows_the_modes_themselves():
    trainer, observer, seen = mapped({}, lambda z: z)
    modes, grid = np.array(trainer.config.data.modes), cells(observer.fixed.z).numpy()
    away = np.linalg.norm(grid[:, None] - modes[:, 1:3], axis=2) / 0.1
    for number in range(1, 9):
        drawn = (seen["latent_image"][::-1].reshape(-1, 4) == PALETTE[number]).all(1)
        np.testing.assert_array_equal(drawn, (away.argmin(1) + 1 == number) & (away.min(1) < 3))
        label = np.array([seen["latent_x"][number - 1], seen["latent_y"][number - 1]])
        assert np.linalg.norm(label - modes[number - 1, 1:3]) < 3 * 0.1
    assert seen["latent_image"].shape == (SIDE, SIDE, 4)


def test_a_generator_that_collapsed_has_a_map_of_one_colour_and_one_that_strays_a_grey_one():
    centre = torch.tensor([[1.0, 0.0]])
    _, _, seen = mapped({}, lambda z: centre.expand(len(z), 2))
    assert (seen["latent_image"] == PALETTE[1]).all() and np.isfinite(seen["latent_x"]).sum() == 1
    _, _, seen = mapped({}, lambda z: centre.expand(len(z), 2) * 9)
    assert (seen["latent_image"] == NOWHERE).all() and np.isnan(seen["latent_x"]).all()


def test_one_number_makes_a_strip_and_more_than_two_a_slice_through_zero():
    _, observer, seen = mapped({"noise.dim": 1}, lambda z: torch.cat([z, z], 1))
    assert seen["latent_image"].shape == (1, STRIP, 4) and cells(observer.fixed.z).shape == (STRIP, 1)
    _, observer, _ = mapped({"noise.dim": 5}, lambda z: z[:, :2])
    assert (cells(observer.fixed.z)[:, 2:] == 0).all() and "5 numbers" in told(5) and "numbers" not in told(2)


def test_noise_without_width_still_has_a_map():
    assert all(low < high for low, high in reach(torch.ones(10, 2)))


def test_more_modes_than_colours_begin_anew_and_keep_their_numbers():
    modes = np.array([[1, x, 0, 0.1] for x in range(25)], float)
    at = landed(np.stack([np.arange(25), np.zeros(25)], 1), modes)
    np.testing.assert_array_equal(at, np.arange(25) + 1)
    assert NAMED > 1 and len({tuple(colour) for colour in PALETTE}) == len(PALETTE) == 10


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_the_panel_names_every_mode_where_it_lies_and_data_without_modes_have_none(name):
    config = Config.from_flat({"data": name})
    figure = panel(config).figure
    named = [(float(note.text), note.x, note.y) for note in figure.layout.annotations]
    assert named == [(at + 1, x, y) for at, (_, x, y, _) in enumerate(config.data.modes)]
    assert panel(Config.from_flat({"data": "spiral"})) is None


def test_probes_of_one_are_found_by_their_number_only():
    assert find("inspect:12").keywords == {"at": 12} and find("inspect") is None and find("nothing") is None

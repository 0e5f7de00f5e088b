"""The best discriminator as the line page draws it: D* beside D, and what it is worth beside V."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard.panels.density import density as density_panel
from dashboard.panels.losses import losses as losses_panel
from gancore.config import Config
from gancore.game.inputs import inputs
from gancore.game.losses import losses
from gancore.observe.look import Fixed, Look
from gancore.observe.probes.line import best_d, best_v, density
from gancore.train.trainer import Trainer

BELL = {"data": "normal", "data.mean": 0, "data.std": 1, "g.width": 8, "d.width": 8}


@pytest.fixture(scope="module")
def bell():
    """What is known about the standard normal."""
    config = Config.from_flat(BELL)
    return Fixed(config, config.data.open())


def seen(bell, name, p_g, shown="none", **knobs):
    """A look at a game with this loss and this input, whose generator has this density."""
    game, state = SimpleNamespace(input=inputs.make(shown, **knobs)), SimpleNamespace(iteration=0)
    return SimpleNamespace(loss=losses[name](), fixed=bell, p_g=p_g, game=game, state=state)


def shifted(bell, mean, std=1.0):
    return np.exp(-0.5 * ((bell.reference.grid - mean) / std) ** 2) / (math.sqrt(2 * math.pi) * std)


@pytest.mark.parametrize("name", losses)
def test_d_star_is_drawn_in_ds_unit_wherever_it_is_known(name, bell):
    config = Config.from_flat(BELL | {"loss": name})
    trainer = Trainer(config, bell.source)
    trainer.advance(3)
    arrays = density(Look(trainer, bell, None, {}))
    low, high = arrays["d_range"]
    star = arrays["d_star"]
    assert star.shape == arrays["d_x"].shape and not np.isinf(star).any()
    assert np.isfinite(star).any() == config.loss.knows_best
    assert np.nanmin(star, initial=0) >= 8 * low and np.nanmax(star, initial=0) <= 8 * high


def test_a_best_d_that_is_free_to_move_is_drawn_where_d_is(bell):
    p_g, d = shifted(bell, 0.5), np.zeros(400)
    for name, moves in (("relativistic", 5.0), ("non-saturating", 0.0)):
        look = seen(bell, name, p_g)
        np.testing.assert_allclose(best_d(look, d + 5) - best_d(look, d), moves, atol=1e-5)
    exact = bell.log_p.numpy() - np.log(p_g)
    np.testing.assert_allclose(best_d(seen(bell, "relativistic", p_g), exact + 3), exact + 3, atol=1e-4)


def logit(d):
    return np.log(d) - np.log1p(-d)


def test_a_d_that_sees_packs_is_best_when_it_is_m_times_as_sure(bell):
    p_g, d = shifted(bell, 0.3), np.zeros(400)
    one, three = (best_d(seen(bell, "minimax", p_g, "packing", m=m), d) for m in (1, 3))
    near = np.abs(bell.reference.grid) < 3
    np.testing.assert_allclose(logit(three[near]), 3 * logit(one[near]), rtol=1e-4, atol=1e-5)
    assert math.isnan(best_v(seen(bell, "minimax", p_g, "packing", m=3)))


def test_a_d_that_sees_noise_is_best_when_it_tells_the_blurred_densities_apart(bell):
    """N(0, 1) and N(1/2, 1) with noise of variance 9/16 on them are N(0, 25/16) and N(1/2, 25/16)."""
    look = seen(bell, "minimax", shifted(bell, 0.5), "instance-noise", sigma=0.75)
    blurred = [shifted(bell, mean, std=1.25) for mean in (0.0, 0.5)]
    near = np.abs(bell.reference.grid) < 2
    exact = blurred[0] / (blurred[0] + blurred[1])
    np.testing.assert_allclose(best_d(look, np.zeros(400))[near], exact[near], atol=2e-3)
    assert -math.log(4) < best_v(look) < best_v(seen(bell, "minimax", shifted(bell, 0.5)))


@pytest.mark.parametrize("name", [name for name in losses if losses[name]().knows_best])
def test_v_of_the_best_d_is_that_of_the_theorem(name, bell):
    assert best_v(seen(bell, name, bell.reference.p)) == pytest.approx(-losses[name]().equilibrium_d, abs=1e-3)
    apart = best_v(seen(bell, name, shifted(bell, 1.0)))
    nowhere = best_v(seen(bell, name, bell.reference.p * 0))
    assert apart > -losses[name]().equilibrium_d + 0.01
    assert nowhere > apart or math.isnan(nowhere)
    if name == "non-saturating":
        assert apart == pytest.approx(-math.log(4) + 2 * 0.111421, abs=2e-3)


@pytest.mark.parametrize("name", losses)
@pytest.mark.parametrize("data", ["normal", "digits"])
def test_panels_promise_no_line_that_nobody_knows(name, data):
    config = Config.from_flat({"data": data, "loss": name})
    names = [trace.name for trace in losses_panel(config).figure.data]
    assert ("V(G, D*)" in names) == (config.loss.knows_best and data == "normal")
    assert all(int(path.split(".")[1]) < len(names) for path in losses_panel(config).bind if path.startswith("data."))
    if data == "normal":
        figure = density_panel(config).figure
        assert figure.data[3].name.startswith("best possible") and figure.data[3].showlegend == config.loss.knows_best
    texts = [mark.text for mark in losses_panel(config).figure.layout.annotations]
    assert "-0" not in texts and len(texts) == 2 + (config.loss.equilibrium_g is not None)

"""Truths about looking: it changes nothing, computes what is asked for, and keeps its names whatever comes."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from gancore.config import Config
from gancore.game.losses import losses
from gancore.observe import observer as observer_module
from gancore.observe.frame import Frame
from gancore.observe.look import SCORED
from gancore.observe.observer import Observer
from gancore.observe.probes import PROBES
from gancore.observe.probes.images import RARELY
from gancore.train.state import State
from gancore.train.trainer import SCALARS, Trainer


def of(*rooms):
    """The probes of these modules."""
    return {name for name, probe in PROBES.items() if probe.arrays.__module__.rpartition(".")[2] in rooms}


IMAGES, LINE = of("images"), of("line")
PLANE = of("plane", "manifold", "trails", "modes", "real", "latent")
EVERY = set(PROBES) - IMAGES - LINE - PLANE
ON = {
    "normal": EVERY | LINE,
    "cauchy": EVERY | LINE,
    "digits": EVERY | IMAGES,
    "ring": EVERY | PLANE,
    "dirac": EVERY,
}
CONFIGS = {name: Config.from_flat({"data": name, "batch": 16, "g.width": 8, "d.width": 8}) for name in ON}


@pytest.fixture(scope="module")
def fixed():
    """What the looks of a run share, made once for each data set."""
    return {name: Observer.prepare(config, config.data.open()) for name, config in CONFIGS.items()}


def observed(trainer, observer, n):
    first = trainer.iteration + 1
    observer.history.append(trainer.advance(n).numpy(), first)


@pytest.mark.parametrize("name", ON)
def test_looking_changes_nothing(name, fixed):
    alone, watched = Trainer(CONFIGS[name]), Trainer(CONFIGS[name])
    observer, rows = Observer(fixed[name]), []
    for _ in range(10):
        first = watched.iteration + 1
        rows.append(watched.advance(10))
        observer.history.append(rows[-1].numpy(), first)
        observer.look(watched, ON[name], 0.0)
    assert torch.equal(alone.advance(100), torch.cat(rows))
    one, other = alone.state.tensors(), watched.state.tensors()
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", ON)
def test_every_probe_gives_the_same_names_at_every_moment_and_its_frame_travels(name, fixed):
    trainer, observer = Trainer(CONFIGS[name]), Observer(fixed[name])
    names, shapes = None, None
    for n in (0, 1, 50, 300):
        if n:
            observed(trainer, observer, n)
        frame = observer.look(trainer, ON[name], 1.5)
        for key, array in frame.arrays.items():
            assert np.isfinite(array).all() or array.dtype.kind == "f", f"{key} is {array.dtype}"
            # A ratio of densities is endless where only one of them is.
            endless = key != "ratio_at" and np.isinf(array.astype(np.float64)).any()
            assert not endless, f"{key} holds infinities: a gap is NaN"
        names = names or frame.arrays.keys()
        assert frame.arrays.keys() == names
        grids = {key: array.shape for key, array in frame.arrays.items() if array.ndim > 1 and "history" not in key}
        shapes = shapes or grids
        assert grids == shapes
        again = Frame.decode(frame.encode())
        assert again.iteration == trainer.iteration and again.arrays.keys() == names
    assert frame.info["d_updates"] == trainer.state.d_updates == 351


@pytest.mark.parametrize("probe", sorted((EVERY | LINE) - of("stages")))
@pytest.mark.parametrize("loss", losses)
def test_probes_work_for_every_loss_and_share_no_names_by_accident(probe, loss, fixed):
    config = CONFIGS["normal"].with_("loss", loss)
    trainer, observer = Trainer(config), Observer(fixed["normal"])
    observed(trainer, observer, 5)
    alone = observer.look(trainer, {probe}, 0.0).arrays
    others = observer.look(trainer, ON["normal"] - {probe}, 0.0).arrays
    assert alone and set(alone) & set(others) <= {"time"}


def test_only_what_is_asked_for_is_computed(fixed):
    trainer, observer = Trainer(CONFIGS["normal"]), Observer(fixed["normal"])
    assert observer.look(trainer, set(), 0.0).arrays == {}
    assert observer.look(trainer, {"no-such-probe"}, 0.0).arrays == {}
    assert set(observer.look(trainer, {"losses"}, 0.0).arrays) == {"time", "d_loss", "d_loss_t", "g_loss", "g_loss_t"}


def test_the_losses_shown_are_the_losses_played(fixed):
    trainer, observer = Trainer(CONFIGS["normal"]), Observer(fixed["normal"])
    rows = trainer.advance(100)
    observer.history.append(rows.numpy(), 1)
    arrays = observer.look(trainer, {"losses", "scores", "gradients"}, 0.0).arrays
    for i, name in enumerate(SCALARS):
        np.testing.assert_array_equal(arrays[f"{name}_t"], np.arange(1, 101))
        np.testing.assert_array_equal(arrays[name], rows[:, i].numpy())


def test_scores_are_shares_and_v_is_minus_the_loss(fixed):
    trainer, observer = Trainer(CONFIGS["normal"]), Observer(fixed["normal"])
    observed(trainer, observer, 5)
    arrays = observer.look(trainer, {"scores", "value"}, 0.0).arrays
    assert arrays["score_real"].sum() == pytest.approx(1) and arrays["score_fake"].sum() == pytest.approx(1)
    assert -6 < arrays["value"][-1] < 0


def test_generators_that_broke_show_as_gaps(fixed):
    """A state with weights so large that nothing comes out but infinities must not stop the looking."""
    trainer, observer = Trainer(CONFIGS["normal"]), Observer(fixed["normal"])
    observed(trainer, observer, 5)
    names = observer.look(trainer, ON["normal"], 0.0).arrays.keys()
    broken = State(**{**vars(trainer.state), "g": trainer.state.g * 1e30, "d": trainer.state.d * 1e30})
    frame = observer.look(Trainer(CONFIGS["normal"], state=broken), ON["normal"], 0.0)
    assert frame.arrays.keys() == names
    assert np.isnan(frame.arrays["w1"][-1])
    frame.encode()


def test_points_are_g_of_the_fixed_z_and_broken_ones_are_gaps(fixed):
    trainer, observer = Trainer(CONFIGS["ring"]), Observer(fixed["ring"])
    arrays = observer.look(trainer, {"points"}, 0.0).arrays
    fake = trainer.game.generate(trainer.state, fixed["ring"].z)[:SCORED]
    np.testing.assert_array_equal(np.stack([arrays["fake_x"], arrays["fake_y"]], 1), fake)
    broken = State(**{**vars(trainer.state), "g": trainer.state.g * 1e30})
    gaps = observer.look(Trainer(CONFIGS["ring"], state=broken), {"points"}, 0.0).arrays
    assert np.isnan(gaps["fake_x"]).any()


def test_any_first_part_of_the_fixed_z_is_a_sample():
    config = CONFIGS["normal"].with_("noise", "stratified")
    z = Observer.prepare(config, config.data.open()).z[:, 0]
    assert abs(z[:500].mean()) < 0.6 and abs(z[:500].std() - 5 / 3**0.5) < 0.3


def test_fixed_samples_are_the_same_for_the_same_seed():
    one, other = (Observer.prepare(CONFIGS["normal"], CONFIGS["normal"].data.open()) for _ in range(2))
    assert torch.equal(one.z, other.z) and torch.equal(one.real, other.real)


def test_the_running_mean_of_g_is_seen_apart_from_g():
    config = Config.from_flat({"ema": 0.9, "data": "two-normals", "g.width": 8, "d.width": 8})
    trainer = Trainer(config)
    looking = Observer(Observer.prepare(config, trainer.game.source))
    first = looking.look(trainer, {"density", "ema-density"}, 0.0).arrays
    np.testing.assert_array_equal(first["p_g"], first["p_ema"])  # before the first update they are one
    trainer.advance(50)
    then = looking.look(trainer, {"density", "ema-density"}, 0.0).arrays
    moved = {name: np.abs(then[name] - first[name]).sum() for name in ("p_g", "p_ema")}
    assert 0 < moved["p_ema"] != moved["p_g"]


@pytest.mark.parametrize("name", ON)
def test_a_glance_has_new_lines_and_says_of_all_else_which_moment_it_is_of(name, fixed):
    trainer, observer = Trainer(CONFIGS[name]), Observer(fixed[name])
    observed(trainer, observer, 20)
    whole = observer.look(trainer, ON[name], 0.0)
    observed(trainer, observer, 5)
    glance = observer.glance(trainer, ON[name], 0.0)
    assert glance.iteration == 25 and glance.arrays.keys() == whole.arrays.keys()
    fresh = glance.arrays.keys() - glance.info["earlier"].keys()
    assert {"d_loss", "g_loss", "d_grad", "g_grad", "time"} <= fresh and set(glance.info["earlier"].values()) == {20}
    assert all(glance.arrays[key] is whole.arrays[key] for key in glance.info["earlier"])
    again = observer.look(trainer, ON[name], 0.0)
    for key in fresh:
        np.testing.assert_array_equal(glance.arrays[key], again.arrays[key])
    assert len(glance.arrays["d_loss"]) == 25


def test_while_a_run_plays_the_nearest_pictures_are_looked_for_now_and_then_and_at_once_where_it_stands(
    fixed, monkeypatch
):
    trainer, observer = Trainer(CONFIGS["digits"]), Observer(fixed["digits"])
    monkeypatch.setattr(observer_module, "MEASURE", 0.0)
    seen = []
    for _ in range(2 * RARELY + 1):
        observed(trainer, observer, 1)
        seen.append(observer.look(trainer, {"nearest"}, 0.0).arrays["nearest_distance"])
    anew = [not np.array_equal(a, b) for a, b in pairwise(seen)]
    assert [at for at, new in enumerate(anew, 1) if new] == [RARELY, 2 * RARELY]
    observed(trainer, observer, 1)
    assert not np.array_equal(
        observer.look(trainer, {"nearest"}, 0.0, playing=False).arrays["nearest_distance"], seen[-1]
    )

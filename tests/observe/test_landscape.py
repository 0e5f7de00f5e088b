"""Toy games: the closed forms are what is measured, and the swarm walks as the Trainer does."""

import numpy as np
import pytest
import torch

from gancore.observe.landscape.methods import methods
from gancore.observe.landscape.motion import field, spectrum, walk
from gancore.observe.landscape.toys import TOYS, config_of
from tests.train.smallest import smallest, where
from tests.train.smallest import walk as trained

STEPS = [*np.geomspace(0.02, 2.4, 19), 0.5]  # at 1/2, two eigenvalues of the optimistic step meet
SMOOTH = [name for name in methods if methods[name].smooth]


def variants(name):
    """The method with its defaults, and with each knob towards both its ends."""
    made = [methods[name]()]
    turned = {"r1": ({"gamma": 1.0}, {"gamma": 2.0}, {"gamma": 3.0}), "consensus": ({"gamma": 0.3},)}
    turned |= {"negative-momentum": ({"beta": -0.9},), "momentum": ({"beta": 0.9},), "unrolled": ({"k": 0}, {"k": 5})}
    turned |= {"proximal": ({"rounds": 1}, {"rounds": 2}), "lookahead": ({"k": 1}, {"k": 5, "alpha": 0.5})}
    return made + [methods.make(name, **values) for values in turned.get(name, ())]


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("name", SMOOTH)
def test_the_closed_form_is_the_measured_radius(name, toy):
    for method in variants(name):
        for h in STEPS:
            measured = spectrum(config_of(TOYS[toy], h, method.settings()), method.period).radius
            assert method.radius(h, TOYS[toy].slope) == pytest.approx(measured, abs=1e-6), (method, h)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("name", methods)
def test_every_copy_walks_as_the_trainer_does(name, toy):
    method, start = methods[name](), (1.0, -0.7)
    walked = walk(config_of(TOYS[toy], 0.2, method.settings()), start, 40)
    alone = smallest(0.2, at=start, **plain(method), loss=TOYS[toy].loss)
    torch.testing.assert_close(torch.from_numpy(walked[0]), where(alone))
    torch.testing.assert_close(torch.from_numpy(walked[1:]), trained(alone, 40))


def plain(method):
    """Settings as `smallest` wants them, with `__` for the dot; its optimiser is plain SGD unless they say otherwise."""
    settings = {address.replace(".", "__"): value for address, value in method.settings().items()}
    opt = settings.pop("g_opt", "sgd")
    settings.pop("d_opt", None)
    return settings | {"opt": opt}


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_copies_know_nothing_of_each_other():
    """A field of 35 points is 35 walks of one step."""
    for name in ("consensus", "unrolled", "r1", "adam"):
        config = config_of(TOYS["dirac"], 0.3, methods[name]().settings())
        grid, moved = field(config, (2.0, 1.0), 7, 5)
        alone = np.stack([walk(config, tuple(point), 1)[1] for point in grid])
        np.testing.assert_allclose(grid + moved, alone, rtol=1e-12, atol=1e-12)


def test_what_a_state_carries_is_named():
    def carried(name):
        return spectrum(config_of(TOYS["bilinear"], 0.2, methods[name]().settings()), methods[name]().period).carried

    assert carried("simultaneous") == carried("extragradient") == ("g", "d")
    assert carried("negative-momentum") == ("g", "d", "g_moments.velocity", "d_moments.velocity")
    assert carried("optimistic") == ("g", "d", "memory.dynamics.g", "memory.dynamics.d")


def test_who_leaves_leaves_a_gap():
    walked = walk(config_of(TOYS["bilinear"], 2.0, {}), (1.0, 1.0), 60)
    assert walked.shape == (61, 2) and np.isfinite(walked[:5]).all() and np.isnan(walked[-1]).all()
    assert np.nanmax(np.abs(walked)) < 1e6

"""The warped grid of z: folds are where a known map folds, shades are what its Jacobian says; trails are where samples were."""

import numpy as np
import pytest
import torch

from gancore.config import Config
from gancore.game.noise import noise
from gancore.observe.observer import Observer
from gancore.observe.probes.manifold import BULK, CELLS, DENSE, cells, folded, lattice
from gancore.observe.probes.plane import ARROWS
from gancore.observe.probes.trails import LONG, SHORT
from gancore.train.trainer import Trainer

RING = {"data": "ring", "data.sigma": 0.05, "g.width": 8, "d.width": 8, "noise.dim": 2, "batch": 32}


def mapping(g, **more):
    """What the probe shows of a generator that computes `g`: {"manifold": [outlines by shade], "folded": [...]}."""
    trainer = Trainer(Config.from_flat(RING | more))
    trainer.game.generate = lambda state, z, ema=False: g(z)
    arrays = look(trainer, Observer(Observer.prepare(trainer.config, trainer.game.source)), "manifold")
    corners = 2 + 2 * trainer.config.noise.dim
    return {
        name: [
            np.stack([arrays[f"{name}_{at}_x"], arrays[f"{name}_{at}_y"]], 1).reshape(-1, corners, 2)[:-1]
            for at in range(len(DENSE) + 1)
        ]
        for name in ("manifold", "folded")
    }


def look(trainer, observer, *probes):
    return observer.look(trainer, set(probes), 0.0).arrays


FOLDS = {
    "the absolute value": lambda z: torch.stack([z[:, 0].abs(), z[:, 1]], 1),
    "the square": lambda z: torch.stack([z[:, 0] ** 2, z[:, 1]], 1),
    "a book closed at 0.3": lambda z: torch.stack([(z[:, 0] - 0.3).abs(), z[:, 1]], 1),
    "the absolute value, mirrored": lambda z: torch.stack([-z[:, 0].abs(), z[:, 1]], 1),
}


@pytest.mark.parametrize("prior", ["normal", "uniform"])
@pytest.mark.parametrize("name", FOLDS)
def test_the_smaller_half_of_a_folded_sheet_is_marked_and_nothing_else(name, prior):
    choice = Config.from_flat(RING | {"noise": prior}).noise
    z, mass = lattice(choice)
    x = FOLDS[name](z).reshape(CELLS + 1, CELLS + 1, 2).numpy()
    over = folded(cells(x)[1], mass.ravel()).reshape(CELLS, CELLS)
    edge = 0.3 if "0.3" in name else 0.0
    left = z.reshape(CELLS + 1, CELLS + 1, 2)[:, 0, 0].numpy()
    left, right = left[:-1], left[1:]
    clear = (right < edge) | (left > edge)  # a cell across the crease belongs to neither side
    sides = [over[clear & (right < edge)], over[clear & (left > edge)]]
    assert sum(side.all() for side in sides) == 1 and sum((~side).all() for side in sides) == 1
    if edge:
        assert sides[1].all()  # z above 0.3 is the smaller part
    shown = mapping(FOLDS[name], noise=prior)
    assert sum(map(len, shown["folded"])) == over.sum() and sum(map(len, shown["manifold"])) == (~over).sum()


@pytest.mark.parametrize("turn", [[[1, 0], [0, 1]], [[-1, 0], [0, 1]], [[0, 2], [1, 0]], [[0.3, -1], [1, 0.3]]])
def test_a_map_that_only_turns_stretches_or_mirrors_folds_nothing(turn):
    shown = mapping(lambda z: z @ torch.tensor(turn, dtype=torch.float32).T)
    assert sum(map(len, shown["folded"])) == 0 and sum(map(len, shown["manifold"])) == CELLS**2


def test_signed_areas_are_those_of_the_jacobian():
    square = np.stack(np.meshgrid(np.arange(4.0), np.arange(4.0), indexing="ij"), -1)
    for a in ([[2, 1], [0, 3]], [[0, 1], [1, 0]], [[1, 1], [1, 1]]):
        np.testing.assert_allclose(cells(square @ np.array(a).T)[1], np.linalg.det(a), atol=1e-12)


@pytest.mark.parametrize("density", [0.1, 1.0, 5.0, 20.0, 100.0])
def test_shades_are_the_density_that_a_stretch_leaves(density):
    """A uniform z of side 2 (mass 1) on a square of side s has density 1 / s²."""
    (left, right), (low, high) = Config.from_flat(RING).data.window
    side = ((right - left) * (high - low) / density) ** 0.5
    shown = mapping(lambda z: z * side / 2, noise="uniform")
    expected = np.searchsorted(DENSE, density)
    counts = [len(outlines) for outlines in shown["manifold"]]
    assert counts[expected] > 0.99 * CELLS**2  # the prior's mass is counted in draws: a cell may miss its shade


def test_the_grid_holds_the_bulk_of_the_prior():
    for name in ("normal", "uniform", "truncated-normal", "mixture", "stratified"):
        _, mass = lattice(noise.make(name, dim=2))
        assert abs(mass.sum() - BULK**2) < 0.01, name
        assert lattice(noise.make(name, dim=3))[0] is None
        assert abs(lattice(noise.make(name, dim=1))[1].sum() - BULK) < 0.01
    assert lattice(noise.make("point", dim=2))[0] is None and lattice(noise.make("bernoulli", dim=1))[0] is None


def test_over_one_number_it_is_a_curve_that_folds_nowhere():
    shown = mapping(lambda z: torch.cat([z, z**2], 1), **{"noise.dim": 1})
    assert sum(map(len, shown["folded"])) == 0
    for pieces in shown["manifold"]:
        np.testing.assert_allclose(pieces[:, 0, 1], pieces[:, 0, 0] ** 2, rtol=1e-4)


def test_a_generator_that_broke_leaves_nothing():
    shown = mapping(lambda z: z * float("inf"))
    assert sum(map(len, [*shown["manifold"], *shown["folded"]])) == 0


def test_trails_are_where_the_samples_with_arrows_were_at_the_last_frames():
    trainer = Trainer(Config.from_flat(RING))
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    seen = []
    for _ in range(SHORT + 6):
        trainer.advance(1)
        arrays = look(trainer, observer, "trails", "long-trails")  # as the shorter or the longer is asked: one past
        seen.append(trainer.game.generate(trainer.state, observer.fixed.z)[:ARROWS].numpy())
    ways = look(trainer, observer, "trails")
    for at, axis in enumerate("xy"):
        lines = ways[f"trail_{axis}"].reshape(ARROWS, -1)
        np.testing.assert_array_equal(lines[:, :-1], np.stack(seen[-SHORT:], 1)[..., at])
        assert np.isnan(lines[:, -1]).all()
    assert np.array_equal(arrays["trail_x"][-2:-1], ways["trail_x"][-2:-1])


def test_a_step_of_one_player_moves_the_end_of_a_trail_and_the_past_is_bounded():
    trainer = Trainer(Config.from_flat(RING))
    observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
    look(trainer, observer, "trails")
    trainer.apply("step=g")
    lines = look(trainer, observer, "trails")["trail_x"].reshape(ARROWS, -1)
    assert lines.shape[1] == 2
    np.testing.assert_array_equal(lines[:, 0], trainer.game.generate(trainer.state, observer.fixed.z)[:ARROWS, 0])
    for _ in range(LONG + 5):
        trainer.advance(1)
        look(trainer, observer, "trails")
    assert len(observer.memory["trails"][1]) == LONG + 1
    assert look(trainer, observer, "long-trails")["trail_x"].reshape(ARROWS, -1).shape[1] == SHORT + 2

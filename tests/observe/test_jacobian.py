"""The game's Jacobian without ever writing it down, held against the matrix itself; and the path between two places."""

import numpy as np
import pytest
import torch
from torch.func import grad, jacrev

from gancore.config import Config
from gancore.game.constraints import constraints
from gancore.game.inputs import inputs
from gancore.game.losses import losses
from gancore.game.penalties import penalties
from gancore.observe.landscape.jacobian import DENSE, Field, Jacobian
from gancore.observe.landscape.path import ALONG, path
from gancore.observe.look import fixed_real, fixed_z
from gancore.train.trainer import Trainer
from tests.train.smallest import smallest

SMALL = {
    "data": "two-normals",
    "g.width": 8,
    "d.width": 12,
    "g.activation": "tanh",
    "d.activation": "tanh",
    "batch": 32,
}


def played(iterations=50, **settings):
    """A run of less than 500 weights, and its field."""
    config = Config.from_flat(SMALL | {name.replace("__", "."): value for name, value in settings.items()})
    trainer = Trainer(config)
    trainer.advance(iterations)
    z, real = fixed_z(config, 64), fixed_real(config, trainer.game.source, 64)
    return trainer, Field(trainer.moves, trainer.state, z, real)


def dense(field):
    """∂v/∂w as torch.func has it, from the losses themselves."""
    game, state, batch = field.moves.game, field.state, field.batch
    n_g = len(state.g)

    def v(w):
        g, d = w[:n_g], w[n_g:]
        by_g = grad(lambda g: game.g_loss(g, d, state, batch))(g)
        by_d = grad(lambda d: game.d_loss(g, d, state, batch)[0])(d)
        return torch.cat([by_g, by_d])

    return jacrev(v)(field.w).detach().numpy()


def matched(some, among):
    """How far the worst of `some` is from the nearest of `among`, in parts of the largest."""
    return np.abs(np.asarray(some)[:, None] - among[None]).min(1).max() / np.abs(among).max()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "minimax"},
        {"loss": "least-squares"},
        {"loss": "relativistic", "penalty": "r1-r2", "penalty__gamma1": 0.1, "penalty__gamma2": 0.1},
        {"penalty": "r1", "penalty__gamma": 0.3},
        {"loss": "wasserstein", "penalty": "wgan-gp"},
    ],
    ids=str,
)
def test_eigenvalues_are_those_of_the_matrix(settings):
    _, field = played(**settings)
    jacobian = Jacobian(field)
    assert DENSE < jacobian.n <= 500
    whole = dense(field)
    all_of_them = np.linalg.eigvals(whole)
    ours = jacobian.eigenvalues(12)
    assert matched(ours, all_of_them) < 1e-4
    largest = np.sort(np.abs(all_of_them))[::-1]
    np.testing.assert_allclose(np.abs(ours), largest[: len(ours)], rtol=1e-4)
    for first, last in jacobian.blocks:
        block = whole[first:last, first:last]
        np.testing.assert_allclose(block, block.T, atol=1e-9)
        values = np.linalg.eigvalsh(block)
        np.testing.assert_allclose(
            np.abs(jacobian.of_player(first, last, 4)), np.sort(np.abs(values))[::-1][:4], rtol=1e-4
        )


def test_the_dirac_gan_turns_by_a_half():
    """At rest v = ½ (ψ, -θ): eigenvalues ± i/2, as Mescheder et al. 2018 print them. With R1 they move to γ/2 ± √(γ²/4 - 1/4)."""
    for gamma, expected in ((0.0, [0.5j, -0.5j]), (3.0, [1.5 + np.sqrt(2), 1.5 - np.sqrt(2)])):
        trainer = smallest(at=(0.0, 0.0), penalty="r1", penalty__gamma=gamma)
        field = Field(trainer.moves, trainer.state, torch.ones(4, 1), torch.zeros(4, 1))
        assert matched(Jacobian(field).eigenvalues(), np.array(expected)) < 1e-9


CHOICES = [
    *(("loss", name) for name in losses),
    *(("penalty", name) for name in penalties),
    *(("constraint", name) for name in constraints),
    *(("input", name) for name in inputs),
]


@pytest.mark.parametrize("role, name", CHOICES)
def test_every_choice_has_a_field_that_is_a_function(role, name):
    wants = {"data": "digits"} if name == "augment" else {}  # it changes pictures
    _, field = played(3, **wants | {role: name})
    jacobian = Jacobian(field)
    u = np.random.default_rng(1).standard_normal(jacobian.n)
    assert torch.equal(field.at(field.w), field.at(field.w))
    assert np.isfinite(jacobian.from_left(u)).all()


def test_looking_leaves_the_run_as_it_is():
    trainer, field = played(10, d__activation="relu")
    before = trainer.state.fork().tensors()
    Jacobian(field).eigenvalues(4)
    path(field, trainer.state.g.new_zeros(len(field.w)))
    assert all(torch.equal(before[name], tensor) for name, tensor in trainer.state.tensors().items())


def test_on_a_path_through_a_rotation_the_angle_has_a_bump_at_its_end():
    """Bilinear, v = (ψ, -θ) around the end (0, 0): v is across the path everywhere, and nothing at its end."""
    field = at_rest(loss="wasserstein")
    cosines, norms = path(field, torch.tensor([1.0, -1.0]))
    end = ALONG[np.abs(ALONG - 1).argmin()] == ALONG
    np.testing.assert_allclose(cosines[~end], 0, atol=1e-9)
    np.testing.assert_allclose(norms, np.sqrt(2) * np.abs(1 - ALONG), atol=1e-9)


def test_descent_points_to_an_end_that_attracts_and_turns_its_sign_behind_it():
    """With a heavy R1, ψ falls straight into 0: along ψ, cos = +1 before the end and -1 behind it."""
    cosines, _ = path(at_rest(loss="wasserstein", penalty="r1", penalty__gamma=100.0), torch.tensor([0.0, -1.0]))
    before, behind = ALONG < 0.99, ALONG > 1.01
    assert (cosines[before] > 0.99).all() and (cosines[behind] < -0.99).all()


def at_rest(**settings):
    trainer = smallest(at=(0.0, 0.0), **settings)
    return Field(trainer.moves, trainer.state, torch.ones(4, 1), torch.zeros(4, 1))

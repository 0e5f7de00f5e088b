"""Constraints against PyTorch's own: singular values, the same gradients, the same clipping."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.parametrizations import spectral_norm

from gancore import seeds
from gancore.game.constraints import Clip, GradientClipping, SpectralNorm, constraints
from gancore.game.penalties import steepness


def network():
    """A small picture judge with a kernel and a matrix, drawn from the global stream."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 9, 3), nn.Tanh(), nn.Linear(3, 1))


def named(module):
    return {name: p.detach().clone().requires_grad_() for name, p in module.named_parameters()}


X = torch.randn(7, 2, 5, 5, generator=seeds.stream(1, "x"))


def test_the_largest_singular_value_comes_to_one():
    rule, w = SpectralNorm(), {name: 3 * p.detach() for name, p in named(network()).items()}
    buffers = rule.start(w)
    for _ in range(200):
        normed = rule.weights(w, buffers, training=True)
    for name, weight in normed.items():
        if weight.ndim > 1:
            assert torch.linalg.svdvals(weight.flatten(1))[0].item() == pytest.approx(1, abs=1e-5)
        else:
            assert weight is w[name]


def test_spectral_norm_is_pytorchs_value_for_value_over_many_updates():
    rule, module = SpectralNorm(), network()
    w = named(module)
    buffers = rule.start(w)
    assert set(buffers) == {f"sn.{layer}.weight.{side}" for layer in "035" for side in "uv"}
    oracle = network()
    for i in (0, 3, 5):
        norm = spectral_norm(oracle[i]).parametrizations.weight[0]
        norm._u.copy_(buffers[f"sn.{i}.weight.u"]), norm._v.copy_(buffers[f"sn.{i}.weight.v"])
    step = torch.optim.SGD(oracle.parameters(), lr=0.1)
    for _ in range(30):
        theirs = oracle(X).square().mean()
        ours = functional_call(module, rule.weights(w, buffers, training=True), (X,)).square().mean()
        torch.testing.assert_close(ours, theirs)
        gradients = torch.autograd.grad(ours, list(w.values()))
        step.zero_grad(), theirs.backward(), step.step()
        w = {n: (p - 0.1 * g).detach().requires_grad_() for (n, p), g in zip(w.items(), gradients)}
    for i in (0, 3, 5):
        torch.testing.assert_close(w[f"{i}.weight"], oracle[i].parametrizations.weight.original)
        torch.testing.assert_close(buffers[f"sn.{i}.weight.u"], oracle[i].parametrizations.weight[0]._u)
    oracle.eval()
    torch.testing.assert_close(functional_call(module, rule.weights(w, buffers, training=False), (X,)), oracle(X))


def test_looking_moves_no_singular_vector():
    rule, w = SpectralNorm(), named(network())
    buffers = rule.start(w)
    before = {name: b.clone() for name, b in buffers.items()}
    w = {name: p + torch.randn_like(p) for name, p in w.items()}
    rule.weights(w, buffers, training=False)
    assert all(torch.equal(before[name], b) for name, b in buffers.items())
    rule.weights(w, buffers, training=True)
    assert not any(torch.equal(before[name], b) for name, b in buffers.items() if len(b) > 1)


def test_a_normed_network_has_nowhere_a_slope_above_one():
    rule = SpectralNorm()
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    w = {name: 4 * p.detach() for name, p in module.named_parameters()}
    buffers = rule.start(w)
    for _ in range(300):
        normed = rule.weights(w, buffers, training=True)
    x = 3 * torch.randn(500, 2, generator=seeds.stream(1, "x"))
    assert steepness(lambda x: functional_call(module, w, (x,))[:, 0], x).max() > 1
    assert steepness(lambda x: functional_call(module, normed, (x,))[:, 0], x).max() < 1 + 1e-4


def test_spectral_norm_side_by_side_equals_one_by_one():
    """Each seed has weights and singular vectors of its own; after the call each has turned its own."""
    rule, module = SpectralNorm(), network()
    seeds_w = [
        {name: (p + 0.1 * i * torch.randn_like(p)).detach() for name, p in named(module).items()} for i in range(3)
    ]
    alone = [rule.start(w) for w in seeds_w]
    stacked = {name: torch.stack([b[name] for b in alone]) for name in alone[0]}
    together = {name: torch.stack([w[name] for w in seeds_w]).requires_grad_() for name in seeds_w[0]}

    def loss(w, buffers):
        return functional_call(module, rule.weights(w, buffers, training=True), (X,)).square().mean()

    gradients = torch.autograd.grad(vmap(loss)(together, stacked).sum(), list(together.values()))
    for i, (w, buffers) in enumerate(zip(seeds_w, alone)):
        w = {name: p.requires_grad_() for name, p in w.items()}
        for side, one in zip(gradients, torch.autograd.grad(loss(w, buffers), list(w.values()))):
            torch.testing.assert_close(side[i], one, rtol=1e-5, atol=1e-6)
        for name, b in buffers.items():
            torch.testing.assert_close(stacked[name][i], b, rtol=1e-5, atol=1e-6)


def test_a_layer_of_zeros_is_left_alone_and_normed_once_it_has_moved():
    rule, zeros = SpectralNorm(), torch.zeros(4, 6, requires_grad=True)
    buffers = rule.start({"w": zeros})
    (still,) = rule.weights({"w": zeros}, buffers, training=True).values()
    (gradient,) = torch.autograd.grad((still * torch.arange(24.0).view(4, 6)).sum(), zeros)
    assert not still.any() and torch.equal(gradient, torch.arange(24.0).view(4, 6))
    for _ in range(30):
        (moved,) = rule.weights({"w": -0.01 * gradient}, buffers, training=True).values()
    assert torch.linalg.svdvals(moved)[0].item() == pytest.approx(1, abs=1e-5)


def test_clip_bounds_every_weight():
    w = torch.linspace(-1, 1, 11)
    assert Clip(c=0.3).apply(w).abs().max() == pytest.approx(0.3)
    assert torch.equal(Clip(c=2.0).apply(w), w)


@pytest.mark.parametrize("size", [0.0, 0.5, 1.0, 30.0])
def test_gradient_clipping_is_pytorchs(size):
    flat = size * torch.nn.functional.normalize(torch.randn(50, generator=seeds.stream(1, "g")), dim=0)
    p = torch.zeros(50, requires_grad=True)
    p.grad = flat.clone()
    clip_grad_norm_([p], 1.0)
    torch.testing.assert_close(GradientClipping(c=1.0).gradient(flat), p.grad, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", constraints)
def test_what_a_constraint_does_not_speak_of_stays_as_it_is(name):
    rule, w, flat = constraints[name](), named(network()), torch.tensor([-0.01, 0.0, 0.02])
    assert torch.equal(rule.apply(flat), flat) and torch.equal(rule.gradient(flat), flat)
    assert rule.both == (name == "gradient-clipping")
    assert bool(rule.start(w)) == (name == "spectral-norm")
    assert (rule.weights(w, rule.start(w), training=True) is w) == (name != "spectral-norm")

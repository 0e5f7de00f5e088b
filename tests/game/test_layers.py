"""Truths about what networks are made of: each layer and each way to start against its formula."""

import pytest
import torch
from torch import nn

from gancore import seeds
from gancore.game.networks.bends import LargestPiece
from gancore.game.networks.crowd import DIM, MinibatchDeviation, MinibatchDiscrimination
from gancore.game.networks.first_weights import INITS
from tests.game.playing import rows


@pytest.mark.parametrize("shape", [(40, 30), (30, 40)])
def test_an_orthogonal_start_keeps_lengths(shape):
    layer = nn.Linear(*shape, bias=False)
    INITS["orthogonal"](layer, seeds.stream(1, "w"), r=None, gain=1.4)
    w = layer.weight.detach() / 1.4
    small = w @ w.T if shape[0] > shape[1] else w.T @ w
    assert torch.allclose(small, torch.eye(30), atol=1e-5)


@pytest.mark.parametrize("how", INITS)
@pytest.mark.parametrize("layer", [nn.Linear(300, 200), nn.Conv2d(20, 30, 5), nn.ConvTranspose2d(20, 30, 5)], ids=str)
def test_first_weights_have_the_spread_they_promise(how, layer):
    INITS[how](layer, seeds.stream(1, "w"), r=0.05, gain=1.0)
    w = layer.weight.detach()
    into, out = w[0].numel(), w[:, 0].numel()
    variance = {
        "torch": 1 / (3 * into),
        "xavier": 2 / (into + out),
        "he": 2 / into,
        "normal-0.02": 0.02**2,
        "uniform": 0.05**2 / 3,
        "orthogonal": 1 / max(into, len(w)),
    }
    assert w.var().item() == pytest.approx(variance[how], rel=0.03) and abs(w.mean()) < 5 * w.std() / w.numel() ** 0.5


def test_a_maxout_unit_is_the_largest_of_its_sums():
    x = rows(6, (15,))
    assert torch.equal(LargestPiece(5)(x), torch.stack([x[:, i::3].max(1).values for i in range(3)], 1))
    x = x.double().requires_grad_()
    assert torch.autograd.gradgradcheck(LargestPiece(5), x)


def test_minibatch_discrimination_is_the_papers_formula():
    layer, x = MinibatchDiscrimination(4, kernels=3), rows(5, (4,))
    m = layer.project(x).view(5, 3, DIM)
    near = torch.zeros(5, 3)
    for i in range(5):
        for j in range(5):
            near[i] += (i != j) * (-(m[i] - m[j]).abs().sum(1)).exp()
    assert torch.allclose(layer(x), torch.cat([x, near], 1), atol=1e-6)
    assert torch.allclose(layer(x[:1])[:, 4:], torch.zeros(1, 3)), "alone, a sample has no neighbours"
    assert torch.allclose(layer(x[:1].expand(5, -1))[:, 4:], torch.tensor(4.0)), "copies are as near as can be"


def test_minibatch_discrimination_judges_against_the_batch_last_trained_on():
    layer, x = MinibatchDiscrimination(4, kernels=3), rows(MinibatchDiscrimination.remembered, (4,))
    layer(x)
    new = rows(1, (4,), seed=2)
    m, others = (layer.project(y).view(-1, 3, DIM) for y in (new, x))
    near = (-(m - others).abs().sum(2)).exp().mean(0) * (len(x) - 1)
    assert torch.allclose(layer.eval()(new)[0, 4:], near, rtol=1e-5)


def test_minibatch_deviation_is_the_mean_spread_of_the_features():
    layer, x = MinibatchDeviation(4, kernels=0), rows(6, (4,))
    spread = x.std(0, unbiased=False).mean()
    assert torch.allclose(layer(x), torch.cat([x, spread.expand(6, 1)], 1), atol=1e-6)
    assert torch.allclose(layer.eval()(x)[:, 4], 0.1 * spread), "a running mean, begun at 0"

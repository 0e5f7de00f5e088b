"""Our optimisers against PyTorch's own, step by step."""

import pytest
import torch

from gancore.train.optim import optimisers


def momentum_of_any_sign(oracle, momentum):
    """PyTorch's SGD refuses momentum below 0 when it is made, and computes it all the same."""
    oracle.param_groups[0]["momentum"] = momentum
    return oracle


ORACLES = {
    "adam": lambda o, w: torch.optim.Adam(w, lr=o.lr, betas=(o.beta1, o.beta2), eps=o.eps),
    "adamw": lambda o, w: torch.optim.AdamW(
        w, lr=o.lr, betas=(o.beta1, o.beta2), eps=o.eps, weight_decay=o.weight_decay
    ),
    "sgd": lambda o, w: momentum_of_any_sign(
        torch.optim.SGD(w, lr=o.lr, weight_decay=o.weight_decay), momentum=o.momentum
    ),
    "rmsprop": lambda o, w: torch.optim.RMSprop(w, lr=o.lr, alpha=o.alpha, eps=o.eps),
}
SETTINGS = {
    "adamw": [{}, {"weight_decay": 0.0}, {"weight_decay": 1.0, "lr": 0.05, "beta1": 0.0}],
    "adam": [{}, {"beta1": 0.0, "beta2": 0.99}, {"beta1": 0.9, "lr": 0.1}, {"beta2": 0.0, "eps": 1e-3}],
    "sgd": [{}, {"momentum": 0.0}, {"momentum": 0.9, "lr": 0.01}, {"momentum": -0.5}, {"weight_decay": 0.1}],
    "rmsprop": [{}, {"alpha": 0.9, "lr": 0.01}, {"alpha": 0.0, "eps": 1e-3}],
}


def gradient(weights):
    """Of a valley with a bend in it: it changes sign, size and direction along the way."""
    scale = torch.linspace(0.1, 10, len(weights), dtype=weights.dtype)
    return scale * weights + torch.sin(3 * weights)


@pytest.mark.parametrize("name, settings", [(name, s) for name in optimisers for s in SETTINGS[name]])
@pytest.mark.parametrize("dtype, near", [(torch.float64, 1e-12), (torch.float32, 2e-5)])
def test_two_hundred_steps_are_pytorchs(name, settings, dtype, near):
    ours = optimisers.make(name, **settings)
    weights = torch.randn(50, dtype=dtype, generator=torch.Generator().manual_seed(1))
    theirs = torch.nn.Parameter(weights.clone())
    oracle, moments = ORACLES[name](ours, [theirs]), ours.start(weights)
    for _ in range(200):
        weights, moments = ours.step(weights, gradient(weights), moments)
        theirs.grad = gradient(theirs.detach())
        oracle.step()
        torch.testing.assert_close(weights, theirs.detach(), rtol=near, atol=near)


@pytest.mark.parametrize("name", optimisers)
def test_a_step_writes_into_nothing(name):
    ours = optimisers[name]()
    weights, slope = torch.ones(4), torch.full((4,), 0.5)
    before = {key: value.clone() for key, value in ours.start(weights).items()}
    moments = ours.start(weights)
    ours.step(weights, slope, moments)
    assert torch.equal(weights, torch.ones(4)) and torch.equal(slope, torch.full((4,), 0.5))
    assert all(torch.equal(moments[key], before[key]) for key in before)


@pytest.mark.parametrize("name", optimisers)
def test_a_scale_is_a_smaller_rate(name):
    whole, half = optimisers.make(name, lr=0.1), optimisers.make(name, lr=0.05)
    weights = torch.linspace(-1, 1, 7)
    one, _ = whole.step(weights, gradient(weights), whole.start(weights), 0.5)
    other, _ = half.step(weights, gradient(weights), half.start(weights))
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", optimisers)
def test_one_can_differentiate_through_steps(name, double):
    """Also from where the gradient is zero and an optimiser divides by its root."""
    ours = optimisers.make(name, lr=0.01)

    def end(start, tilt):
        weights, moments = start, ours.start(start)
        for _ in range(3):
            weights, moments = ours.step(weights, gradient(weights) * tilt, moments)
        return weights

    start = torch.tensor([0.0, -0.7, 0.4], requires_grad=True)
    slope = torch.autograd.functional.jacobian(lambda tilt: end(start, tilt), torch.ones(3))
    assert slope.isfinite().all()
    assert torch.autograd.gradcheck(lambda tilt: end(start.detach(), tilt)[1:], torch.ones(3, requires_grad=True))

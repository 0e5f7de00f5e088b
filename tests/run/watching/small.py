"""Two small players, and the moves of a loop that trains them."""

import torch
from torch import nn
from torch.nn.functional import softplus

from gancore import watch


def small():
    """Two players, their optimisers, and pictures to play on."""
    torch.manual_seed(0)
    g = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 64), nn.Tanh())
    d = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1))
    return g, d, torch.optim.SGD(g.parameters(), 0.01), torch.optim.SGD(d.parameters(), 0.01), torch.rand(40, 64)


def opened(g, d, x, name="small", **more):
    return watch(name, generator=g, discriminator=d, **{"noise": lambda n: torch.randn(n, 4), "real": x} | more)


def d_move(d, g, opt, x):
    on_real, on_fake = d(x), d(g(torch.randn(len(x), 4)).detach())
    loss = softplus(-on_real).mean() + softplus(on_fake).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss, on_real, on_fake


def g_move(d, g, opt, n):
    loss = softplus(-d(g(torch.randn(n, 4)))).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


def norm(module):
    return torch.cat([p.grad.flatten() for p in module.parameters()]).norm().item()

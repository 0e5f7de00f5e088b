"""After Mao et al. 2017: least squares, gradients accumulated over two half batches, G steps first; points in the plane."""

import math

import torch
from torch import nn

# watch: from gancore import watch
STEPS = 500
torch.manual_seed(4)


def ring(n):
    turn = 2 * math.pi * torch.randint(8, (n,)) / 8
    return 2 * torch.stack([turn.cos(), turn.sin()], 1) + 0.05 * torch.randn(n, 2)


sample = ring(500)
G = nn.Sequential(nn.Linear(8, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g, opt_d = torch.optim.RMSprop(G.parameters(), 1e-3), torch.optim.RMSprop(D.parameters(), 1e-3)
# watch: run = watch("least-squares", generator=G, discriminator=D, noise=lambda n: torch.rand(n, 8), real=sample)

for _ in range(STEPS):
    opt_g.zero_grad()
    for _ in range(2):
        loss_g = (D(G(torch.rand(32, 8))) - 1).square().mean() / 2
        (loss_g / 2).backward()
    opt_g.step()
    # watch: run.g_step(loss_g)
    opt_d.zero_grad()
    for _ in range(2):
        on_real, on_fake = D(ring(32)), D(G(torch.rand(32, 8)).detach())
        loss_d = (on_real - 1).square().mean() / 2 + on_fake.square().mean() / 2
        (loss_d / 2).backward()
    opt_d.step()
    # watch: run.d_step(loss_d, on_real, on_fake)

PLAYERS, OPTIMISERS = (G, D), (opt_g, opt_d)

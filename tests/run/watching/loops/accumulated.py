"""Batches in four parts whose gradients add up, an optimiser for each layer of G, and both players wrapped for several devices."""

import torch
from torch import nn
from torch.nn.functional import softplus

# watch: from gancore import watch
STEPS = 500
torch.manual_seed(11)
points = torch.cat([torch.randn(500, 2) * 0.2 + torch.tensor(at) for at in ([2.0, 0.0], [-2.0, 0.0])])
body, head = nn.Sequential(nn.Linear(6, 48), nn.BatchNorm1d(48), nn.ReLU()), nn.Linear(48, 2)
G = nn.DataParallel(nn.Sequential(body, head))
D = nn.DataParallel(nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(48, 1)))
opts_g = [torch.optim.Adam(body.parameters(), 5e-4), torch.optim.SGD(head.parameters(), 1e-2, momentum=0.5)]
opt_d = torch.optim.RMSprop(D.parameters(), 5e-4)
PARTS, MANY = 4, 16
# watch: run = watch("accumulated", generator=G, discriminator=D, noise=lambda n: torch.randn(n, 6), real=points)

for _ in range(STEPS):
    opt_d.zero_grad()
    for _ in range(PARTS):
        on_real = D(points[torch.randint(len(points), (MANY,))])
        on_fake = D(G(torch.randn(MANY, 6)).detach())
        loss_d = (softplus(-on_real) + softplus(on_fake)).mean() / PARTS
        loss_d.backward()
    opt_d.step()
    # watch: run.d_step(loss_d * PARTS, on_real, on_fake)
    for opt in opts_g:
        opt.zero_grad()
    for _ in range(PARTS):
        loss_g = softplus(-D(G(torch.randn(MANY, 6)))).mean() / PARTS
        loss_g.backward()
    for opt in opts_g:
        opt.step()
    # watch: run.g_step(loss_g * PARTS)

PLAYERS, OPTIMISERS = (G, D), (*opts_g, opt_d)

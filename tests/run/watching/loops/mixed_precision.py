"""Autocast to bfloat16 with a scaler, both networks in DataParallel, two optimisers for G; numbers on the line."""

import torch
from torch import nn
from torch.nn.functional import softplus

# watch: from gancore import watch
STEPS = 500
torch.manual_seed(6)
chance = torch.Generator().manual_seed(7)
front = nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32), nn.ReLU())
G = nn.DataParallel(nn.Sequential(front, nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1)))
D = nn.DataParallel(nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1)))
opts_g = [torch.optim.Adam(front.parameters(), 1e-3), torch.optim.SGD(G.module[1:].parameters(), 1e-2)]
opt_d = torch.optim.AdamW(D.parameters(), 1e-3)
scaler = torch.amp.GradScaler("cpu")
real_numbers = 4 + 0.5 * torch.randn(2000)
noise = lambda n: torch.randn(n, 4, generator=chance)  # noqa: E731
# watch: run = watch("mixed-precision", generator=G, discriminator=D, noise=noise, real=real_numbers)

for _ in range(STEPS):
    real = real_numbers[torch.randint(2000, (64,))][:, None]
    with torch.autocast("cpu", torch.bfloat16):
        on_real, on_fake = D(real), D(G(noise(64)).detach())
        loss_d = (softplus(-on_real) + softplus(on_fake)).mean()
        opt_d.zero_grad()
        scaler.scale(loss_d).backward()
        scaler.step(opt_d)
        # watch: run.d_step(loss_d, on_real, on_fake)
        loss_g = softplus(-D(G(noise(64)))).mean()
        for opt in opts_g:
            opt.zero_grad()
        scaler.scale(loss_g).backward()
        for opt in opts_g:
            scaler.step(opt)
        # watch: run.g_step(loss_g)
    scaler.update()

PLAYERS, OPTIMISERS = (G, D), (*opts_g, opt_d)

"""After Miyato et al. 2018: hinge loss, spectral norm of either make in D, a running mean of G, two time scales."""

import copy

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import relu
from torch.nn.utils import spectral_norm as older
from torch.nn.utils.parametrizations import spectral_norm

# watch: from gancore import watch
STEPS = 500
torch.manual_seed(5)
data = torch.tensor(load_digits().images / 16).float()[:, None]
G = nn.Sequential(
    nn.Linear(16, 16 * 16), nn.Unflatten(1, (16, 4, 4)), nn.BatchNorm2d(16), nn.ReLU(), nn.Upsample(scale_factor=2),
    nn.Conv2d(16, 1, 3, padding=1), nn.Sigmoid(),
)  # fmt: skip
D = nn.Sequential(
    spectral_norm(nn.Conv2d(1, 16, 3, padding=1)), nn.LeakyReLU(0.1), older(nn.Conv2d(16, 16, 4, 2, 1)),
    nn.LeakyReLU(0.1), nn.Flatten(), spectral_norm(nn.Linear(256, 1)),
)  # fmt: skip
mean = copy.deepcopy(G)
opt_g = torch.optim.Adam(G.parameters(), 1e-4, betas=(0.0, 0.9))
opt_d = torch.optim.Adam(D.parameters(), 4e-4, betas=(0.0, 0.9))
# watch: run = watch("hinge", generator=G, discriminator=D, noise=lambda n: torch.randn(n, 16), real=data[:500])

for _ in range(STEPS):
    real = data[torch.randint(len(data), (32,))]
    on_real, on_fake = D(real), D(G(torch.randn(32, 16)).detach())
    loss_d = relu(1 - on_real).mean() + relu(1 + on_fake).mean()
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    # watch: run.d_step(loss_d, on_real, on_fake)
    loss_g = -D(G(torch.randn(32, 16))).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    # watch: run.g_step(loss_g)
    with torch.no_grad():
        for slow, fast in zip(mean.parameters(), G.parameters()):
            slow.lerp_(fast, 0.01)

PLAYERS, OPTIMISERS = (G, D, mean), (opt_g, opt_d)

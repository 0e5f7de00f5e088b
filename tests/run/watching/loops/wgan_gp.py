"""After Gulrajani et al. 2017: several critic updates for one of the generator, a penalty on the critic's slope."""

import torch
from sklearn.datasets import load_digits
from torch import nn

# watch: from gancore import watch
STEPS = 500
torch.manual_seed(2)
data = torch.tensor(load_digits().data / 16).float()
G = nn.Sequential(
    nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.Sigmoid()
)
critic = nn.Sequential(
    nn.Linear(64, 64), nn.LayerNorm(64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)
)
opt_g = torch.optim.Adam(G.parameters(), 1e-4, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), 1e-4, betas=(0.0, 0.9))
# watch: run = watch("wgan-gp", generator=G, discriminator=critic, noise=lambda n: torch.randn(n, 16), real=data[:500])


def gradient_penalty(real, fake):
    share = torch.rand(len(real), 1)
    between = (share * real + (1 - share) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return ((slope.norm(2, dim=1) - 1) ** 2).mean()


for step in range(STEPS):
    real = data[torch.randint(len(data), (64,))]
    fake = G(torch.randn(64, 16)).detach()
    on_real, on_fake = critic(real), critic(fake)
    loss_c = on_fake.mean() - on_real.mean() + 10 * gradient_penalty(real, fake)
    opt_c.zero_grad()
    loss_c.backward()
    opt_c.step()
    # watch: run.d_step(loss_c, on_real, on_fake)
    if step % 5 == 4:
        loss_g = -critic(G(torch.randn(64, 16))).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        # watch: run.g_step(loss_g)

PLAYERS, OPTIMISERS = (G, critic), (opt_g, opt_c)

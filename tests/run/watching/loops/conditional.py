"""After Mirza & Osindero 2014: both players are told the class; dropout in D, numbers from numpy."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

# watch: from gancore import watch
STEPS = 500
torch.manual_seed(3)
chance = np.random.default_rng(3)
digits = load_digits()
pictures, labels = torch.tensor(digits.images / 8 - 1).float()[:, None], torch.tensor(digits.target)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 10)
        self.body = nn.Sequential(
            nn.Linear(30, 96), nn.BatchNorm1d(96), nn.LeakyReLU(0.2), nn.Linear(96, 64), nn.Tanh()
        )

    def forward(self, z, label):
        return self.body(torch.cat([z, self.embed(label)], 1)).view(-1, 1, 8, 8)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 10)
        self.body = nn.Sequential(nn.Linear(74, 96), nn.LeakyReLU(0.2), nn.Dropout(0.4), nn.Linear(96, 1))

    def forward(self, x, label):
        return self.body(torch.cat([x.flatten(1), self.embed(label)], 1))


def draw(n):
    z = torch.tensor(chance.normal(size=(n, 20)), dtype=torch.float32)
    return z, torch.randint(10, (n,))


G, D = Generator(), Discriminator()
opt_g, opt_d = torch.optim.Adam(G.parameters(), 2e-4), torch.optim.Adam(D.parameters(), 2e-4)
bce = nn.BCEWithLogitsLoss()
# watch: run = watch("conditional", generator=G, discriminator=D, noise=draw, real=pictures[:500])

for _ in range(STEPS):
    rows = torch.randint(len(pictures), (64,))
    z, wanted = draw(64)
    fake = G(z, wanted)
    real_out, fake_out = D(pictures[rows], labels[rows]), D(fake.detach(), wanted)
    loss_d = bce(real_out, torch.full((64, 1), 0.9)) + bce(fake_out, torch.zeros(64, 1))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    loss_g = bce(D(fake, wanted), torch.ones(64, 1))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    # watch: run.d_step(loss_d, real_out, fake_out);  run.g_step(loss_g)

PLAYERS, OPTIMISERS = (G, D), (opt_g, opt_d)

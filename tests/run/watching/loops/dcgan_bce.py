"""After the DCGAN example of pytorch/examples: BCE on probabilities, three updates' worth of gradients in two calls."""

import torch
from sklearn.datasets import load_digits
from torch import nn

# watch: from gancore import watch
STEPS = 500
torch.manual_seed(1)
data = torch.tensor(load_digits().images / 8 - 1).float()[:, None]
nz, batch = 20, 32


def weights_init(m):
    if "Conv" in type(m).__name__:
        nn.init.normal_(m.weight, 0.0, 0.02)
    elif "BatchNorm" in type(m).__name__:
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.zeros_(m.bias)


netG = nn.Sequential(
    nn.ConvTranspose2d(nz, 16, 4, 1, 0, bias=False), nn.BatchNorm2d(16), nn.ReLU(True),
    nn.ConvTranspose2d(16, 1, 4, 2, 1, bias=False), nn.Tanh(),
)  # fmt: skip
netD = nn.Sequential(
    nn.Conv2d(1, 16, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
    nn.Conv2d(16, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.LeakyReLU(0.2, inplace=True),
    nn.Conv2d(16, 1, 4, 1, 0, bias=False), nn.Flatten(0), nn.Sigmoid(),
)  # fmt: skip
netG.apply(weights_init)
netD.apply(weights_init)
criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
noise = lambda n: torch.randn(n, nz, 1, 1)  # noqa: E731
# watch: run = watch("dcgan", generator=netG, discriminator=netD, noise=noise, real=data[:500])

for _ in range(STEPS):
    real = data[torch.randint(len(data), (batch,))]
    ones, zeros = torch.ones(batch), torch.zeros(batch)
    netD.zero_grad()
    output = netD(real)
    errD_real = criterion(output, ones)
    errD_real.backward()
    fake = netG(noise(batch))
    output_fake = netD(fake.detach())
    errD_fake = criterion(output_fake, zeros)
    errD_fake.backward()
    optimizerD.step()
    # watch: run.d_step(errD_real + errD_fake, output, output_fake)
    netG.zero_grad()
    errG = criterion(netD(fake), ones)
    errG.backward()
    optimizerG.step()
    # watch: run.g_step(errG)

PLAYERS, OPTIMISERS = (netG, netD), (optimizerG, optimizerD)

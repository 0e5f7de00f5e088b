"""A PyTorch script of its own that plays a recorded run's game again: what a page's settings mean, in fifty lines.

It draws the same numbers in the same order, so that its losses are those of the recording.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.record.recording import Reader

LOSSES = {  # D's and G's, of D's outputs `r` on real and `f` on generated samples
    "non-saturating": ("softplus(-r).mean() + softplus(f).mean()", "softplus(-f).mean()"),
    "minimax": ("softplus(-r).mean() + softplus(f).mean()", "-softplus(f).mean()"),
    "hinge": ("relu(1 - r).mean() + relu(1 + f).mean()", "-f.mean()"),
    "wasserstein": ("f.mean() - r.mean()", "-f.mean()"),
}
PENALTIES = {"none": "", "r1": " + $gamma / 2 * squared_slope(real)", "r2": " + $gamma / 2 * squared_slope(fake)"}
NOISES = {
    "normal": "$std * torch.randn(n, $dim, generator=noise)",
    "uniform": "$low + ($high - $low) * torch.rand(n, $dim, generator=noise)",
}
DATA = {
    "normal": "return $mean + $std * torch.randn(n, 1, generator=data)",
    "uniform": "return $low + ($high - $low) * torch.rand(n, 1, generator=data)",
}
OPTIMISERS = {
    "adam": "torch.optim.Adam($player.parameters(), lr=$lr, betas=($beta1, $beta2), eps=$eps)",
    "rmsprop": "torch.optim.RMSprop($player.parameters(), lr=$lr, alpha=$alpha, eps=$eps)",
}
BENDS = {"relu": "ReLU()", "leaky-relu": "LeakyReLU(0.2)", "tanh": "Tanh()", "elu": "ELU()", "silu": "SiLU()"}
PLAIN = {"norm": "none", "dropout": 0.0, "residual": False, "batch_layer": "none", "init": "torch", "centred": False}

BELLS = """weight, *place, spread = torch.tensor($modes).T
    row = torch.multinomial(weight, n, replacement=True, generator=data)
    return $centre"""
CENTRES = {
    "line": "(place[0][row] + spread[row] * torch.randn(n, generator=data))[:, None]",
    "plane": "torch.stack([p[row] for p in place], 1) + spread[row, None] * torch.randn(n, 2, generator=data)",
}

SCRIPT = Template('''"""A GAN of $what, as GANscope played it: python THIS_FILE [iterations]"""

import hashlib
import math
import sys

import torch
from torch import nn
from torch.nn.functional import relu, softplus

torch.set_num_threads(1)


def stream(name):
    """One seed, many sources of chance: each has a name."""
    digest = hashlib.sha256(f"$seed/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))


data, noise, inner = stream("data"), stream("noise"), stream("inner")


def sample(n):
    """Real samples."""
    $sample


def prior(n):
    return $prior


def network(sizes, bend, chance):
    layers = []
    for takes, gives in zip(sizes, sizes[1:]):
        layer = nn.Linear(takes, gives)
        for weights in (layer.weight, layer.bias):
            nn.init.uniform_(weights, -1 / math.sqrt(takes), 1 / math.sqrt(takes), generator=chance)
        layers += [layer, bend]
    return nn.Sequential(*layers[:-1])


def squared_slope(x):
    """E|grad D|^2 at these samples."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(D(x).sum(), x, create_graph=True)[0].square().sum(1).mean()


G = network($g_sizes, nn.$g_bend, stream("init/g"))
D = network($d_sizes, nn.$d_bend, stream("init/d"))
opt_g = $g_opt
opt_d = $d_opt

for iteration in range(1, 1 + int(sys.argv[1] if len(sys.argv) > 1 else 1000)):
    for _ in range($k):
        real, fake = sample($batch), G(prior($batch)).detach()
        r, f = D(torch.cat([real, fake])).view(2, -1)
        loss_d = $d_loss$penalty
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
    for _ in range($k_g):
        f = D(G(prior($batch))).squeeze(1)
        loss_g = $g_loss
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
    print(iteration, loss_d.item(), loss_g.item())
''')


def script(reader: Reader, path: Path) -> None:
    """Raises `BadKnob` for a game that it has no words for, and says which part."""
    if "watched" in reader.config:
        raise BadKnob(f"{reader.path} is a loop that was watched: the script is the one that you wrote")
    changes = [event["what"] for event in reader.events() if "=" in event["what"]]
    if changes:
        raise BadKnob(f"{reader.path} was changed on its way ({changes[0]}): a script plays by one set of rules")
    path.write_text(text(Config.from_flat(reader.config)), encoding="utf-8")


def text(config: Config) -> str:
    """The script of this config."""
    refuse(config)
    g_loss, d_loss, opts = LOSSES[config.loss.name][1], LOSSES[config.loss.name][0], {}
    for who in "gd":
        opt = getattr(config, f"{who}_opt")
        opts[who] = filled(OPTIMISERS[opt.name], opt, player=who.upper())
    ends = {"g": (config.noise.dim, config.data.shape[0]), "d": (config.data.shape[0], 1)}
    nets = {who: getattr(config, who) for who in "gd"}
    sizes = {who: [ends[who][0], *[net.width] * net.depth, ends[who][1]] for who, net in nets.items()}
    return SCRIPT.substitute(
        what=config.data.title, seed=config.seed, sample=real(config.data), prior=filled(NOISES[config.noise.name], config.noise),
        g_sizes=sizes["g"], d_sizes=sizes["d"], g_bend=BENDS[nets["g"].activation], d_bend=BENDS[nets["d"].activation],
        g_opt=opts["g"], d_opt=opts["d"], k=config.dynamics.k, k_g=config.dynamics.k_g, batch=config.batch,
        d_loss=d_loss, g_loss=g_loss, penalty=filled(PENALTIES[config.penalty.name], config.penalty),
    )  # fmt: skip


def refuse(config: Config) -> None:
    """Raises `BadKnob` for the first choice that the script has no words for."""
    known = {
        "loss": LOSSES, "penalty": PENALTIES, "noise": NOISES, "g_opt": OPTIMISERS, "d_opt": OPTIMISERS, "g": ("mlp",), "d": ("mlp",),
        "constraint": ("none",), "input": ("none",), "schedule": ("constant",), "dynamics": ("alternating",),
    }  # fmt: skip
    for role, names in known.items():
        if (name := getattr(config, role).name) not in names:
            raise BadKnob(f"{role} = {name} cannot be written as a script yet: those that can are {', '.join(names)}")
    if config.data.name not in DATA and not hasattr(config.data, "modes"):
        raise BadKnob(
            f"data = {config.data.name} cannot be written as a script yet: bells on the line or in the plane can"
        )
    for who in "gd":
        net = getattr(config, who)
        for name, value in PLAIN.items():
            if getattr(net, name) != value:
                raise BadKnob(f"{who}.{name} = {getattr(net, name)} cannot be written as a script yet: {value} can")
        if net.activation not in BENDS:
            raise BadKnob(
                f"{who}.activation = {net.activation} cannot be written as a script yet: give one of {', '.join(BENDS)}"
            )
    if config.ema or getattr(config.loss, "real_label", 1.0) != 1.0:
        raise BadKnob(
            "a running mean of G or a smoothed label cannot be written as a script yet: give ema = 0, real_label = 1"
        )


def real(data) -> str:
    """The body of `sample`."""
    if data.name in DATA:
        return filled(DATA[data.name], data)
    return Template(BELLS).substitute(modes=repr(data.modes), centre=CENTRES[data.page])


def filled(words: str, choice, **more: str) -> str:
    """A template with the knobs of a choice in it."""
    return Template(words).substitute({name: repr(value) for name, value in vars(choice).items()} | more)

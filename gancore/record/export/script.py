"""A PyTorch script of its own that plays a recorded run's game again: what a page's settings mean, on two pages.

It draws the same numbers in the same order, so that its losses are those of the recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.record.recording import Reader

LOSSES = {  # D's and G's, of D's outputs `r` on real and `f` on generated samples
    "non-saturating": ("softplus(-r).mean() + softplus(f).mean()", "softplus(-f).mean()"),
    "minimax": ("softplus(-r).mean() + softplus(f).mean()", "-softplus(f).mean()"),
    "zero-sum": ("softplus(-r).mean() + softplus(f).mean()", "-(softplus(-r).mean() + softplus(f).mean())"),
    "hinge": ("relu(1 - r).mean() + relu(1 + f).mean()", "-f.mean()"),
    "wasserstein": ("f.mean() - r.mean()", "-f.mean()"),
    "least-squares": (
        "((r - $real_target) ** 2).mean() / 2 + ((f - $fake_target) ** 2).mean() / 2",
        "((f - $goal) ** 2).mean() / 2",
    ),
    "relativistic": ("softplus(f - r).mean()", "softplus(r - f).mean()"),
}
SLOPE = "slope(judge, {}).square().sum(1)"
GP = " + $weight * {}.square().mean()"
OFF = "((slope(judge, torch.lerp(real, fake, share)).square().sum(1) + 1e-20).sqrt() - $slope)"
PENALTIES = {
    "none": "",
    "r1": f" + $gamma / 2 * {SLOPE.format('real')}.mean()",
    "r2": f" + $gamma / 2 * {SLOPE.format('fake')}.mean()",
    "r1-r2": f" + $gamma1 / 2 * {SLOPE.format('real')}.mean() + $gamma2 / 2 * {SLOPE.format('fake')}.mean()",
    "wgan-gp": GP.format(OFF),
}
CONSTRAINTS = {
    "none": "",
    "spectral-norm": "",
    "clip": "\n        for weights in D.parameters():\n            weights.data.clamp_(-$c, $c)",
}
NOISES = {
    "normal": "$std * torch.randn(n, $dim, generator=noise)",
    "uniform": "$low + ($high - $low) * torch.rand(n, $dim, generator=noise)",
    "bernoulli": "(torch.rand(n, $dim, generator=noise) < $p).float()",
    "stratified": "torch.stack([even := torch.linspace(-$reach, $reach, n), *(even[torch.randperm(n, generator=noise)]"
    " for _ in range($dim - 1))], 1) + $jitter * torch.rand(n, $dim, generator=noise)",
}
DATA = {
    "normal": "return $mean + $std * torch.randn(n, 1, generator=data)",
    "uniform": "return $low + ($high - $low) * torch.rand(n, 1, generator=data)",
}
OPTIMISERS = {
    "adam": "torch.optim.Adam($player.parameters(), lr=$lr, betas=($beta1, $beta2), eps=$eps, fused=True)",
    "adamw": "torch.optim.AdamW($player.parameters(), lr=$lr, betas=($beta1, $beta2), eps=$eps, weight_decay=$weight_decay, fused=True)",
    "rmsprop": "torch.optim.RMSprop($player.parameters(), lr=$lr, alpha=$alpha, eps=$eps)",
    "sgd": "torch.optim.SGD($player.parameters(), lr=$lr, momentum=$momentum, weight_decay=$weight_decay)",
}
BENDS = {
    "relu": "ReLU()", "leaky-relu": "LeakyReLU(0.2)", "tanh": "Tanh()", "elu": "ELU()", "silu": "SiLU()",
    "softplus": "Softplus()", "sigmoid": "Sigmoid()",
}  # fmt: skip
INITS = {
    "torch": "for weights in (layer.weight, layer.bias):\n            "
    "nn.init.uniform_(weights, -1 / math.sqrt(takes), 1 / math.sqrt(takes), generator=chance)",
    "xavier": "nn.init.xavier_uniform_(layer.weight, generator=chance)",
    "he": "nn.init.kaiming_normal_(layer.weight, generator=chance)",
    "normal-0.02": "nn.init.normal_(layer.weight, std=0.02, generator=chance)",
}
FOLLOWED = ("g_opt.lr", "d_opt.lr", "batch")  # what may have been changed on the way
PLAIN = {"norm": "none", "dropout": 0.0, "residual": False, "batch_layer": "none", "centred": False}

BELLS = """weight, *place, spread = torch.tensor($modes).T
    row = torch.multinomial(weight, n, replacement=True, generator=data)
    return $centre"""
CENTRES = {
    "line": "(place[0][row] + spread[row] * torch.randn(n, generator=data))[:, None]",
    "plane": "torch.stack([p[row] for p in place], 1) + spread[row, None] * torch.randn(n, 2, generator=data)",
}
PICTURES = {
    "digits": """

from sklearn.datasets import load_digits  # 1,797 pictures that come with scikit-learn

pixels = (torch.from_numpy(load_digits().data) * (255 / 16)).round().float() / 255
pixels = pixels[torch.arange(len(pixels)) % 7 != 6]  # every seventh is held out""",
    "mnist": """

file = sys.argv[2] if len(sys.argv) > 2 else "train-images-idx3-ubyte.gz"  # LeCun's file, packed or not
with (gzip.open if file.endswith(".gz") else open)(file, "rb") as opened:
    pixels = torch.frombuffer(bytearray(opened.read()[16:]), dtype=torch.uint8).view(-1, 784).float() / 255""",
}
DRAWN = "return pixels[torch.randint(len(pixels), (n,), generator=data)]"

SIDES = {"digits": 64, "mnist": 784}  # numbers in a picture
STARTS = '''def start(layer, takes, chance):
    """First weights."""
    with torch.no_grad():
        {}
'''

# What only some games need.
STEEP = '''

def slope(judge, x):
    """The gradient of D's output at every sample."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(judge(x).sum(), x, create_graph=True)[0]
'''
NORMED = '''

def turned(matrix, v):
    """One round of power iteration towards a matrix's largest singular value."""
    u = normalize(torch.mv(matrix, v), dim=0)
    return u, normalize(torch.mv(matrix.T, u), dim=0)


singular = {}
for name, weights in D.named_parameters():
    if weights.ndim > 1:
        v = normalize(torch.randn(weights.shape[1], generator=torch.Generator().manual_seed(0)), dim=0)
        for _ in range(15):
            u, v = turned(weights.detach(), v)
        singular[name] = v


def normed():
    """D with every matrix divided by its largest singular value."""
    held = {}
    for name, weights in D.named_parameters():
        if weights.ndim > 1:
            u, singular[name] = turned(weights.detach(), singular[name])
            weights = weights / torch.dot(u, torch.mv(weights, singular[name]))
        held[name] = weights
    return lambda x: torch.func.functional_call(D, held, (x,))

'''

SCRIPT = Template('''"""A GAN of $what, as GANscope played it: python THIS_FILE [iterations]$more"""

import gzip
import hashlib
import math
import sys

import torch
from torch import nn
from torch.nn.functional import normalize, relu, softplus

torch.set_num_threads(1)


def stream(name):
    """One seed, many sources of chance: each has a name."""
    digest = hashlib.sha256(f"$seed/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))


data, noise, inner = stream("data"), stream("noise"), stream("inner")$pictures


def sample(n):
    """Real samples."""
    $sample


def prior(n):
    return $prior


def network(sizes, bend, chance):
    layers = []
    for takes, gives in zip(sizes, sizes[1:]):
        layer = nn.Linear(takes, gives)
        nn.init.zeros_(layer.bias)
        start(layer, takes, chance)
        layers += [layer, bend]
    return nn.Sequential(*layers[:-1])


$starts$steep

G = $g
D = $d
opt_g = $g_opt
opt_d = $d_opt
batch = $batch
$normed
for iteration in range(1, 1 + int(sys.argv[1] if len(sys.argv) > 1 else 1000)):$changes
    for _ in range($k):
        real, fake = sample(batch), G(prior(batch)).detach()$share
        judge = $judge
        r, f = judge(torch.cat([real, fake])).view(2, -1)
        loss_d = $d_loss$penalty
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()$after
    for _ in range($k_g):$g_real
        fake = G(prior(batch))$g_share
        judge = $judge$g_r
        f = judge(fake).squeeze(1)
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
    config = Config.from_flat(reader.config)
    changes = [(event["iteration"], *event["what"].split("=", 1)) for event in reader.events() if "=" in event["what"]]
    for at, address, value in changes:
        if address not in FOLLOWED:
            raise BadKnob(
                f"{reader.path} was changed on its way ({address}={value}, at {at:,}), which a script cannot follow: "
                f"changes of {', '.join(FOLLOWED)} can"
            )
    path.write_text(text(config, changes), encoding="utf-8")


def text(config: Config, changes: Sequence[tuple[int, str, str]] = ()) -> str:
    """The script of this config, and of what was changed after which iteration."""
    refuse(config)
    opts = {
        who: filled(OPTIMISERS[getattr(config, f"{who}_opt").name], getattr(config, f"{who}_opt"), player=who.upper())
        for who in "gd"
    }
    nets = {who: getattr(config, who) for who in "gd"}
    shape = SIDES.get(config.data.name) or config.data.shape[0]
    ends = {"g": (config.noise.dim, shape), "d": (shape, 1)}
    made = {who: built(who, nets[who], ends[who]) for who in "gd"}
    if nets["g"].init != nets["d"].init:
        raise BadKnob(
            f"g.init = {nets['g'].init}, d.init = {nets['d'].init} cannot be written as a script yet: one for both can"
        )
    if pictures := config.data.name in PICTURES:
        made["g"] += ".append(nn.Sigmoid())"
    losses = [filled(words, config.loss) for words in LOSSES[config.loss.name]]
    norm, sees = config.constraint.name == "spectral-norm", getattr(config.loss, "g_sees_real", False)
    share = "share" in PENALTIES[config.penalty.name]
    seed = "int(torch.randint(2**62, (), generator=inner))"
    rand = f"\n        share = torch.rand(batch, 1, generator=torch.Generator().manual_seed({seed}))"
    said = SCRIPT.substitute(
        what=config.data.title, seed=config.seed, sample=DRAWN if pictures else real(config.data),
        more=" [FILE]" * (config.data.name == "mnist"), pictures=PICTURES.get(config.data.name, ""),
        prior=filled(NOISES[config.noise.name], config.noise), starts=STARTS.format(INITS[nets["g"].init]),
        steep=STEEP * (config.penalty.name != "none"), normed=NORMED * norm, judge="normed()" if norm else "D",
        g=made["g"], d=made["d"], g_opt=opts["g"], d_opt=opts["d"], k=config.dynamics.k, k_g=config.dynamics.k_g, batch=config.batch,
        share=rand * share, g_share=f"\n        {seed}" * share, after=filled(CONSTRAINTS[config.constraint.name], config.constraint),
        d_loss=losses[0], g_loss=losses[1], penalty=penalty(config.penalty), changes="".join(followed(config, changes)),
        g_real="\n        real = sample(batch)" * sees, g_r="\n        r = judge(real).squeeze(1)" * sees,
    )  # fmt: skip
    return said.replace("import gzip\n", "") if "gzip.open" not in said else said


def built(who: str, net: Any, ends: tuple[int, int]) -> str:
    sizes = [ends[0], *[net.width] * net.depth, ends[1]]
    return f'network({sizes}, nn.{BENDS[net.activation]}, stream("init/{who}"))'


def penalty(choice: Any) -> str:
    words = PENALTIES[choice.name]
    if getattr(choice, "one_sided", False):
        words = words.replace(".square().mean()", ".relu().square().mean()")
    return filled(words, choice)


def followed(config: Config, changes: Sequence[tuple[int, str, str]]) -> Iterator[str]:
    """Lines that make a change in the iteration after the one that it is told of."""
    for at, address, value in changes:
        config = config.with_(address, value)
        role, _, _ = address.partition(".")
        now = config.batch if address == "batch" else getattr(config, role).lr
        target = "batch" if address == "batch" else f'opt_{role[0]}.param_groups[0]["lr"]'
        yield f"\n    if iteration == {at + 1}:\n        {target} = {now!r}"


def refuse(config: Config) -> None:
    """Raises `BadKnob` for the first choice that the script has no words for."""
    known = {
        "loss": LOSSES, "penalty": PENALTIES, "noise": NOISES, "g_opt": OPTIMISERS, "d_opt": OPTIMISERS, "g": ("mlp",), "d": ("mlp",),
        "constraint": CONSTRAINTS, "input": ("none",), "schedule": ("constant",), "dynamics": ("alternating",),
    }  # fmt: skip
    for role, names in known.items():
        if (name := getattr(config, role).name) not in names:
            raise BadKnob(f"{role} = {name} cannot be written as a script yet: those that can are {', '.join(names)}")
    if config.data.name not in {**DATA, **PICTURES} and not hasattr(config.data, "modes"):
        raise BadKnob(
            f"data = {config.data.name} cannot be written as a script yet: bells on the line or in the plane, "
            f"{', '.join([*DATA, *PICTURES])} can"
        )
    for who in "gd":
        net = getattr(config, who)
        for name, value in PLAIN.items():
            if getattr(net, name) != value:
                raise BadKnob(f"{who}.{name} = {getattr(net, name)} cannot be written as a script yet: {value} can")
        if net.init not in INITS:
            raise BadKnob(f"{who}.init = {net.init} cannot be written as a script yet: give one of {', '.join(INITS)}")
        if net.activation not in BENDS:
            raise BadKnob(
                f"{who}.activation = {net.activation} cannot be written as a script yet: give one of {', '.join(BENDS)}"
            )
    if (few := getattr(config.data, "pictures", None)) != (most := type(config.data)().pictures if few else None):
        raise BadKnob(f"data.pictures = {few} cannot be written as a script yet: all {most} can")
    for name, plain in (("frozen", "none"), ("precision", "float32")):
        if getattr(config, name) != plain:
            raise BadKnob(f"{name} = {getattr(config, name)} cannot be written as a script yet: {plain} can")
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

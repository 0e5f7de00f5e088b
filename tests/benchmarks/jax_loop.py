"""A game in JAX, as its own people would write it: whole iterations in one `lax.scan` under one `jit`, on one thread.

A child of `engine.py`: `python -m tests.benchmarks.jax_loop GAME`. The networks are read off the game's modules, layer by
layer, with their first weights; samples, noise, losses and optimisers are the same formulas. Pictures lie as XLA likes
them, channels last.
"""

from __future__ import annotations

import os
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import torch
from jax import lax, random
from torch import nn

from gancore.config import Config
from gancore.game.networks.bends import LargestPiece
from gancore.train.trainer import Trainer
from tests.benchmarks.games import game
from tests.benchmarks.peers import serve

BLOCK = 0.1  # seconds, about, of iterations in one call
jax.config.update("jax_default_prng_impl", "rbg")  # a third of an iteration of the toy faster than the usual one


def layer(module: nn.Module):
    """A torch layer as its weights and a function (weights, x, key) of them."""
    own = {name: jnp.asarray(p.detach().numpy().copy()) for name, p in module.named_parameters()}
    match module:
        case nn.Linear():
            return own, lambda w, x, key: x @ w["weight"].T + w["bias"] if "bias" in w else x @ w["weight"].T
        case nn.ReLU():
            return own, lambda w, x, key: jax.nn.relu(x)
        case nn.LeakyReLU(negative_slope=slope):
            return own, lambda w, x, key: jax.nn.leaky_relu(x, slope)
        case nn.Sigmoid():
            return own, lambda w, x, key: jax.nn.sigmoid(x)
        case nn.Dropout(p=share):
            return own, lambda w, x, key: jnp.where(random.bernoulli(key, 1 - share, x.shape), x / (1 - share), 0)
        case LargestPiece(pieces=pieces):
            return own, lambda w, x, key: x.reshape(len(x), pieces, -1).max(1)
        case nn.Unflatten(unflattened_size=size):
            return own, lambda w, x, key: x.reshape(len(x), *size).transpose(0, 2, 3, 1)
        case nn.Flatten():
            return own, lambda w, x, key: x.transpose(0, 3, 1, 2).reshape(len(x), -1)
        case nn.BatchNorm2d(eps=eps):
            return own, lambda w, x, key: normalised(x, eps) * w["weight"] + w["bias"]
        case nn.Conv2d(stride=stride, padding=around):
            own["weight"] = own["weight"].transpose(2, 3, 1, 0)
            room = [(a, a) for a in around]
            return own, lambda w, x, key: convolved(w, x, stride, room, (1, 1))
        case nn.ConvTranspose2d(stride=stride, padding=around, kernel_size=k, output_padding=more):
            own["weight"] = jnp.flip(own["weight"], (2, 3)).transpose(2, 3, 0, 1)
            room = [(k[i] - 1 - around[i], k[i] - 1 - around[i] + more[i]) for i in (0, 1)]
            return own, lambda w, x, key: convolved(w, x, (1, 1), room, stride)
    raise TypeError(module)


def normalised(x, eps: float):
    mean = x.mean((0, 1, 2))
    return (x - mean) * lax.rsqrt(((x - mean) ** 2).mean((0, 1, 2)) + eps)


def convolved(w, x, stride, room, spread):
    y = lax.conv_general_dilated(
        x, w["weight"], stride, room, lhs_dilation=spread, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return y + w["bias"] if "bias" in w else y


def network(module: nn.Sequential):
    """All weights, and the network as a function (weights, x, key)."""
    weights, functions = zip(*map(layer, module))

    def play(weights, x, key):
        for at, (w, f) in enumerate(zip(weights, functions)):
            x = f(w, x, random.fold_in(key, at) if isinstance(module[at], nn.Dropout) else key)
        return x

    return list(weights), play


def sampler(source):
    """The source's samples as a function (key, n)."""
    if hasattr(source, "pixels"):
        pixels = jnp.asarray(source.pixels.numpy())
        return lambda key, n: pixels[random.randint(key, (n,), 0, len(pixels))].astype(jnp.float32) / 255
    weight, *centre, spread = (jnp.array(column) for column in zip(*source.modes))
    edges, centres = jnp.cumsum(weight / weight.sum())[:-1], jnp.stack(centre, 1)

    def sample(key, n):
        which, how = random.split(key)
        row = jnp.searchsorted(edges, random.uniform(which, (n,)))
        return centres[row] + spread[row][:, None] * random.normal(how, (n, centres.shape[1]))

    return sample


def prior(noise):
    """The noise as a function (key, n)."""
    if noise.name == "uniform":
        return lambda key, n: random.uniform(key, (n, noise.dim), minval=noise.low, maxval=noise.high)
    return lambda key, n: noise.std * random.normal(key, (n, noise.dim))


def optimiser(choice):
    """First moments, and a step (weights, gradient, moments) to new weights and moments."""
    leaf = jax.tree.map
    if choice.name == "sgd":

        def step(w, slope, velocity):
            velocity = leaf(lambda v, s: choice.momentum * v + s, velocity, slope)
            return leaf(lambda w, v: w - choice.lr * v, w, velocity), velocity

        return lambda w: leaf(jnp.zeros_like, w), step

    def step(w, slope, moments):
        mean, square, t = moments
        t = t + 1
        mean = leaf(lambda m, s: choice.beta1 * m + (1 - choice.beta1) * s, mean, slope)
        square = leaf(lambda q, s: choice.beta2 * q + (1 - choice.beta2) * s * s, square, slope)
        size, root = choice.lr / (1 - choice.beta1**t), jnp.sqrt(1 - choice.beta2**t)
        w = leaf(lambda w, m, q: w - size * m / (jnp.sqrt(q) / root + choice.eps), w, mean, square)
        return w, (mean, square, t)

    return lambda w: (leaf(jnp.zeros_like, w), leaf(jnp.zeros_like, w), jnp.zeros(())), step


class JaxGame:
    """The game's losses, and one iteration as a function (state, key) to the state and both losses."""

    def __init__(self, config: Config, trainer: Trainer):
        source = trainer.game.source
        (g, self.g), (d, self.d) = network(trainer.game.g.module), network(trainer.game.d.module)
        self.real, self.z, self.batch = sampler(source), prior(config.noise), config.batch
        g_start, self.g_step = optimiser(config.g_opt)
        d_start, self.d_step = optimiser(config.d_opt)
        self.state = g, d, g_start(g), d_start(d)
        self.iterate = {"alternating": self.alternating, "simultaneous": self.simultaneous}[config.dynamics.name]

    def d_loss(self, d, fake, real, key):
        one, other = random.split(key)
        return jax.nn.softplus(-self.d(d, real, one)).mean() + jax.nn.softplus(self.d(d, fake, other)).mean()

    def g_loss(self, g, d, z, key):
        return jax.nn.softplus(-self.d(d, self.g(g, z, key), random.split(key)[1])).mean()

    def alternating(self, state, key):
        g, d, g_moments, d_moments = state
        of_real, of_z, of_next, d_key, g_key = random.split(key, 5)
        fake = self.g(g, self.z(of_z, self.batch), d_key)
        d_told, slope = jax.value_and_grad(self.d_loss)(d, fake, self.real(of_real, self.batch), d_key)
        d, d_moments = self.d_step(d, slope, d_moments)
        g_told, slope = jax.value_and_grad(self.g_loss)(g, d, self.z(of_next, self.batch), g_key)
        g, g_moments = self.g_step(g, slope, g_moments)
        return (g, d, g_moments, d_moments), jnp.stack([d_told, g_told])

    def simultaneous(self, state, key):
        """On the same samples and with the same dropout, which XLA computes once."""
        g, d, g_moments, d_moments = state
        of_real, of_z, inner = random.split(key, 3)
        z, real = self.z(of_z, self.batch), self.real(of_real, self.batch)
        d_told, d_slope = jax.value_and_grad(self.d_loss)(d, self.g(g, z, inner), real, inner)
        g_told, g_slope = jax.value_and_grad(self.g_loss)(g, d, z, inner)
        d, d_moments = self.d_step(d, d_slope, d_moments)
        g, g_moments = self.g_step(g, g_slope, g_moments)
        return (g, d, g_moments, d_moments), jnp.stack([d_told, g_told])


def main(name: str) -> None:
    torch.set_num_threads(1)
    config = game(name)
    playing = JaxGame(config, Trainer(config))
    began = time.perf_counter()
    n = 1
    play = jax.jit(lambda state, keys: lax.scan(playing.iterate, state, keys), donate_argnums=0)
    state, key = playing.state, random.key(config.seed)

    def block() -> int:
        nonlocal state, key
        key, now = random.split(key)
        state, told = play(state, random.split(now, n))
        jax.block_until_ready(told)
        return n

    block()
    ready, took = time.perf_counter() - began, time.process_time()
    block()
    n = max(1, round(n * BLOCK / (time.process_time() - took)))
    block()
    serve(block, ready)


if __name__ == "__main__":
    main(sys.argv[1])

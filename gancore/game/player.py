"""A player: an ordinary module, called as a function of one flat vector of weights."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import accumulate

import torch
from torch import Tensor, nn

from gancore.seeds import seeded


class Player:
    """An ordinary `nn.Module` called as a function of one flat vector of weights and a dict of buffers.

    `random` says that it draws numbers while training (dropout), `together` that one call on two batches at once is
    the same as two calls: not so if it is random, keeps statistics, or lets the samples of a batch see each other.
    `apart` says the same of its calls outside training, where statistics are those that were kept.
    """

    def __init__(self, module: nn.Module, lent: bool = True):
        """A module that is `lent` keeps its weights to itself; of another one they lie where `start` has them, once."""
        self.module = module
        self.names = [name for name, _ in module.named_parameters()]
        self.shapes = [p.shape for p in module.parameters()]
        self.sizes = [p.numel() for p in module.parameters()]
        self.start = torch.cat([p.detach().flatten() for p in module.parameters()])
        if not lent:
            for own, part in zip(module.parameters(), self.weights(self.start).values()):
                own.data = part
        self.buffers = {name: b.detach().clone() for name, b in module.named_buffers()}
        self.random = any(draws(layer) for layer in module.modules())
        self.together = not (self.random or self.buffers or any(sees_batch(layer) for layer in module.modules()))
        self.apart = not any(sees_batch(layer) and not keeps(layer) for layer in module.modules())
        self.slots = list(slots(module))

    def weights(self, flat: Tensor) -> dict[str, Tensor]:
        """Views into the flat vector under the module's own names."""
        parts = torch.split_with_sizes(flat, self.sizes)  # `Tensor.split` is the same and twice as slow
        return {name: part.view(shape) for name, part, shape in zip(self.names, parts, self.shapes)}

    def __call__(
        self, weights: dict, buffers: dict, x: Tensor, training: bool = True, seed: int | None = None, low: bool = False
    ) -> Tensor:
        """What the module makes of `x`. In training it may write to `buffers`, and what it draws comes from `seed` alone.

        In `low` precision it multiplies in bfloat16 (Micikevicius et al. 2018 keep weights and sums as they are, as here).
        """
        if self.module.training is not training:
            self.module.train(training)
        with (
            seeded(seed or 0) if self.random else nullcontext(),
            torch.autocast("cpu", torch.bfloat16) if low else nullcontext(),
        ):
            made = self._with({**weights, **buffers}, x)
        return made.to(x.dtype) if low else made

    def calmly(self, weights: dict, buffers: dict, x: Tensor, most: int, low: bool = False) -> Tensor:
        """What it makes of `x` outside training, from `most` samples at a time where they do not see each other: that takes
        less memory."""
        parts = x.split(most) if self.apart else (x,)
        return torch.cat([self(weights, buffers, part, training=False, low=low) for part in parts])

    def _with(self, tensors: dict[str, Tensor], x: Tensor) -> Tensor:
        # What `torch.func.functional_call` does, which looks for every tensor's place anew each time: a tenth of a step.
        before = [(place, key, place[key]) for place, key, _ in self.slots]
        try:
            for place, key, name in self.slots:
                place[key] = tensors[name]
            return self.module(x)
        finally:
            for place, key, own in before:
                place[key] = own

    def tensor_at(self, index: int) -> str:
        """The name of the tensor that holds entry `index` of the flat vector."""
        return next(name for name, end in zip(self.names, accumulate(self.sizes)) if index < end)


def slots(module: nn.Module):
    """Where the tensors of a module sit: a layer's dict, the key in it, and the name they go by. A tied one sits twice."""
    for named, dict_of in ((module.named_parameters, "_parameters"), (module.named_buffers, "_buffers")):
        first = {}
        for name, tensor in named(remove_duplicate=False):
            layer, _, key = name.rpartition(".")
            yield getattr(module.get_submodule(layer), dict_of), key, first.setdefault(id(tensor), name)


def draws(layer: nn.Module) -> bool:
    """Whether a layer draws numbers while training. PyTorch's own are known; a user's says `random = True`."""
    return isinstance(layer, (nn.modules.dropout._DropoutNd, nn.RReLU)) or getattr(layer, "random", None) is True


def sees_batch(layer: nn.Module) -> bool:
    """Whether what a layer says of a sample depends on the rest of its batch. A user's own says `sees_batch = True`."""
    return isinstance(layer, nn.modules.batchnorm._BatchNorm) or getattr(layer, "sees_batch", None) is True


def keeps(layer: nn.Module) -> bool:
    """Whether a layer keeps statistics in training and goes by them afterwards, as batch normalisation does."""
    return getattr(layer, "running_mean", None) is not None

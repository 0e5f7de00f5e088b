"""The whole of a run in motion, as a value: what is saved, restored, forked and compared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from gancore import seeds

COUNTS = ("iteration", "d_updates", "g_updates")
GROUPS = ("g_buffers", "d_buffers", "g_moments", "d_moments", "memory")
STREAMS = ("data", "noise", "inner")


@dataclass(frozen=True)
class State:
    """Weights are flat vectors. Tensors are never written in place, so that a state kept aside stays what it was.

    `memory` is what the rules keep in mind, each under its owner's name: `input.*`, `penalty.*`, `dynamics.*`, and `ema`.
    """

    g: Tensor
    d: Tensor
    g_buffers: dict[str, Tensor]
    d_buffers: dict[str, Tensor]
    g_moments: dict[str, Tensor]
    d_moments: dict[str, Tensor]
    streams: dict[str, torch.Generator]
    memory: dict[str, Tensor] = field(default_factory=dict)
    iteration: int = 0
    d_updates: int = 0
    g_updates: int = 0

    @classmethod
    def start(cls, game, config) -> State:
        """The untrained game of this config."""
        g, d = game.g.start, game.d.start
        moments = config.g_opt.start(g), config.d_opt.start(d)
        streams = {name: seeds.stream(config.seed, name) for name in STREAMS}
        state = cls(g, d, game.g.buffers, game.d.buffers, *moments, streams).remember("input", config.input.start())
        return state.with_penalty(config.penalty).with_constraint(game, config.constraint)

    def with_penalty(self, penalty) -> State:
        """The same state, in which the memory of this penalty starts anew."""
        return self.remember("penalty.g", penalty.start(self.g)).remember("penalty.d", penalty.start(self.d))

    def with_constraint(self, game, constraint) -> State:
        """The same state, in which what this constraint keeps beside D's buffers starts anew."""
        kept = constraint.start(game.d.weights(self.d))
        return replace(self, d_buffers={name: self.d_buffers[name] for name in game.d.buffers} | kept)

    def recall(self, owner: str) -> dict[str, Tensor]:
        """What `owner` keeps in mind."""
        return _members(self.memory, owner) if self.memory else {}

    def remember(self, owner: str, kept: dict[str, Tensor]) -> State:
        """The same state in which `owner` keeps this in mind, and nothing else."""
        others = {key: tensor for key, tensor in self.memory.items() if not key.startswith(owner + ".")}
        return replace(self, memory=others | {f"{owner}.{name}": tensor for name, tensor in kept.items()})

    def averaged(self, memory: float) -> State:
        """The same state with G's running mean taken one iteration further; a memory of 0 keeps no mean."""
        if not memory and "ema" not in self.memory:
            return self
        others = {name: tensor for name, tensor in self.memory.items() if name != "ema"}
        mean = {"ema": self.g.lerp(self.memory.get("ema", self.g), memory)} if memory else {}
        return replace(self, memory=others | mean)

    def fork(self) -> State:
        """The same state with generators of its own: drawing from one leaves the other where it is."""
        return replace(self, streams={name: seeds.clone(stream) for name, stream in self.streams.items()})

    def own_buffers(self) -> State:
        """The same state with buffers that a module in training mode may write to."""
        if not (self.g_buffers or self.d_buffers):
            return self
        return replace(
            self,
            g_buffers={name: b.clone() for name, b in self.g_buffers.items()},
            d_buffers={name: b.clone() for name, b in self.d_buffers.items()},
        )

    def parts(self) -> dict[str, Tensor]:
        """All of it but chance and counts, as named tensors."""
        named = {"g": self.g, "d": self.d}
        for group in GROUPS:
            named |= {f"{group}.{name}": tensor for name, tensor in getattr(self, group).items()}
        return named

    def of_parts(self, named: dict[str, Tensor], **counts: int) -> State:
        """What `parts` was called on, with these counts and the generators of this state."""
        groups = {group: _members(named, group) for group in GROUPS}
        return replace(self, g=named["g"], d=named["d"], **groups, **counts)

    def named(self) -> dict[str, Tensor]:
        """All of it as named tensors, for a checkpoint: `from_tensors` gives the same state back, bit for bit."""
        named = self.parts() | {f"streams.{name}": stream.get_state() for name, stream in self.streams.items()}
        return named | {"counts": torch.tensor([getattr(self, name) for name in COUNTS])}

    def tensors(self) -> dict[str, Tensor]:
        """What `named` gives, as copies: some files refuse tensors that share memory, as untouched moments do."""
        return {name: tensor.detach().clone() for name, tensor in self.named().items()}

    @classmethod
    def from_tensors(cls, named: dict[str, Tensor]) -> State:
        """The state that `named` or `tensors` was called on."""
        groups = {group: _members(named, group) for group in GROUPS}
        streams = {name: torch.Generator().set_state(bits) for name, bits in _members(named, "streams").items()}
        counts = dict(zip(COUNTS, named["counts"].tolist()))
        return cls(g=named["g"], d=named["d"], streams=streams, **groups, **counts)


def _members(named: dict[str, Tensor], group: str) -> dict[str, Tensor]:
    return {key[len(group) + 1 :]: tensor for key, tensor in named.items() if key.startswith(group + ".")}

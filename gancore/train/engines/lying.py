"""Where the tensors of a tape lie on a device that plays it for several members at once."""

from __future__ import annotations

import torch
from torch import Tensor

from gancore.train.engines.split import LINE, as_bytes
from gancore.train.engines.tape import place

Lies = tuple[torch.UntypedStorage, int, int]  # a storage on the device, the first byte, bytes to the next member's


class Lying:
    """Where the storages of a tape lie on a device: of what moves one a member, of what stands still one for all."""

    def __init__(self, device: torch.device, members: int, moving: set[int]):
        self.device, self.members, self.moving = device, members, moving
        self.rooms: dict[int, Lies] = {}  # of what is there from iteration to iteration
        self.results: dict[int, Lies] = {}  # of what was made in this one
        self.still: dict[int, Tensor] = {}  # bytes

    def __call__(self, x: Tensor) -> tuple[Tensor, bool]:
        """A tensor there, (members, *shape) if each member has its own, and whether it has."""
        where, size, view = place(x), x.element_size(), torch.empty(0, dtype=x.dtype, device=self.device)
        if where not in self.moving and where not in self.rooms:
            if where not in self.still:
                self.still[where] = as_bytes(x).to(self.device, copy=True)
            return view.set_(self.still[where].untyped_storage(), x.storage_offset(), x.shape, x.stride()), False
        storage, first, far = self.results.get(where) or self.rooms.get(where) or self._room(x)
        at, strides = x.storage_offset() + first // size, (far // size, *x.stride())
        return view.set_(storage, at, (self.members, *x.shape), strides), True

    def _room(self, x: Tensor) -> Lies:
        """Room for a storage, of each member as it is on the tape."""
        bytes_of = as_bytes(x).to(self.device)
        room = torch.zeros(self.members, -(-len(bytes_of) // LINE) * LINE, dtype=torch.uint8, device=self.device)
        room[:, : len(bytes_of)] = bytes_of
        self.rooms[place(x)] = room.untyped_storage(), 0, room.shape[1]
        return self.rooms[place(x)]

    def lay(self, x: Tensor, result: Tensor) -> None:
        """Says that this was made of a tensor of the tape, for each member: where it is, if it lies there as on the tape."""
        size = x.element_size()
        steps, wanted = ([s for s, n in zip(y, x.shape) if n > 1] for y in (result.stride()[1:], x.stride()))
        if steps == wanted and result.dtype is x.dtype and result.stride(0) >= x.numel():
            first, far = size * (result.storage_offset() - x.storage_offset()), size * result.stride(0)
        else:
            first, far = 0, x.untyped_storage().nbytes()
            room = torch.empty(self.members * far // size, dtype=x.dtype, device=self.device)
            shape, strides = (self.members, *x.shape), (far // size, *x.stride())
            result = room.as_strided(shape, strides, x.storage_offset()).copy_(result)
        self.results[place(x)] = result.untyped_storage(), first, far

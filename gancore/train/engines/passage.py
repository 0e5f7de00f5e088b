"""The way of chance to a device: drawn here some iterations ahead, and carried over while the device plays the ones before."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Generator, Tensor

from gancore.train.engines.hands import MOST, cores
from gancore.train.engines.scripted import Script
from gancore.train.engines.tape import place

AHEAD = 16  # iterations that are drawn and carried over at once
LARGE = 2**25  # bytes, for which fewer iterations do


def block(size: int) -> int:
    """How many iterations' rows of so many bytes go over at once."""
    return max(2, min(AHEAD, LARGE // max(size, 1)))


class Passage:
    """Rows of bytes, one a member and iteration. Two buffers: in one is drawn, on threads, while the other is on its way.

    The script draws one member's rows into `drawn` (iterations, bytes); each member has its own copy of what it writes to.
    """

    def __init__(self, play: Callable, script: Script, drawn: Tensor, row: Tensor):
        """`play` is the script's function, `row` (members, bytes) where an iteration's come; what `drawn` lacks is the caller's."""
        members, device = len(row), row.device
        self.ahead, self.on_cuda, self.end = len(drawn), device.type == "cuda", drawn.shape[1]
        shape = (self.ahead, *row.shape)
        self.staged = [torch.zeros(shape, dtype=torch.uint8, pin_memory=self.on_cuda) for _ in range(2)]
        self.come = torch.zeros(shape, dtype=torch.uint8, device=device)
        self.sent: list[torch.cuda.Event | None] = [None, None]
        self.play = play
        own = [x for x in script.tensors if place(x) != place(drawn)]
        copies = [iter(copy.deepcopy(own)) for _ in range(members)]
        tensors = [[None if place(x) == place(drawn) else next(each) for x in script.tensors] for each in copies]
        self.tensors = [
            [[into(staged[:, at], x, y) for x, y in zip(script.tensors, own)] for at, own in enumerate(tensors)]
            for staged in self.staged
        ]
        self.threads = max(1, min(members, cores(), MOST))
        self.pool = ThreadPoolExecutor(self.threads)

    def rows(
        self,
        streams: Sequence[Sequence[Generator] | None],
        numbers: Sequence[list[list[float]]],
        beside: Tensor | None = None,
    ) -> Iterator[tuple[int, Tensor]]:
        """Draws with each member's streams, given its numbers: where each block of iterations begins, and its rows there.

        Who has no streams draws nothing, and its rows mean nothing. `beside` (n, members, columns) in float32 comes along at
        the rows' ends. A block is gone when the next is asked for.
        """
        n = len(numbers[0])
        coming = self._draw(0, streams, numbers, 0)
        for turn, start in enumerate(range(0, n, self.ahead)):
            which, count = turn % 2, min(self.ahead, n - start)
            for part in coming:
                part.result()
            staged = self.staged[which][:count]
            if beside is not None:
                staged[..., self.end :].view(torch.float32)[..., : beside.shape[2]] = beside[start : start + count]
            self.come[:count].copy_(staged, non_blocking=True)
            if self.on_cuda:
                self.sent[which] = torch.cuda.Event()
                self.sent[which].record()
            if start + count < n:
                coming = self._draw(1 - which, streams, numbers, start + count)
            yield start, self.come[:count]

    def _draw(self, which: int, streams, numbers, start: int) -> list[Future]:
        """Has a block drawn into one of the buffers, by as many threads as there are."""
        members = [at for at, own in enumerate(streams) if own is not None]

        def draw(some: Sequence[int]) -> None:
            if self.sent[which]:
                self.sent[which].synchronize()
            for at in some:
                known = numbers[at][start : start + self.ahead]
                self.play(streams[at], known, self.staged[which], len(known), self.tensors[which][at])

        return [self.pool.submit(draw, members[k :: self.threads]) for k in range(self.threads)]


def into(rows: Tensor, of_script: Tensor, own: Tensor | None) -> Tensor:
    """A member's own tensor, or of what the script draws the part of its rows."""
    if own is not None:
        return own
    first = of_script.storage_offset()
    return rows[:, first : first + of_script.shape[1]]

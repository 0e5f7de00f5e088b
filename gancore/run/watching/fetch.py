"""Tensors on their way from a device: asking whether they have come never waits for it."""

from __future__ import annotations

import torch
from torch import Tensor


class Fetch:
    """Copies to the processor, begun now behind all that was asked of their devices before."""

    def __init__(self, tensors: list[Tensor], since: torch.cuda.Event | None = None):
        self._since = since
        self._tensors = [tensor.to("cpu", non_blocking=tensor.is_cuda) for tensor in tensors]
        self._marks = [mark(device) for device in {tensor.device for tensor in tensors if tensor.is_cuda}]

    def here(self) -> bool:
        return all(event.query() for event in self._marks)

    def tensors(self) -> list[Tensor]:
        """The copies; waits for them if need be."""
        for event in self._marks:
            event.synchronize()
        return self._tensors

    def seconds(self) -> float:
        """What the device worked from the mark `since` to here, once all is here."""
        return self._since.elapsed_time(self._marks[0]) / 1e3 if self._since and self._marks else 0.0


def mark(device: torch.device) -> torch.cuda.Event | None:
    """A point in what a device has been asked to do; nothing on the processor, which does things at once."""
    if device.type != "cuda":
        return None
    event = torch.cuda.Event(enable_timing=True)
    event.record(torch.cuda.current_stream(device))
    return event

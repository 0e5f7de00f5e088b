"""Named tensors as a file of safetensors, in pieces: the library makes the whole at once, three times over in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator

import torch
from torch import Tensor

NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
ALIGNED = 8  # bytes: where the numbers begin


def pieces(tensors: dict[str, Tensor]) -> tuple[int, Iterator[bytes | memoryview]]:
    """How many bytes the file has, and these in order: the header, then each tensor's own memory. Raises TypeError.

    Source: the layout that the library documents as its format.
    """
    header, end = {}, 0
    for name, x in tensors.items():
        if x.dtype not in NAMES:
            raise TypeError(f"{name} is of {x.dtype}: give one of {', '.join(map(str, NAMES))}")
        begin, end = end, end + x.nbytes
        header[name] = {"dtype": NAMES[x.dtype], "shape": list(x.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNED)

    def told() -> Iterator[bytes | memoryview]:
        yield len(text).to_bytes(8, "little") + text
        for x in tensors.values():
            yield memoryview(x.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())

    return 8 + len(text) + end, told()

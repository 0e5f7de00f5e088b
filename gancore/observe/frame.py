"""A frame: one moment of a run as named arrays, the form in which it travels to a browser and into a recording."""

from __future__ import annotations

import dataclasses
import json
import struct

import numpy as np

DTYPES = ("<f4", "<f8", "<i4", "|u1")
TRAVELS = {np.dtype(name): name for name in DTYPES}
STORED_AS = {
    "f2": "<f4",
    "f4": "<f4",
    "f8": "<f8",
    "i1": "<i4",
    "i2": "<i4",
    "u2": "<i4",
    "i4": "<i4",
    "u1": "|u1",
    "b1": "|u1",
}
ALIGN = 8  # a browser may lay a Float64Array over a buffer only at multiples of 8


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """Arrays by name at one iteration. `info` holds plain JSON values: d_updates, g_updates, rates, elapsed seconds."""

    iteration: int
    arrays: dict[str, np.ndarray]
    info: dict = dataclasses.field(default_factory=dict)

    def encode(self) -> bytes:
        """uint32 header length, JSON header, array bytes: little endian, every part starting at a multiple of 8."""
        table, parts, at = {}, [], 0
        for name, array in self.arrays.items():
            stored = wire(name, array)
            table[name] = {"dtype": TRAVELS[stored.dtype], "shape": stored.shape, "offset": at}
            gap = -stored.nbytes % ALIGN
            parts += (stored, b"\0" * gap) if gap else (stored,)
            at += stored.nbytes + gap
        head = json.dumps({"iteration": self.iteration, "info": self.info, "arrays": table}, allow_nan=False).encode()
        head = head.ljust(padded(4 + len(head)) - 4)
        return b"".join((struct.pack("<I", len(head)), head, *parts))

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        """The frame in these bytes, its arrays read-only views on them. Raises ValueError on anything else."""
        try:
            (length,) = struct.unpack_from("<I", data)
            head = json.loads(data[4 : 4 + length])
            arrays = {name: unpack(data, 4 + length, **entry) for name, entry in head["arrays"].items()}
            return cls(head["iteration"], arrays, head["info"])
        except (struct.error, ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise ValueError(f"{len(data)} bytes that are no frame: {wrong}") from wrong


def wire(name: str, array: np.ndarray) -> np.ndarray:
    """The array in one of the four dtypes that travel. Whole numbers beyond 32 bits go as floats."""
    array = np.asarray(array)
    if array.dtype in TRAVELS and array.flags.c_contiguous:
        return array
    stored = STORED_AS.get(array.dtype.str[1:])
    if stored is None and array.dtype.kind in "iu":
        stored = "<i4" if array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31) else "<f8"
    if stored is None:
        raise TypeError(f"array {name!r} is {array.dtype}: a frame takes numbers and booleans")
    return np.ascontiguousarray(array, stored).reshape(array.shape)


def unpack(data: bytes, start: int, *, dtype: str, shape: list[int], offset: int) -> np.ndarray:
    if dtype not in DTYPES:
        raise ValueError(f"dtype {dtype!r}, where one of {', '.join(DTYPES)} was expected")
    count = int(np.prod(shape, dtype=np.int64))
    if offset < 0 or count < 0 or start + offset + count * np.dtype(dtype).itemsize > len(data):
        raise ValueError("an array reaches beyond the end")
    return np.frombuffer(data, dtype, count, start + offset).reshape(shape)


def padded(length: int) -> int:
    return -(-length // ALIGN) * ALIGN

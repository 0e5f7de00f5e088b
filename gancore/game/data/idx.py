"""Reads IDX files, the format of MNIST (LeCun, Cortes & Burges 1998): a short header, then unsigned bytes."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

BYTES = 0x08  # the only element type that the MNIST family uses
MOST_PER_BYTE = 1032  # deflate cannot pack more bytes than this into one


class BadFile(ValueError):
    """A file that is not what it should be. The message names the file, what was found and what would do."""


def read(path: Path, most: int = 1 << 32) -> np.ndarray:
    """The bytes of an IDX file, gzipped or plain (told by content, not by name): uint8, in the shape of its header.

    Raises `BadFile` unless header and contents agree to the byte and they are `most` at most, OSError if the file cannot
    be opened.
    """
    path = Path(path)
    with open(path, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if gzipped else open(path, "rb") as file:
            shape = _shape(path, file, most)
            array = np.empty(math.prod(shape), np.uint8)
            found = file.readinto(array)
            beyond = file.read(1)  # reading to the end also checks gzip's own checksum
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise BadFile(f"{path} is not a whole gzip file ({problem}): fetch it again") from None
    if found < array.size or beyond:
        wrong = "goes on after them" if beyond else f"ends after {found:,}"
        raise BadFile(f"{path} promises {array.size:,} bytes in the shape {shape} and {wrong}: fetch it again")
    return array.reshape(shape)


def _shape(path: Path, file, most: int) -> tuple[int, ...]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != BYTES or not 1 <= magic[3] <= 4:
        raise BadFile(
            f"{path} begins with {magic.hex(' ') or 'nothing'}: an IDX file of bytes begins with 00 00 08 and 01 to 04"
        )
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise BadFile(f"{path} ends inside its header: fetch it again")
    shape = struct.unpack(f">{magic[3]}I", sizes)
    if math.prod(shape) > MOST_PER_BYTE * path.stat().st_size:
        raise BadFile(f"{path} promises the shape {shape}, more than {path.stat().st_size:,} bytes can hold")
    if math.prod(shape) > most:
        raise BadFile(f"{path} promises the shape {shape}: give {most:,} bytes at most")
    return shape

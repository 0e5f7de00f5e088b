"""A recording as TensorBoard's event file: protocol buffers in TFRecord frames, which are few enough to write by hand.

Every record is its length, a checksum of that, the event and a checksum of it (tensorflow/core/lib/io/record_writer.h);
fields are those of tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
"""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from gancore.observe.frame import Frame
from gancore.record.recording import Reader

BLOCK = 10_000  # iterations read at a time
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
PICTURES = ("grid_fixed",)


def events(reader: Reader, path: Path) -> None:
    """Scalars by name, gaps left out, and the samples of every kept frame. All at the run's time of birth: a recording
    does not know the hour of each iteration."""
    with path.open("wb") as file:
        record(file, event(reader.created, 0, field(3, BYTES, b"brain.Event:2")))
        first, end = 0, reader.iterations()
        while first <= end:
            for iteration, row in zip(*reader.scalars(first, first + BLOCK - 1)):
                said = zip(reader.names, row.tolist())
                values = b"".join(scalar(name, value) for name, value in said if not math.isnan(value))
                record(file, event(reader.created, int(iteration), field(5, BYTES, values)))
            first += BLOCK
        for iteration in reader.frames():
            arrays = Frame.decode(reader.frame(iteration)).arrays
            values = b"".join(picture(name, arrays[name]) for name in PICTURES if name in arrays)
            if values:
                record(file, event(reader.created, iteration, field(5, BYTES, values)))


def event(wall: float, step: int, what: bytes) -> bytes:
    return field(1, FIXED64, struct.pack("<d", wall)) + field(2, VARINT, varint(step)) + what


def scalar(name: str, value: float) -> bytes:
    """One `Summary.Value` with a `simple_value`."""
    return field(1, BYTES, field(1, BYTES, name.encode()) + field(2, FIXED32, struct.pack("<f", value)))


def picture(name: str, pixels: np.ndarray) -> bytes:
    """One `Summary.Value` with an `image`, (height, width) grey or (height, width, 3), uint8."""
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "png")
    size = field(1, VARINT, varint(pixels.shape[0])) + field(2, VARINT, varint(pixels.shape[1]))
    channels = field(3, VARINT, varint(1 if pixels.ndim == 2 else pixels.shape[2]))
    image = size + channels + field(4, BYTES, held.getvalue())
    return field(1, BYTES, field(1, BYTES, name.encode()) + field(4, BYTES, image))


def field(number: int, wire: int, content: bytes) -> bytes:
    return varint(number << 3 | wire) + (varint(len(content)) if wire == BYTES else b"") + content


def varint(value: int) -> bytes:
    """Seven bits a byte, lowest first, the top bit of all but the last set."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def record(file: BinaryIO, content: bytes) -> None:
    length = struct.pack("<Q", len(content))
    file.write(length + struct.pack("<I", masked(length)) + content + struct.pack("<I", masked(content)))


def masked(content: bytes) -> int:
    """CRC-32C, rotated by 15 bits plus a constant: so that a checksum of checksums does not vanish."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc_of_byte(byte: int) -> int:
    """Castagnoli's polynomial, reflected."""
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


TABLE = [crc_of_byte(byte) for byte in range(256)]

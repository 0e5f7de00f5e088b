"""Pictures that come as files, in a folder or in a zip: each cut to its middle square and resized."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps

from gancore.game.data.idx import BadFile
from gancore.game.intake import limits

# Named one by one: Pillow knows formats that start other programs to be read.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}

FILE_SIDE = 28  # pixels, unless told otherwise, for pictures of any size

Named = tuple[str, bytes]


def pictures(found: Iterable[Named], place: Path, side: int) -> np.ndarray:
    """All of them as uint8 (N, 1 or 3, side, side): grey if none has a colour. Raises `BadFile`."""
    kept = []
    for name, content in found:
        kept.append(_square(_opened(name, content), side))
        if len(kept) > limits.PICTURES:
            break
    if not kept:
        raise BadFile(f"{place} has no pictures: give files that end in {', '.join(sorted(ENDINGS))}")
    channels = 3 if any((picture != picture[..., :1]).any() for picture in kept) else 1
    limits.check_set(place, len(kept), channels, side)
    return np.ascontiguousarray(np.stack([picture[..., :channels] for picture in kept]).transpose(0, 3, 1, 2))


def in_folder(folder: Path) -> Iterator[Named]:
    """Names and contents of a folder's pictures and those of the folders in it, in order."""
    for path in sorted(folder.rglob("*")):
        if _is_picture(path.relative_to(folder)) and path.is_file():
            _check_size(path, path.stat().st_size)
            yield str(path), path.read_bytes()


def in_zip(path: Path) -> Iterator[Named]:
    """Names and contents of a zip's pictures, in its order; nothing is unpacked to the disk."""
    try:
        with zipfile.ZipFile(path) as packed:
            members = [m for m in packed.infolist() if _is_picture(PurePosixPath(m.filename)) and not m.is_dir()]
            # A member never yields more than it promises here: what promises too much is refused unread.
            limits.check_unpacked(path, sum(member.file_size for member in members))
            for member in members:
                _check_size(f"{path}/{member.filename}", member.file_size)
                yield f"{path}/{member.filename}", packed.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        raise BadFile(f"{path} cannot be unpacked ({problem}): give a whole .zip without a password") from None


def _is_picture(path) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in ENDINGS and not hidden


def _check_size(name, size: int) -> None:
    if size > limits.FILE:
        raise BadFile(f"{name} has {size / 1e6:,.0f} MB: give pictures of {limits.FILE / 1e6:,.0f} MB at most")


def _opened(name: str, content: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        if picture.width * picture.height > limits.PIXELS:
            raise BadFile(f"{name} has {picture.width}x{picture.height} pixels: give {limits.PIXELS:,} at most")
        picture.load()
        return ImageOps.exif_transpose(picture)
    except BadFile:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, zlib.error) as problem:
        raise BadFile(f"{name} cannot be read as a picture ({problem}): remove it or save it anew") from None


def _square(picture: Image.Image, side: int) -> np.ndarray:
    """The middle square, (side, side, 3) uint8; what is transparent becomes white."""
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = Image.fromarray((np.asarray(picture).clip(0, 65535) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.asarray(fitted(picture.convert("RGB"), side))


def fitted(picture: Image.Image, side: int) -> Image.Image:
    """The middle square, resized."""
    return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)

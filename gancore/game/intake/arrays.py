"""Pictures that come as one array: NumPy's files, IDX, and MATLAB's as the Toronto Face Database is handed out."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from gancore.game.data import idx
from gancore.game.data.idx import BadFile
from gancore.game.intake import limits
from gancore.game.intake.files import FILE_SIDE, fitted

NAMES = ("images", "pictures", "x_train", "x", "X", "data", "arr_0")  # where an array of pictures is looked for
OWN_SIDES = range(8, 65)  # kept unless told otherwise


def pictures(array: np.ndarray, place: Path, side: int | None) -> np.ndarray:
    """Any usual layout as uint8 (N, 1 or 3, side, side). Raises `BadFile`, which tells the layouts."""
    array = _channels_last(array, place)
    n, height, width, channels = array.shape
    side = side or (height if height == width and height in OWN_SIDES else FILE_SIDE)
    limits.check_set(place, n, channels, side)
    array = _bytes(array, place)
    if (height, width) != (side, side):
        array = np.stack([_resized(picture, side) for picture in array])
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2))


def npy(path: Path) -> np.ndarray:
    """The array in a .npy file. Nothing in it is unpickled."""
    with open(path, "rb") as file:
        return _array(path, file)


def npz(path: Path) -> np.ndarray:
    """The array of pictures in a .npz file: the one under a usual name, or the only one."""
    try:
        with zipfile.ZipFile(path) as packed:
            names = [name.removesuffix(".npy") for name in packed.namelist()]
            member = _which(path, names) + ".npy"
            limits.check_unpacked(path, packed.getinfo(member).file_size)
            with packed.open(member) as file:
                return _array(path, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        raise BadFile(f"{path} cannot be unpacked ({problem}): save it anew with numpy.savez") from None


def mat(path: Path) -> np.ndarray:
    """The array of pictures in a .mat file, such as `images` (N, 48, 48) of the Toronto Face Database (2010)."""
    from scipy.io import loadmat, whosmat

    try:
        found = {name: (shape, kind) for name, shape, kind in whosmat(path)}
        name = _which(path, list(found))
        shape, kind = found[name]
        if kind not in ("uint8", "single", "double"):
            raise BadFile(f"{path}: {name} is of class {kind}: give uint8, single or double")
        limits.check_unpacked(path, 8 * math.prod(shape))
        return loadmat(path, variable_names=[name])[name]
    except BadFile:
        raise
    except NotImplementedError:
        raise BadFile(f"{path} is of MATLAB 7.3, which is another format: save it anew with -v7") from None
    except Exception as problem:  # SciPy's reader meets a damaged file with whatever comes: index, type, struct errors
        raise BadFile(f"{path} is not a whole .mat file ({problem})") from None


def idx_file(path: Path) -> np.ndarray:
    """The array in an IDX file, gzipped or plain."""
    return idx.read(path, limits.UNPACKED)


def is_idx(path: Path) -> bool:
    """Whether a file looks like IDX or is gzipped, as IDX files often are."""
    with open(path, "rb") as file:
        return file.read(3) in (b"\0\0\x08", b"\x1f\x8b\x08")


def _which(path: Path, names: list[str]) -> str:
    known = [name for name in NAMES if name in names]
    if not known and len(names) != 1:
        raise BadFile(
            f"{path} holds {', '.join(names) or 'nothing'}: name the array of pictures one of {', '.join(NAMES)}"
        )
    return known[0] if known else names[0]


def _array(path: Path, file) -> np.ndarray:
    """One array of NumPy's format, whose header is believed only as far as the limit."""
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(file)
        limits.check_unpacked(path, math.prod(shape) * dtype.itemsize)
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)
    except BadFile:
        raise
    except (ValueError, EOFError, OSError) as problem:
        raise BadFile(f"{path} is not a whole array of numbers ({problem})") from None


def _channels_last(array: np.ndarray, place: Path) -> np.ndarray:
    """Whatever the layout was, (N, height, width, 1 or 3)."""
    if array.ndim == 3 and array.size:
        return array[..., None]
    if array.ndim == 4 and array.size and array.shape[3] in (1, 3):
        return array
    if array.ndim == 4 and array.size and array.shape[1] in (1, 3):
        return array.transpose(0, 2, 3, 1)
    if array.ndim == 2 and array.size:
        for channels in (1, 3):
            side = math.isqrt(array.shape[1] // channels)
            if channels * side * side == array.shape[1]:
                return array.reshape(-1, channels, side, side).transpose(0, 2, 3, 1)
    raise BadFile(
        f"{place} has the shape {array.shape}: give (N, height, width), the same with 1 or 3 channels at its end or "
        "after N, or flat square pictures (N, pixels)"
    )


def _bytes(array: np.ndarray, place: Path) -> np.ndarray:
    """As uint8 from whole numbers 0 to 255, or others from 0 to 1."""
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "biuf":
        raise BadFile(f"{place} holds {array.dtype}: give numbers")
    low, high, most = array.min(), array.max(), 255 if array.dtype.kind in "iu" else 1
    if not (low >= 0 and high <= most):  # also where one of them is not a number
        raise BadFile(
            f"{place} holds {array.dtype} from {low} to {high}: give whole numbers 0 to 255, or others 0 to 1"
        )
    return array.astype(np.uint8) if most == 255 else np.rint(array * np.float32(255)).astype(np.uint8)


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    flat = picture[..., 0] if picture.shape[2] == 1 else picture
    return np.asarray(fitted(Image.fromarray(np.ascontiguousarray(flat)), side)).reshape(side, side, -1)

"""Reads what a user brings in: pictures from a folder, a zip file or an array, points from a CSV file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gancore.game.data.idx import BadFile
from gancore.game.intake import arrays, files, tables
from gancore.game.intake.files import FILE_SIDE

ARRAYS = {".npy": arrays.npy, ".npz": arrays.npz, ".mat": arrays.mat}
TABLES = (".csv", ".tsv", ".txt")


def read(path: Path, side: int | None = None) -> tuple[str, np.ndarray]:
    """("pictures", uint8 (N, channels, side, side)) or ("points", float32 (N, 2)).

    Pictures are cut to the middle square and resized to `side`; without one, arrays of square pictures keep theirs and
    others become 28x28. Raises `BadFile` for what cannot be used, OSError for what cannot be opened.
    """
    if path.is_dir():
        return "pictures", files.pictures(files.in_folder(path), path, side or FILE_SIDE)
    if path.suffix.lower() == ".zip":
        return "pictures", files.pictures(files.in_zip(path), path, side or FILE_SIDE)
    if path.suffix.lower() in TABLES:
        return "points", tables.points(path)
    if path.suffix.lower() in ARRAYS:
        return "pictures", arrays.pictures(ARRAYS[path.suffix.lower()](path), path, side)
    if arrays.is_idx(path):
        return "pictures", arrays.pictures(arrays.idx_file(path), path, side)
    raise BadFile(
        f"{path} is of no kind that can be read: give a folder or a .zip of pictures, a .npy, .npz, .mat or IDX file of "
        f"an array of pictures, or a {', '.join(TABLES[:-1])} or {TABLES[-1]} of points"
    )

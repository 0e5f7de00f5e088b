"""Sets that a user has brought in: one .npz file each in the cache folder, known by a name, for no link may hold a path."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from gancore.catalog import BadKnob, near, shown
from gancore.game.data.download import cache_folder
from gancore.game.data.idx import BadFile

KINDS = ("pictures", "points")
UPLOADS = "uploads"  # points too, of visitors who know their sets by name: no list shows them


def folder() -> Path:
    """Where the sets are kept, a folder for each kind."""
    return cache_folder() / "own"


def names(kind: str) -> list[str]:
    """All sets of this kind ("pictures" or "points")."""
    return sorted(path.stem for path in (folder() / kind).glob("*.npz"))


def place(kind: str, name: str) -> Path:
    """The file of a set. Raises `BadKnob`, which lists the sets there are, if it is not there."""
    path = folder() / kind / f"{name}.npz"
    upload = folder() / UPLOADS / path.name
    if kind == "points" and upload.is_file() and not path.is_file():
        return upload
    if not path.is_file():
        there = names(kind)
        give = f"give one of {', '.join(there)}" if there else "there is none yet"
        raise BadKnob(
            f"set = {shown(name)} is not here{near(name, there)}: {give}, or bring {kind} in with "
            f"python -m gancore import PATH --name {name}"
        )
    return path


def new(kind: str, name: str) -> Path:
    """The file of a set to come. Raises `BadKnob` if the name is taken: what a name means must not change under links."""
    path = folder() / kind / f"{name}.npz"
    if path.exists():
        raise BadKnob(f"name = {shown(name)} is taken: give another one, or remove {path}")
    return path


def save(kind: str, name: str, array: np.ndarray) -> Path:
    """Writes a set whole or not at all: pictures uint8 (N, channels, side, side), points float32 (N, 2)."""
    path = new(kind, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            np.savez(file, **{kind: array})
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def load(path: Path) -> np.ndarray:
    """What `save` wrote. Raises `BadFile` if it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return file[path.parent.name]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError) as problem:
        raise BadFile(f"{path} is damaged ({problem}): remove it and bring the set in again") from None

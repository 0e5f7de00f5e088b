"""A recording in other people's formats, by the ending of the file that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gancore.catalog import BadKnob, near, shown
from gancore.record.export import pictures, script, tables, tensorboard
from gancore.record.recording import Reader, runs_folder

FORMATS = {
    ".csv": tables.csv,
    ".parquet": tables.parquet,
    ".tfevents": tensorboard.events,
    ".gif": pictures.gif,
    ".py": script.script,
}
DRAWN = {  # by the panels of the dashboard, with a writer that is handed to `export`
    ".html": "a page that replays it, in one file",
    ".svg": "a panel as a figure, with --panel",
    ".png": "the same, as pixels",
    ".gif": "a panel as a film, with --panel",
    ".mp4": "the same, smaller and smoother",
}
SAYS = {
    ".csv": "every iteration's scalars, as text",
    ".parquet": "the same, for pandas and others",
    ".tfevents": "scalars and pictures for TensorBoard",
    ".gif": "the samples from fixed z, as they changed",
    ".py": "a PyTorch script of its own that plays the same game",
}


def export(run: str, to: str, write: Callable[[Reader, Path], None] | None = None) -> Path:
    """Writes recording `run` (a path, or a name in the folder of recordings) to the new file `to`.

    `write(reader, path)` does so for the endings in `DRAWN`.

    Raises:
        BadKnob: there is no such run, no such format, the file exists, or this run has nothing to give in this format.
        RecordingError: the file cannot be read as a recording.
    """
    target = Path(to).expanduser()
    write = write or FORMATS.get(target.suffix)
    if write is None:
        endings = ", ".join(f"{ending} ({says})" for ending, says in (DRAWN | SAYS).items())
        raise BadKnob(f"to = {shown(to)} cannot be used: give a name that ends in {endings}")
    if target.exists():
        raise BadKnob(f"to = {shown(to)} is there already: give the name of a new file")
    if not target.parent.is_dir():
        raise BadKnob(f"to = {shown(to)} cannot be used: the folder {shown(str(target.parent))} does not exist")
    with Reader(find(run)) as reader:
        part = target.with_name(f".{target.name}.part")
        try:
            write(reader, part)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
    return target


def find(run: str) -> Path:
    """The recording at this path, or of this name, or the only one whose name begins so."""
    path, folder = Path(run).expanduser(), runs_folder()
    if path.is_file():
        return path
    known = {p.stem: p for p in sorted(folder.glob("*.sqlite"))}
    begin = [name for name in known if run and name.startswith(run)]
    name = run if run in known else begin[0] if len(begin) == 1 else None
    if name is None:
        newest = sorted(known, key=lambda name: -known[name].stat().st_mtime)[:8]
        there = f"one of {', '.join(newest)}" if newest else "the path of a recording, for there is none yet"
        raise BadKnob(f"run = {shown(run)} is not a file, nor one run in {folder}{near(run, known)}: give {there}")
    return known[name]

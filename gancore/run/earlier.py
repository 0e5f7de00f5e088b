"""Finds and offers what a browser has played before of the very settings that a new run of its own begins with."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from gancore.catalog import BadKnob
from gancore.config import Config
from gancore.record.reader import Reader
from gancore.run.recorded import Recorded
from gancore.run.session import Session


def earlier(hub, run: Session) -> Session | Recorded | None:
    """The one that came furthest: a run that is live on this server, else a recording; None if there is none.

    Its settings, and what was changed when, are those of `run`; what `run` still plans lies beyond its end.
    """
    if not run.owner:
        return None
    here = list(hub.sessions.values())
    live = [other for other in here if other.owner == run.owner and other.config == run.config]
    live = [other for other in live if other.iteration and _leads_to(other.events, other.iteration, run)]
    if live:
        return max(live, key=lambda other: other.iteration)
    paths = set(hub.folder.glob("*.sqlite")) - {other.path for other in here}  # which lag behind
    made = {path: _iterations(path, run) for path in paths if _begins_as(path, run)}
    furthest = max(made, key=made.get, default=None)
    return hub.find(furthest.stem) if furthest and made[furthest] else None


def offer(hub, run: Session) -> None:
    """Tells the page of it, or that there is none any more."""
    found = earlier(hub, run)
    run.recall(dict(name=found.path.stem, iteration=found.iteration, live=bool(found.key)) if found else {})


def offered(hub, run: Session) -> Session | Recorded | None:
    """The very one that the page was told of, as it is now; None if it was deleted or has gone another way since."""
    name = run.earlier.get("name", "")
    live = [other for other in list(hub.sessions.values()) if other.path.stem == name]
    found = live[0] if live else hub.find(name)
    return found if found and _leads_to(found.events, found.iteration, run) else None


def _begins_as(path: Path, run: Session) -> bool:
    try:
        return _start(path, path.stat().st_ino) == (run.owner, run.config)
    except OSError:  # deleted just now
        return False


@lru_cache(maxsize=4096)
def _start(path: Path, inode: int) -> tuple[str, Config | None]:
    """Who made a recording, of which settings: what is said once, when it begins."""
    with suppress(OSError, BadKnob), Reader(path) as reader:
        return reader.fact("owner"), Config.from_flat(reader.config)
    return "", None


def _iterations(path: Path, run: Session) -> int:
    """How far a recording came, 0 if by another way than `run` goes."""
    with suppress(OSError), Reader(path) as reader:
        last = reader.last()
        return last * _leads_to([(event["iteration"], event["what"]) for event in reader.events()], last, run)
    return 0


def _leads_to(events: list[tuple[int, str]], iteration: int, run: Session) -> bool:
    """Whether who plans what `run` does has seen just these events by this iteration."""
    done, ahead = run.changes[: len(events)], run.changes[len(events) :]
    return done == events and all(at >= iteration for at, _ in ahead)

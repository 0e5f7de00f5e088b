"""The border between the server and its workers: every message that crosses it, and how it crosses.

A message is a JSON line of its type and fields, then, if it carries one, a block of bytes. Nothing is pickled.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import Any, BinaryIO

HEAD = struct.Struct("<II")


@dataclasses.dataclass(frozen=True)
class Open:
    """Host this run: start it from `config` and `changes`, or, with `resume`, from the recording at `path`.

    A `fork`, [path, iteration], begins with another recording's past up to there. `owner` and `facts`, such as its `name`, are
    noted in the recording.
    """

    run: str
    epoch: int
    config: dict[str, Any]
    changes: list[tuple[int, str]]
    path: str
    pace: dict[str, Any]
    resume: bool = False
    playing: bool = False
    fork: list | None = None
    owner: str = ""
    facts: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Close:
    """Forget this run; its recording stays."""

    run: str


@dataclasses.dataclass(frozen=True)
class Play:
    run: str


@dataclasses.dataclass(frozen=True)
class Pause:
    run: str


@dataclasses.dataclass(frozen=True)
class Step:
    """One iteration (`both`), or one update of one player (`d`, `g`)."""

    run: str
    which: str


@dataclasses.dataclass(frozen=True)
class Slow:
    """Slow motion: to the `next` stage of the iteration to come or `back` to the one before, or `leave` and play it."""

    run: str
    which: str


@dataclasses.dataclass(frozen=True)
class Change:
    """Set live knobs at once from the next iteration on, each `address=value`; on the way to other values if `passing`."""

    run: str
    what: list[str]
    passing: bool = False


@dataclasses.dataclass(frozen=True)
class Pace:
    """New speed, frame rate or stop condition."""

    run: str
    pace: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Wait:
    """Play no further than to this iteration for a moment, so that another run keeps up. It has to be said again and again."""

    run: str
    iteration: int


@dataclasses.dataclass(frozen=True)
class Watch:
    """Which probes anybody looks at now; none of them, nobody does."""

    run: str
    probes: list[str]


@dataclasses.dataclass(frozen=True)
class Ready:
    """The worker has loaded its libraries and listens; `on_cuda` says that runs are played on such a device."""

    pid: int
    on_cuda: bool = False


@dataclasses.dataclass(frozen=True)
class Status:
    """Where a run stands. `state` is playing, paused, finished or failed; `detail` one sentence for a person, or empty."""

    run: str
    epoch: int
    state: str
    detail: str
    iteration: int
    d_updates: int
    g_updates: int
    events: list[tuple[int, str]]
    loading: bool = False
    progress: float | None = None  # Share of what is being loaded, where that is known.
    kept: dict[str, Any] = dataclasses.field(default_factory=dict)  # Which frames the recording holds, if there is one.


@dataclasses.dataclass(frozen=True)
class NewFrame:
    """An encoded frame; the bytes travel behind the message."""

    run: str
    epoch: int
    iteration: int
    payload: bytes = b""


TYPES = {
    cls.__name__: cls
    for cls in (Open, Close, Play, Pause, Step, Slow, Change, Pace, Wait, Watch, Ready, Status, NewFrame)
}


def send(pipe: BinaryIO, message: Any) -> None:
    """Writes one message. Callers on several threads hold a lock around it."""
    fields = {f.name: getattr(message, f.name) for f in dataclasses.fields(message)}
    payload = fields.pop("payload", b"")
    line = json.dumps([type(message).__name__, fields]).encode()
    pipe.write(HEAD.pack(len(line), len(payload)) + line + payload)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any | None:
    """Reads one message; None when the other side is gone."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    n_line, n_payload = HEAD.unpack(head)
    line, payload = pipe.read(n_line), pipe.read(n_payload)
    if len(line) < n_line or len(payload) < n_payload:
        return None
    name, fields = json.loads(line)
    return TYPES[name](**fields, payload=payload) if n_payload else TYPES[name](**fields)

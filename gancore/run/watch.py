"""Watching a loop that is not ours: three lines in anybody's PyTorch training, and the dashboard can follow it.

    run = watch("my-gan", generator=G, discriminator=D, noise=lambda n: torch.randn(n, 100), real=x_sample)
    run.d_step(loss_d, real_logits, fake_logits);  run.g_step(loss_g)      # after each update

What `watch` is given is checked at once, and what cannot be used is an error there, in the first second. From then on
nothing is raised into the loop: a fault is logged once (logger `gancore.watch`), stands in the recording as an event, and the
watcher is quiet. For one thread of one process; a second run of a name closes the first in the same process, and has a
file of its own in another.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn

from gancore.record.recording import Recording, RecordingError, runs_folder
from gancore.run.watching.looking import Eye
from gancore.run.watching.players import CHUNK, Players, bare, refusal
from gancore.run.watching.recorder import Recorder, log
from gancore.run.watching.scene import Scene
from gancore.train.trainer import SCALARS

_open: weakref.WeakValueDictionary[tuple[Path, str], Recorder] = weakref.WeakValueDictionary()


def _silence() -> None:
    """A process that was forked off the loop's own, such as one that loads data, writes nothing."""
    for recorder in _open.values():
        recorder.open = False


if hasattr(os, "register_at_fork"):  # to ask at every move which process this is takes longer than noting it down
    os.register_at_fork(after_in_child=_silence)


class Watched:
    """A loop that is watched. Closes by itself at the end of the process, or when nobody holds it any more."""

    def __init__(self, recorder: Recorder | None):
        self._recorder = recorder
        self._finalizer = weakref.finalize(self, recorder.close) if recorder else None

    @property
    def path(self) -> Path | None:
        """The recording; None where none is made: in all but the first process of a distributed training."""
        return self._recorder.recording.path if self._recorder else None

    def d_step(self, loss: Any, real_logits: Any = None, fake_logits: Any = None) -> None:
        """D was updated: its loss, and what it said of the real and of the generated batch.

        Tensors on any device and of any precision, numbers, or lists of tensors where D speaks at several scales. None
        of them is changed, kept with its graph, or waited for.
        """
        if self._recorder:
            self._recorder.moved("d", loss, real_logits, fake_logits)

    def g_step(self, loss: Any) -> None:
        """G was updated: its loss."""
        if self._recorder:
            self._recorder.moved("g", loss)

    def event(self, what: str) -> None:
        """Something that a reader of the curves will want to know, such as "learning rate halved"."""
        if self._recorder:
            self._recorder.event(what)

    def close(self) -> None:
        """Ends the recording; calls after it do nothing."""
        if self._finalizer:
            self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def watch(
    name: str,
    *,
    generator: nn.Module,
    discriminator: nn.Module,
    noise: Callable[[int], Any],
    real: Any,
    folder: str | Path | None = None,
    unrecorded: bool = False,
) -> Watched:
    """Follows a training loop into a recording `NAME.sqlite` in `folder`, by default `GANSCOPE_RUNS`.

    `noise(n)` gives what `generator` is called with to draw n samples: a tensor, a tuple of arguments (a conditional
    generator's noise and labels), or a dict of them by name. It is called once; its samples are the same at every look.
    `real` are real samples as the discriminator is shown them, a few hundred or more: pictures (n, channels, h, w) or
    flat square ones, points (n, 2), or numbers (n,).

    With `unrecorded` a folder that takes no recording is logged and the loop goes on without one.

    Raises:
        ValueError: what was given cannot be watched.
        OSError: the recording cannot be made.
    """
    if distant():
        return Watched(None)
    stem = named(name)
    for role, module in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(module, nn.Module):
            raise ValueError(f"{role} is a {type(module).__name__}: give a torch.nn.Module")
    scene = Scene.of(real)
    why = refusal(generator)
    players = Players(generator, discriminator, noise, scene.samples, CHUNK if scene.page == "images" else None)
    if not why:
        rehearse(players, scene)
    folder = Path(folder).expanduser() if folder is not None else runs_folder()
    if earlier := _open.pop((folder.absolute(), name), None):
        earlier.close()
    probabilities = ends_in_sigmoid(players.d)
    eye = None if why else Eye(scene, players, probabilities)
    try:
        recording = created(folder, stem, about(name, players, scene, probabilities))
        recorder = Recorder(recording, players, eye, sharded="FSDP" in (why or ""))
    except RecordingError as error:
        if not unrecorded:
            raise
        log.warning("not recorded, as asked: %s", error)
        return Watched(None)
    if why:
        log.warning("%s: no frames, only scalars: the generator cannot be asked: %s", recording.path, why)
        recorder.event(f"watch: no frames: {why}")
    _open[folder.absolute(), name] = recorder
    return Watched(recorder)


def distant() -> bool:
    """Whether this is a process of a distributed training other than the first, which alone records."""
    ready = torch.distributed.is_available() and torch.distributed.is_initialized()
    return ready and torch.distributed.get_rank() != 0


def named(name: Any) -> str:
    """The name as a file's."""
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:80] if isinstance(name, str) else ""
    if not stem:
        raise ValueError(f'name = {name!r} cannot be used: give a text with letters or digits, such as "my-gan"')
    return stem


def rehearse(players: Players, scene: Scene) -> None:
    """Draws once, so that what cannot be drawn is said now and not in the middle of the run."""
    try:
        drawn = players.generate()
    except Exception as error:
        given = "generator(*noise(n))" if len(players.args) > 1 else "generator(noise(n))"
        raise ValueError(f"{given} failed for n = {players.n}: {type(error).__name__}: {error}") from error
    try:
        flat = scene.flat(drawn)
    except (ValueError, RuntimeError):
        flat = drawn.new_zeros(0)
    if flat.shape != (players.n, scene.real.shape[1]):
        raise ValueError(
            f"the generator gave shape {tuple(drawn.shape)} for noise({players.n}), and real samples have shape "
            f"{(players.n, *scene.shape)}: give real samples as the generator draws them, and noise(n) for n of them"
        )


def created(folder: Path, stem: str, config: dict[str, Any]) -> Recording:
    """A new recording: `stem.sqlite`, or with the first number that is free."""
    number = 1
    while True:
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.sqlite"
        try:
            return Recording.create(path, config, SCALARS)
        except RecordingError as error:
            if not isinstance(error.__cause__, FileExistsError) or not path.exists():
                raise
            number += 1


def about(name: str, players: Players, scene: Scene, probabilities: bool) -> dict[str, Any]:
    """What the recording says of the loop, in the place of a config."""
    return {
        "watched": name,
        "page": scene.page,
        "shape": list(scene.shape),
        "range": [scene.low, scene.high],
        "says": "probability" if probabilities else "logit",
        "generator": type(players.g).__name__,
        "discriminator": type(players.d).__name__,
        "g_weights": weights(players.g),
        "d_weights": weights(players.d),
    }


def weights(module: nn.Module) -> int:
    """How many numbers a network learns."""
    with suppress(ValueError):  # layers that do not know their size yet
        return sum(p.numel() for p in module.parameters())
    return 0


def ends_in_sigmoid(module: nn.Module) -> bool:
    """Whether D's outputs are probabilities."""
    layers = [layer for layer in bare(module).modules() if not any(layer.children())]
    return bool(layers) and isinstance(layers[-1], nn.Sigmoid)

"""How a run's recording begins: a new file, or one that goes on where a dead worker or a fork's parent left it.

Called by the worker's main loop once a run is loaded.
"""

from __future__ import annotations

from pathlib import Path

from gancore.observe.observer import Observer
from gancore.record import library
from gancore.record.recording import Reader, Recording
from gancore.run.keeping import Keeping
from gancore.run.loading import Loading
from gancore.run.messages import Open
from gancore.train.trainer import SCALARS, Trainer


def begun(order: Open, trainer: Trainer, observer: Observer) -> Keeping:
    """A recording of a run that starts now, in the place of one that was there."""
    path = Path(order.path)
    if path.exists():
        library.remove(path)
    return _kept(order, Recording.create(path, trainer.config.flat(), SCALARS), observer, trainer)


def continued(order: Open, loading: Loading, observer: Observer) -> tuple[Keeping, str]:
    """The recording that is there, cut to where the run stands, its past for the charts, and a sentence for the page."""
    path, trainer = Path(order.path), loading.trainer
    recording = Recording.open(path)
    recording.truncate(trainer.iteration)
    said = _caught_up(order, loading, recording) if order.fork else _gone_on(trainer)
    with Reader(path) as reader:
        iterations, past = reader.scalars()
        elapsed = [reader.info(at).get("elapsed", 0.0) for at in reader.frames()[-1:]]
    if len(past):
        observer.history.append(past, int(iterations[0]))
    keeping = _kept(order, recording, observer, trainer)
    keeping.elapsed = sum(elapsed)
    return keeping, said


def _caught_up(order: Open, loading: Loading, recording: Recording) -> str:
    """Adds what was played again and is not recorded yet; where it was played otherwise before, it takes that's place."""
    again = loading.replayed
    with Reader(recording.path) as reader:
        same = not again.differs(*reader.scalars(again.first))
        known = len(reader.scalars(again.first)[0]) if same else 0
    if not same:
        recording.truncate(again.first - 1)
    recording.scalars(again.first + known, again.rows[known:])
    recording.commit()
    if loading.trainer.iteration > order.fork[1]:
        return _gone_on(loading.trainer)
    if same:
        return f"Forked at iteration {order.fork[1]:,}: the same state, bit for bit. Turn a knob, or press Play."
    return (
        f"This recording was made on another kind of machine: from iteration {again.first:,} on, this fork plays the same "
        "game with other roundings."
    )


def _gone_on(trainer: Trainer) -> str:
    return f"The worker process died; the run went on from its last checkpoint, iteration {trainer.iteration:,}."


def _kept(order: Open, recording: Recording, observer: Observer, trainer: Trainer) -> Keeping:
    if order.owner:
        recording.tell("owner", order.owner)
    for key, value in order.facts.items():
        recording.tell(key, value)
    return Keeping(recording, observer, trainer)

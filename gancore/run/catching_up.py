"""Back to a moment of a recorded run: from the checkpoint before it, by playing the same iterations again.

Values in, values out: called on the thread that loads a run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from gancore.config import Config
from gancore.record.recording import RecordingError
from gancore.train.state import State
from gancore.train.trainer import SCALARS, Event, Trainer, together

CHUNK = 50  # iterations between two words on how far it has come


@dataclass(frozen=True, eq=False)
class Replayed:
    """The scalars of what was played again, (n, names), and the iteration of the first of them."""

    first: int
    rows: np.ndarray

    def differs(self, iterations: np.ndarray, values: np.ndarray) -> bool:
        """Whether another past is recorded for these iterations: then it was made by another kind of machine."""
        here = values[iterations >= self.first][: len(self.rows)]
        return here.tobytes() != self.rows[: len(here)].tobytes()


def restored(opened: Callable, tensors: dict[str, torch.Tensor], extra: dict) -> Trainer:
    """The trainer as a checkpoint has it, with the events that had happened. Refuses a state that does not fit the config.

    `opened` makes the source of a data choice.
    """
    try:
        config = Config.from_json(extra["config"])
        events = [Event(int(at), str(what)) for at, what in extra["events"]]
        state = State.from_tensors(tensors)
    except (KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise RecordingError(f"its checkpoint cannot be used: {type(error).__name__}: {error}") from error
    trainer = Trainer(config, opened(config.data))
    for name, here in (("g", trainer.state.g), ("d", trainer.state.d)):
        if tensors[name].shape != here.shape or tensors[name].dtype != here.dtype:
            raise RecordingError(
                f"its checkpoint does not fit its settings: {name} is {tuple(tensors[name].shape)}, not {tuple(here.shape)}"
            )
    trainer.state, trainer.events = state, events
    return trainer


def catch_up(trainer: Trainer, script: list[Event], iteration: int, report: Callable) -> Replayed:
    """Plays to `iteration`, doing what `script` says on the way, which is taken out of it."""
    first, rows = trainer.iteration + 1, [np.zeros((0, len(SCALARS)), np.float32)]
    while trainer.iteration < iteration:
        while script and script[0].iteration <= trainer.iteration:
            trainer.apply(*together(script))
        ends = [iteration, trainer.iteration + CHUNK, *(event.iteration for event in script[:1])]
        rows.append(trainer.advance(min(ends) - trainer.iteration).numpy())
        done = (trainer.iteration - first + 1) / (iteration - first + 1)
        report(f"Playing again from iteration {first - 1:,} to {iteration:,}", done)
    return Replayed(first, np.concatenate(rows))

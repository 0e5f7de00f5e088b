"""Makes a run ready to move: data, charts' references, players, and the last checkpoint where there is one.

All of it happens on a thread of its own, so that a download never holds up the other runs of a worker.
"""

from __future__ import annotations

import threading
from pathlib import Path

from gancore.config import Config
from gancore.observe.look import Fixed
from gancore.observe.observer import Observer
from gancore.record.recording import Reader, RecordingError
from gancore.run.messages import Open
from gancore.train.state import State
from gancore.train.trainer import Event, Trainer


class Loading:
    """What the thread has come to. `text` and `progress` may be read meanwhile, the rest once `done()`."""

    def __init__(self, order: Open):
        self.order = order
        self.text, self.progress = "", None
        self.trainer: Trainer | None = None
        self.fixed: Fixed | None = None
        self.script: list[Event] = []  # Changes still to come, in order.
        self.resumed = False
        self.error: Exception | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._thread.start()

    def done(self) -> bool:
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ends a download at its next block; what has arrived is kept."""
        self._stopped.set()

    def _load(self):
        try:
            config = Config.from_flat(self.order.config)
            self.script = sorted((Event(*change) for change in self.order.changes), key=lambda e: e.iteration)
            source = config.data.open(self._report)
            self.fixed = Observer.prepare(config, source, self._report)
            kept = last_checkpoint(Path(self.order.path)) if self.order.resume else None
            self.trainer = self._restored(source, *kept) if kept else Trainer(config, source)
            self.resumed = kept is not None
        except Exception as error:
            self.error = error

    def _restored(self, source, iteration: int, tensors: dict, extra: dict) -> Trainer:
        """The trainer as the checkpoint has it. What happened after it is in the script and will happen again."""
        config = Config.from_json(extra["config"])
        if config.data != self.fixed.choice:  # edited on the way
            source = config.data.open(self._report)
        trainer = Trainer(config, source, State.from_tensors(tensors))
        trainer.events = [Event(*event) for event in extra["events"]]
        for event in trainer.events:
            if event in self.script:
                self.script.remove(event)
        return trainer

    def _report(self, text: str, fraction: float | None):
        if self._stopped.is_set():
            raise InterruptedError("loading was stopped")
        self.text, self.progress = text, fraction


def last_checkpoint(path: Path):
    """Iteration, tensors and extra facts, or None if the worker died before it had kept any."""
    try:
        with Reader(path) as reader:
            return reader.last_checkpoint()
    except RecordingError:
        return None

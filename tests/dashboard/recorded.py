"""Recordings with all that a page's panels draw, made as a worker makes them."""

from __future__ import annotations

from pathlib import Path

from gancore import presets
from gancore.observe.observer import Observer
from gancore.record.recording import Recording
from gancore.run.keeping import Keeping
from gancore.train.trainer import SCALARS, Trainer


def recorded(path: Path, preset: str, steps: int, every: int, name: str = "") -> Path:
    """Plays this preset for so many iterations, with a frame every few of them."""
    config = presets.load(preset).config
    path.parent.mkdir(parents=True, exist_ok=True)
    recording, trainer = Recording.create(path, config.flat(), SCALARS), Trainer(config)
    observer = Observer(Observer.prepare(config, trainer.game.source))
    keeping = Keeping(recording, observer, trainer)
    keeping.look(trainer, 0.0, resting=True)
    for at in range(0, steps, every):
        rows = trainer.advance(every).numpy()
        observer.history.append(rows, at + 1)
        keeping.rows(at + 1, rows, 1.0)
        keeping.look(trainer, (at + every) / 500, resting=True)
    recording.event(steps // 2, "d_opt.lr=0.001")
    if name:
        recording.tell("name", name)
    recording.close()
    return path

"""Plays an experiment's games one after another, with checkpoints, so that a long run can be stopped and continued.

A checkpoint lies in the cache under a name made of all that decides the run: what is continued is what never stopped.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gancore.game.data.download import cache_folder
from gancore.reproduce.experiment import Arm, Experiment, Say
from gancore.train.state import State
from gancore.train.trainer import Diverged, Trainer

SLICE = 1.0  # seconds between two looks at whether to stop
OFTEN = 180.0  # seconds between two checkpoints

Progress = Callable[[int], None]  # takes the iterations just played


@dataclass
class Run:
    """One game of an experiment, and the processor's seconds that went into it in all sittings."""

    experiment: Experiment
    arm: Arm
    seed: int
    trainer: Trainer
    spent: float = 0.0

    @classmethod
    def opened(cls, experiment: Experiment, arm: Arm, seed: int, steps: int) -> Run:
        """The game as its checkpoint left it, or untrained."""
        config = arm.config.with_("seed", seed)
        run = cls(experiment, arm, seed, Trainer(config, experiment.source(config), planned=arm.planned))
        if not run.continues(steps):
            experiment.begin(run.trainer)
        return run

    def continues(self, steps: int) -> bool:
        """Takes up the checkpoint; false if there is none that can be read, or it has gone further than `steps`."""
        trainer = self.trainer
        try:
            named = load_file(place(self.arm, self.seed))
            state = State.from_tensors(named)
        except (OSError, SafetensorError, KeyError):
            return False
        fits = (len(state.g), len(state.d)) == (len(trainer.state.g), len(trainer.state.d))
        if fits and state.iteration <= steps:
            trainer.state, self.spent = state, named["spent"].item()
            return True
        return False

    def keep(self) -> None:
        """Writes a checkpoint, whole or not at all."""
        path = place(self.arm, self.seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        spent = torch.tensor(self.spent, dtype=torch.float64)
        save_file(self.trainer.state.tensors() | {"spent": spent}, half)
        half.replace(path)

    def said(self) -> str:
        """How it goes."""
        trainer = self.trainer
        return (
            f"{self.arm.name}, seed {self.seed}, iteration {trainer.iteration:,}, {self.spent / 60:.1f} processor"
            f" minutes: {self.experiment.glance(trainer)}"
        )


def play(experiment: Experiment, arm: Arm, seed: int, steps: int, stop, say: Say, progress: Progress) -> Run:
    """The trained game of this arm and seed; fewer iterations than `steps` where `stop` was set or the game diverged."""
    run = Run.opened(experiment, arm, seed, steps)
    trainer, before = run.trainer, run.spent - time.process_time()
    if trainer.iteration:
        say(f"{arm.name}, seed {seed}: continues at iteration {trainer.iteration:,}")
    progress(trainer.iteration)
    n, kept = 1, time.monotonic()
    while trainer.iteration < steps and not stop.is_set():
        start, n = time.monotonic(), min(n, steps - trainer.iteration)
        try:
            trainer.advance(n)
        except Diverged as error:
            say(f"{arm.name}, seed {seed}: {error}")
            break
        progress(n)
        run.spent = before + time.process_time()
        n = max(1, min(2 * n, int(n * SLICE / (time.monotonic() - start))))
        if time.monotonic() - kept > OFTEN:
            run.keep()
            say(run.said())
            kept = time.monotonic()
    run.keep()
    return run


def place(arm: Arm, seed: int) -> Path:
    """Where this run's checkpoint lies."""
    decides = [arm.name, arm.config.with_("seed", seed).to_json(), *(f"{e.iteration} {e.what}" for e in arm.planned)]
    digest = hashlib.sha256("\n".join(decides).encode()).hexdigest()[:16]
    return cache_folder() / "reproduce" / f"{digest}.safetensors"

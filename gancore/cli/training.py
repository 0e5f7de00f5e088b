"""`train`: plays a game from a preset or a TOML file, and says what came out."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from gancore import presets, seeds
from gancore.catalog import BadKnob, Knob, shown
from gancore.cli import output
from gancore.cli.doctor import Examination, summary
from gancore.config import Config
from gancore.observe.checkup import STRIDE
from gancore.observe.diagnoses import diagnoses
from gancore.observe.diagnoses.doctor import Verdict
from gancore.observe.look import IMAGE_SAMPLES, Fixed, Look
from gancore.train.trainer import SCALARS, Diverged, Trainer

STEPS = Knob("steps", 5000, 1, 10**9)
SLICE = 0.1  # Seconds between two strokes of the progress bar, and the longest that Ctrl-C waits.
EXITS = {"finished": 0, "diverged": 3, "sick": 3, "stopped": 130}
FAILURES = tuple(diagnoses)
LOOKS = 100  # of the doctor in a run, at most
FAILURES = tuple(diagnoses)


@dataclass
class Played:
    """How it went: `state` is finished, stopped, diverged, or sick (`--stop-on`); `last` the newest iteration's scalars, (6,)."""

    state: str = "finished"
    detail: str = ""
    seconds: float = 0.0
    last: torch.Tensor = field(default_factory=lambda: torch.full((len(SCALARS),), math.nan))


def train(asked) -> int:
    """Trains as the command line says. Raises `BadKnob` for anything in it that cannot be used."""
    config, steps = read(asked), STEPS.parse(asked.steps)
    unwanted = failures(asked.stop_on)
    output.check(asked.out)
    with tqdm(total=steps, unit=" iterations", file=sys.stderr, dynamic_ncols=True) as bar:
        source = config.data.open(lambda text, fraction: bar.set_description_str(text))
        bar.set_description_str("")
        trainer = Trainer(config, source)
        kept = output.opened(asked.out, trainer)
        watch = Watch(trainer, steps, unwanted, bar)
        with interrupt() as stop:
            played = play(trainer, steps, stop, bar, kept, watch)
        kept.close(trainer)
    result = outcome(trainer, played) | {"verdicts": [verdict.plain() for verdict in watch.verdicts]}
    print(json.dumps(result, allow_nan=False) if asked.json else words(result))
    if played.detail:
        print(played.detail, file=sys.stderr)
    return EXITS[played.state]


def read(asked) -> Config:
    """The preset or file, with `--set` and `--seed` on top."""
    settings = {}
    for setting in asked.set:
        address, equals, value = setting.partition("=")
        if not equals:
            raise BadKnob(f"set = {shown(setting)} cannot be used: give knob=value, such as d_opt.lr=0.01")
        settings[address.strip()] = value.strip()
    if asked.seed is not None:
        settings["seed"] = asked.seed
    return Config.from_flat(settings, starting_point(asked.what).config)


def starting_point(what: str) -> presets.Preset:
    if not what.endswith(".toml"):
        return presets.load(what)
    try:
        return presets.parse(Path(what).stem, Path(what).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadKnob(f"file = {shown(what)} cannot be read: {getattr(error, 'strerror', None) or error}") from None


@contextmanager
def interrupt() -> Iterator[threading.Event]:
    """Inside, the first Ctrl-C only sets the event, so that no iteration is cut in two; a second one acts as ever."""
    stop = threading.Event()

    def first(*_):
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, first)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def failures(stop_on: str | None) -> frozenset[str]:
    """The failures that end a run: none, one, or any."""
    if stop_on is None or stop_on == "any":
        return frozenset(diagnoses) if stop_on else frozenset()
    diagnoses.find(stop_on)
    return frozenset([stop_on])


class Watch:
    """The doctor beside a run on the command line: looks a hundred times at most, and says on the terminal what changes."""

    def __init__(self, trainer: Trainer, steps: int, unwanted: frozenset[str], bar: tqdm):
        self.every, self.unwanted, self.bar = max(STRIDE, steps // LOOKS), unwanted, bar
        self.said, self.verdicts = "", ()
        # The games of two numbers have no samples to judge by.
        self.examination = Examination(trainer) if trainer.config.data.page != "dynamics" else None

    def left(self, iteration: int) -> int:
        """Iterations until the next look."""
        return self.every - iteration % self.every

    def take(self, trainer: Trainer, first: int, rows: torch.Tensor, error: Diverged | None) -> Verdict | None:
        """Takes what was played, looks if it is time, and returns the failure for which the run shall stop, if there is one."""
        if self.examination is None:
            return None
        if len(rows):
            self.examination.take(first, rows.numpy())
        if error:
            self.verdicts = self.examination.end(error, trainer.config)
        elif trainer.iteration % self.every == 0:
            self.verdicts = self.examination.look(trainer)
        if (now := summary(self.verdicts)) != self.said and self.verdicts:
            self.said = now
            self.bar.write(f"iteration {trainer.iteration:,}: {now}", file=sys.stderr)
        return next((verdict for verdict in self.verdicts if verdict.name in self.unwanted), None)


def play(trainer: Trainer, steps: int, stop: threading.Event, bar: tqdm, kept: output.Nowhere, watch: Watch) -> Played:
    """Advances in slices until `steps` are played, Ctrl-C is pressed, the game diverges, or a failure is told that shall end it."""
    played, n = Played(), 1
    while trainer.iteration < steps and not stop.is_set():
        first, start = trainer.iteration + 1, time.perf_counter()
        error = None
        try:
            rows = trainer.advance(min(n, steps - trainer.iteration, watch.left(trainer.iteration)))
        except Diverged as diverged:
            error, rows, played.state, played.detail = diverged, diverged.rows, "diverged", str(diverged)
        spent = time.perf_counter() - start
        played.seconds += spent
        if len(rows):
            played.last = rows[-1]
            kept.rows(first, rows.numpy())
            bar.update(len(rows))
            bar.set_postfix_str("D {0:.3f}, G {4:.3f}".format(*rows[-1].tolist()), refresh=False)
        sick = watch.take(trainer, first, rows, error)
        if error:
            return played
        if sick:
            played.state, played.detail = "sick", f"Stopped: {sick.title} since iteration {sick.since:,}. {sick.says}"
            return played
        n = max(1, min(2 * n, int(n * SLICE / spent)))
    if stop.is_set():
        played.state = "stopped"
    return played


def outcome(trainer: Trainer, played: Played) -> dict[str, Any]:
    """What came out, as plain values; what is not finite is null."""
    scalars = dict(zip(SCALARS, played.last.tolist()))
    return {
        "state": played.state,
        "iteration": trainer.iteration,
        "d_updates": trainer.state.d_updates,
        "g_updates": trainer.state.g_updates,
        "losses": {name: plain(scalars[name]) for name in ("d_loss", "g_loss")},
        "metrics": measure(trainer),
        "steps_per_second": round(trainer.iteration / played.seconds, 1) if played.seconds else None,
        "seed": trainer.config.seed,
    }


def measure(trainer: Trainer) -> dict[str, dict[str, Any]]:
    """On the line W1 and JSD with the floor that a perfect sampler reaches; else D's mean scores on fixed samples."""
    config, game, state = trainer.config, trainer.game, trainer.state
    if config.data.page == "line":
        fixed = Fixed(config, game.source)
        distances = Look(trainer, fixed, None, {}).distances
        return {name: {"value": plain(d), "floor": list(fixed.reference.floor[name])} for name, d in distances.items()}
    real = game.source.sample(IMAGE_SAMPLES, seeds.stream(config.seed, "look/real"))
    fake = game.generate(state, config.noise.sample(IMAGE_SAMPLES, seeds.stream(config.seed, "look/z")))
    said = {"d_real": real, "d_fake": fake}
    return {name: {"value": plain(config.loss.read(game.judge(state, x)).mean().item())} for name, x in said.items()}


def words(result: dict[str, Any]) -> str:
    """The result for a person."""
    pace = f", {result['steps_per_second']:,} per second" if result["steps_per_second"] else ""
    told = [f"{result['state']} at iteration {result['iteration']:,}{pace}, seed {result['seed']}"]
    told += [f"{name} {number(value)}" for name, value in result["losses"].items()]
    for name, metric in result["metrics"].items():
        floor = f" (a perfect sampler: {' to '.join(map(number, metric['floor']))})" if "floor" in metric else ""
        told.append(f"{name} {number(metric['value'])}{floor}")
    return "\n".join(told)


def plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4f}"

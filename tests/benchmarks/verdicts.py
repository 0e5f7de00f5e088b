"""How often the verdicts are right: runs with labels from ground truth, precision and recall for each failure.

A run is played once and kept (facts at every look, truth beside them), so that rules can be held against it again and
again. Truth comes from fresh samples, exact laws and other judges, never from the facts that a verdict is made of.
`tune` are the seeds that limits were chosen on, `score` those that nobody looked at before.

    python -m tests.benchmarks.verdicts play tune|score      # plays what is not there yet; two at once share the work
    python -m tests.benchmarks.verdicts tune|score           # prints the tables
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from gancore.config import Config
from gancore.observe.checkup import Checkup
from gancore.observe.diagnoses import diagnoses
from gancore.observe.look import Look
from gancore.observe.observer import Observer
from gancore.train.trainer import Diverged, Trainer
from tests.benchmarks import picture_settings, picture_truth, point_settings, point_truth

KEPT = Path(os.environ.get("GANSCOPE_TRACES") or Path(tempfile.gettempdir()) / "ganscope-traces")
SEEDS = {"tune": (0, 1, *range(100, 118), *range(200, 252)), "score": range(252, 262)}


@dataclass(frozen=True)
class Part:
    """Runs that are looked at and labelled alike: every `stride` and every `check` iterations."""

    name: str
    settings: dict[str, dict]
    truth: type
    labels: Callable[[dict], dict[str, bool | None]]
    failures: tuple[str, ...]
    iterations: int
    stride: int
    check: int


PARTS = (
    Part(
        "line and plane", point_settings.SETTINGS, point_truth.PointTruth, point_truth.labels,
        point_truth.FAILURES, 2000, 40, 80,
    ),
    Part(
        "digits", picture_settings.SETTINGS, picture_truth.PictureTruth, picture_truth.labels,
        picture_truth.FAILURES, 1500, 30, 60,
    ),
)  # fmt: skip
FAILURES = picture_truth.FAILURES  # of which line and plane know seven


@dataclass(frozen=True)
class Played:
    """A run of the labelled set, by its place in it."""

    part: Part
    name: str
    seed: int

    @property
    def config(self) -> Config:
        settings = {address: value for address, value in self.part.settings[self.name].items() if value is not None}
        return Config.from_flat(settings | {"seed": self.seed})

    @property
    def file(self) -> Path:
        return KEPT / f"{self.name.replace(' ', '_').replace(',', '')}-{self.seed}.json"

    def trace(self) -> dict:
        return json.loads(self.file.read_text())


def everything(seeds: str) -> Iterator[Played]:
    return (Played(part, name, seed) for seed in SEEDS[seeds] for part in PARTS for name in part.settings)


def play(run: Played) -> dict:
    """Facts at every look, the first before the first step, and truth at every check."""
    part, config = run.part, run.config
    trainer = Trainer(config)
    observer, truth = Observer(Observer.prepare(config, trainer.game.source)), part.truth(trainer)
    checkup, facts, checks, broken = Checkup(), [], [], None

    def look() -> None:
        checkup.look(Look(trainer, observer.fixed, observer.history, observer.measured))
        seen = {name: float(value) for name, value in checkup.newest[0].items()}
        facts.append((trainer.iteration, seen, checkup.newest[1].tolist()))

    look()
    while trainer.iteration < part.iterations and not broken:
        first = trainer.iteration + 1
        try:
            rows = trainer.advance(part.stride)
        except Diverged as error:
            broken, rows = (error.iteration, error.tensor), error.rows
        if len(rows):
            observer.history.append(rows.numpy(), first)
        if not broken:
            look()
            if trainer.iteration % part.check == 0:
                checks.append(truth.check(trainer))
    return {"facts": facts, "checks": checks, "broken": broken}


def play_all(seeds: str) -> None:
    """Plays what has no file yet; an empty file is a run that another process plays now."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for run in everything(seeds):
        try:
            run.file.touch(exist_ok=False)
        except FileExistsError:
            continue
        start = time.perf_counter()
        run.file.write_text(json.dumps(play(run)))
        print(f"{run.name}, seed {run.seed}: {time.perf_counter() - start:.1f} s", flush=True)


def judged(trace: dict, config: Config, vitals, stride: int) -> list[tuple[int, set[str]]]:
    """What was told at every `stride`-th look, by the rules as they stand now."""
    checkup, told = Checkup(), []
    for iteration, facts, shares in trace["facts"][::stride]:
        verdicts = checkup.take(iteration, dict(facts), np.array(shares), vitals, config)
        told.append((iteration, {v.name for v in verdicts}))
    if trace["broken"]:
        verdicts = checkup.end(tuple(trace["broken"]), vitals.bands, config)
        told.append((trace["broken"][0], {v.name for v in verdicts}))
    return told


def told_late(told: list[tuple[int, set[str]]], part: Part) -> set[str]:
    """Failures told at half of the looks or more in the last third of the run, or at its broken end."""
    late = [names for iteration, names in told if iteration > told[-1][0] - part.iterations // 3]
    often = {name for name in part.failures if np.mean([name in names for names in late]) >= 0.5}
    return often | ({"divergence"} & told[-1][1])


@dataclass
class Tally:
    """What was told against what is true, over some of the runs."""

    of: str
    failures: tuple[str, ...]
    counts: dict[str, Counter] = field(default_factory=lambda: {name: Counter() for name in FAILURES})
    alarms: list[tuple[bool, bool]] = field(default_factory=list)  # of healthy runs: late, ever
    switches: list[int] = field(default_factory=list)

    def take(self, told: list[tuple[int, set[str]]], said: set[str], true: dict[str, bool | None]) -> None:
        self.switches.append(sum(one != other for (_, one), (_, other) in pairwise(told)))
        if true["healthy"]:
            self.alarms.append((bool(said), any(names & set(diagnoses) for _, names in told)))
        for failure in true.keys() - {"healthy"}:
            self.counts[failure][true[failure], failure in said] += 1

    def print(self, looks: str) -> None:
        print(f"{self.of}: {len(self.switches)} runs, {looks}; {len(self.alarms)} of them healthy")
        print(f"{'failure':22}{'runs with it':>13}{'told':>6}{'precision':>11}{'recall':>8}{'unclear':>9}")
        for failure in self.failures:
            c = self.counts[failure]
            hit, there, said = c[True, True], c[True, True] + c[True, False], c[True, True] + c[False, True]
            unclear = c[None, True] + c[None, False]
            missed = hit < 0.95 * said or hit < 0.9 * there
            print(
                f"{failure:22}{there:13}{said:6}{share(hit, said):>11}{share(hit, there):>8}{unclear:9}"
                f"{'  missed' if missed else ''}"
            )
        late, ever = (sum(alarm[at] for alarm in self.alarms) for at in (0, 1))
        print(f"false alarms on healthy runs: {late} in the last third, {ever} at any time")
        often = Counter(min(n, 5) for n in self.switches)
        spread = ", ".join(f"{often[n]} runs {n}{' or more' if n == 5 else ''}" for n in sorted(often))
        print(f"what is told changes {np.median(self.switches):.0f} times in the median run: {spread}\n")


def tables(seeds: str, stride: int, show: bool) -> None:
    """Prints what was told against what is true, on all pages and on each, a look every `stride` looks."""
    whole = Tally("all pages", FAILURES)
    each = {part.name: Tally(part.name, part.failures) for part in PARTS}
    for run in (run for run in everything(seeds) if run.file.exists()):
        trace, config = run.trace(), run.config
        told = judged(trace, config, Observer.prepare(config, config.data.open()).vitals, stride)
        said, true = told_late(told, run.part), run.part.labels(trace)
        for tally in (whole, each[run.part.name]):
            tally.take(told, said, true)
        if show:
            print(line(run, said, true))
    whole.print(
        f"seeds of `{seeds}`, a look every {' or '.join(str(part.stride * stride) for part in PARTS)} iterations"
    )
    for part in PARTS:
        each[part.name].print(f"{part.iterations:,} iterations, a look every {part.stride * stride}")


def line(run: Played, said: set[str], true: dict[str, bool | None]) -> str:
    wrong = [n for n in run.part.failures if true[n] is not None and true[n] != (n in said)]
    really, unclear = (", ".join(n for n in true if true[n] is value) or "-" for value in (True, None))
    told = f"said {', '.join(sorted(said)) or '-'} | true {really} | unclear {unclear}"
    return f"{run.name}, seed {run.seed}: {told}" + (f" | WRONG {', '.join(wrong)}" if wrong else "")


def share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "-"


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # D so sure that its gradients are denormal numbers takes ten times as long
    asked = sys.argv[1:]
    if asked[0] == "play":
        play_all(asked[1])
    else:
        for every in (1, 2):
            tables(asked[0], every, "--show" in asked and every == 1)

"""How often the verdicts are right: runs with labels from ground truth, precision and recall for each failure.

A run is played once and kept (facts at every look, truth beside them), so that rules can be held against it again and
again. Truth comes from fresh samples and exact laws, never from the facts that a verdict is made of. `tune` plays the
seeds that limits were chosen on, `score` those that nobody looked at before.

    python -m tests.benchmarks.verdicts play tune|score      # plays what is not there yet
    python -m tests.benchmarks.verdicts tune|score           # prints the table
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from collections import Counter
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
from tests.benchmarks.verdict_settings import SETTINGS
from tests.benchmarks.verdict_truth import FAILURES, Truth, labels

KEPT = Path(os.environ.get("GANSCOPE_TRACES") or Path(tempfile.gettempdir()) / "ganscope-traces")
ITERATIONS, STRIDE, CHECK = 2000, 40, 80
SEEDS = {"tune": (0, 1, *range(100, 107)), "score": range(202, 212)}


def play(config: Config) -> dict:
    """Facts at every look, truth at every check."""
    trainer = Trainer(config)
    observer, truth = Observer(Observer.prepare(config, trainer.game.source)), Truth(trainer)
    checkup, facts, checks, broken = Checkup(), [], [], None
    while trainer.iteration < ITERATIONS and not broken:
        first = trainer.iteration + 1
        try:
            rows = trainer.advance(STRIDE)
        except Diverged as error:
            broken, rows = (error.iteration, error.tensor), error.rows
        if len(rows):
            observer.history.append(rows.numpy(), first)
        if not broken:
            checkup.look(Look(trainer, observer.fixed, observer.history, observer.measured))
            facts.append((trainer.iteration, checkup.newest[0], checkup.newest[1].tolist()))
            if trainer.iteration % CHECK == 0:
                checks.append(truth.check(trainer))
    return {"facts": facts, "checks": checks, "broken": broken}


def judged(trace: dict, config: Config, vitals, stride: int = 1) -> list[tuple[int, set[str]]]:
    """What was told at each look, by the rules as they stand now."""
    checkup, told = Checkup(), []
    for iteration, facts, shares in trace["facts"][::stride]:
        facts = {name: math.nan if value is None else value for name, value in facts.items()}
        verdicts = checkup.take(iteration, facts, np.array(shares), vitals, config)
        told.append((iteration, {v.name for v in verdicts}))
    if trace["broken"]:
        verdicts = checkup.end(tuple(trace["broken"]), vitals.bands, config)
        told.append((trace["broken"][0], {v.name for v in verdicts}))
    return told


def configured(name: str, seed: int) -> Config:
    settings = {address: value for address, value in SETTINGS[name].items() if value is not None}
    return Config.from_flat(settings | {"seed": seed})


def place(name: str, seed: int) -> Path:
    return KEPT / f"{name.replace(' ', '_').replace(',', '')}-{seed}.json"


def play_all(part: str) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS[part]:
        for name in SETTINGS:
            if place(name, seed).exists():
                continue
            start = time.perf_counter()
            trace = play(configured(name, seed))
            place(name, seed).write_text(json.dumps(trace))
            print(f"{name}, seed {seed}: {time.perf_counter() - start:.1f} s", flush=True)


def table(part: str, stride: int, show: bool) -> None:
    """Prints what was told against what is true, a look every `stride` looks."""
    counts = {name: Counter() for name in diagnoses}
    late_alarms, alarms, switches = [], [], []
    for name, seed in ((name, seed) for name in SETTINGS for seed in SEEDS[part] if place(name, seed).exists()):
        trace, config = json.loads(place(name, seed).read_text()), configured(name, seed)
        told = judged(trace, config, Observer.prepare(config, config.data.open()).vitals, stride)
        said, true = told_late(told), labels(trace)
        switches.append(sum(one != other for (_, one), (_, other) in pairwise(told)))
        if true["healthy"]:
            late_alarms.append(bool(said))
            alarms.append(any(names & set(diagnoses) for _, names in told))
        for failure in FAILURES:
            counts[failure][(true[failure], failure in said)] += 1
        if show:
            print(line(name, seed, said, true))
    print(
        f"{part}: {len(switches)} runs of {ITERATIONS:,} iterations, a look every {STRIDE * stride}; {len(alarms)} of them healthy"
    )
    print(f"{'failure':22}{'runs with it':>13}{'told':>6}{'precision':>11}{'recall':>8}{'unclear':>9}")
    for failure in FAILURES:
        c = counts[failure]
        hit, there, said = c[True, True], c[True, True] + c[True, False], c[True, True] + c[False, True]
        unclear = c[None, True] + c[None, False]
        print(f"{failure:22}{there:13}{said:6}{share(hit, said):>11}{share(hit, there):>8}{unclear:9}")
    print(f"false alarms on healthy runs: {sum(late_alarms)} in the last third, {sum(alarms)} at any time")
    often = Counter(min(n, 5) for n in switches)
    spread = ", ".join(f"{often[n]} runs {n}{' or more' if n == 5 else ''}" for n in sorted(often))
    print(f"what is told changes {np.median(switches):.0f} times in the median run: {spread}\n")


def told_late(told: list[tuple[int, set[str]]]) -> set[str]:
    """Failures told at half of the looks or more in the last third of the run, or at its broken end."""
    late = [names for iteration, names in told if iteration > told[-1][0] - ITERATIONS // 3]
    return {
        n
        for n in FAILURES
        if np.mean([n in names for names in late]) >= 0.5 or (n == "divergence" and n in told[-1][1])
    }


def line(name: str, seed: int, said: set[str], true: dict) -> str:
    wrong = [n for n in FAILURES if true[n] is not None and true[n] != (n in said)]
    really, unclear = ([n for n in true if true[n] is value] for value in (True, None))
    told = (
        f"said {', '.join(sorted(said)) or '-'} | true {', '.join(really) or '-'} | unclear {', '.join(unclear) or '-'}"
    )
    return f"{name}, seed {seed}: {told}" + (f" | WRONG {', '.join(wrong)}" if wrong else "")


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
            table(asked[0], every, "--show" in asked and every == 1)

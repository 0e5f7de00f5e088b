"""How often the verdicts are right on digits: runs with labels from ground truth, precision and recall for each failure.

As `verdicts` does it for the line and the plane: a run is played once and kept, facts at every look beside the truth.

    python -m tests.benchmarks.verdict_pictures play tune|score      # plays what is not there yet
    python -m tests.benchmarks.verdict_pictures tune|score           # prints the table
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from gancore.config import Config
from gancore.observe.checkup import Checkup
from gancore.observe.diagnoses import diagnoses
from gancore.observe.look import Look
from gancore.observe.observer import Observer
from gancore.train.trainer import Diverged, Trainer
from tests.benchmarks.picture_truth import FAILURES, PictureTruth, labels

KEPT = Path(os.environ.get("GANSCOPE_TRACES") or Path(tempfile.gettempdir()) / "ganscope-traces")
ITERATIONS, STRIDE, CHECK = 1500, 30, 60
SEEDS = {"tune": (0, *range(100, 108)), "score": range(110, 118)}

BOTH = {
    f"{player}.{name}": value for player in ("g_opt", "d_opt") for name, value in {"beta1": 0.0, "beta2": 0.99}.items()
}
SMALL = {
    "data": "digits",
    "noise.dim": 32,
    "batch": 64,
    "g.width": 128,
    "d.width": 128,
    "g_opt.lr": 1e-3,
    "d_opt.lr": 2e-3,
}
DIGITS = SMALL | BOTH
R1 = {"penalty": "r1", "penalty.gamma": 1.0}
LOOSE = {"penalty": "r1", "penalty.gamma": 0.1}
LAYERS = {"g": "dcgan", "g.width": None, "g.kernel": "3", "g.channels": 8, "g.norm": "batch", "g.init": "he"}
RESIZED = LAYERS | {"g.upsample": "resize"}
SGD_G = {"g_opt": "sgd", "g_opt.beta1": None, "g_opt.beta2": None}
SGD = SGD_G | {"d_opt": "sgd", "d_opt.beta1": None, "d_opt.beta2": None}

SETTINGS = {
    # known good
    "digits, R1": DIGITS | R1,
    "digits, RpGAN + R1 + R2": DIGITS | {"penalty": "r1-r2", "penalty.gamma1": 1.0, "penalty.gamma2": 1.0, "loss": "relativistic"},
    "digits, R1, resized": DIGITS | LOOSE | RESIZED,
    # known bad
    "digits, critic without bounds": DIGITS | {"loss": "wasserstein"},
    "digits, critic, SGD rates of 1": DIGITS | SGD | {"loss": "wasserstein", "g_opt.lr": 1.0, "d_opt.lr": 1.0},
    "digits, critic, momentum": DIGITS | SGD | {"loss": "wasserstein", "g_opt.lr": 0.1, "d_opt.lr": 0.1, "d_opt.momentum": 0.9},
    "digits, G of five from one number": DIGITS | R1 | {"noise.dim": 1, "g.width": 5, "g.depth": 1},
    "digits, G of eight from one number": DIGITS | R1 | {"noise.dim": 1, "g.width": 8, "g.depth": 1},
    "digits, rates of 1": DIGITS | {"g_opt.lr": 1.0, "d_opt.lr": 1.0},
    "digits, SGD rate of 10": DIGITS | SGD | {"g_opt.lr": 10.0, "d_opt.lr": 10.0},
    "digits, minimax and strong D": DIGITS | SGD_G | {"loss": "minimax", "g_opt.lr": 0.05, "d_opt.lr": 5e-3, "dynamics.k": 3},
    "digits, G too slow": DIGITS | {"g_opt.lr": 1e-6, "dynamics.k": 2},
    "digits, D too slow": DIGITS | {"d_opt.lr": 1e-6, "g_opt.lr": 3e-4},
    "digits, 50 pictures, R1": DIGITS | LOOSE | {"data.pictures": 50},
    "digits, 30 pictures, R1": DIGITS | R1 | {"data.pictures": 30},
    "digits, 20 pictures, R1": DIGITS | R1 | {"data.pictures": 20},
    "digits, transposed": DIGITS | LOOSE | LAYERS | {"g_opt.lr": 1e-5},
}  # fmt: skip


def configured(name: str, seed: int) -> Config:
    settings = {address: value for address, value in SETTINGS[name].items() if value is not None}
    return Config.from_flat(settings | {"seed": seed})


def play(config: Config) -> dict:
    """Facts at every look, truth at every check."""
    trainer = Trainer(config)
    observer, truth = Observer(Observer.prepare(config, trainer.game.source)), PictureTruth(trainer)
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
            seen = {name: float(value) for name, value in checkup.newest[0].items()}
            facts.append((trainer.iteration, seen, checkup.newest[1].tolist()))
            if trainer.iteration % CHECK == 0:
                checks.append(truth.check(trainer))
    return {"facts": facts, "checks": checks, "broken": broken}


def judged(trace: dict, config: Config, vitals, stride: int) -> list[tuple[int, set[str]]]:
    """What was told at each look, by the rules as they stand now."""
    checkup, told = Checkup(), []
    for iteration, facts, shares in trace["facts"][::stride]:
        verdicts = checkup.take(iteration, dict(facts), np.array(shares), vitals, config)
        told.append((iteration, {v.name for v in verdicts}))
    if trace["broken"]:
        verdicts = checkup.end(tuple(trace["broken"]), vitals.bands, config)
        told.append((trace["broken"][0], {v.name for v in verdicts}))
    return told


def told_late(told: list[tuple[int, set[str]]]) -> set[str]:
    """Failures told at half of the looks or more in the last third of the run, or at its broken end."""
    late = [names for iteration, names in told if iteration > told[-1][0] - ITERATIONS // 3]
    often = {name for name in FAILURES if np.mean([name in names for names in late]) >= 0.5}
    return often | ({"divergence"} & told[-1][1])


def place(name: str, seed: int) -> Path:
    return KEPT / f"{name.replace(' ', '_').replace(',', '')}-{seed}.json"


def play_all(part: str) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS[part]:
        for name in SETTINGS:
            if not place(name, seed).exists():
                start = time.perf_counter()
                place(name, seed).write_text(json.dumps(play(configured(name, seed))))
                print(f"{name}, seed {seed}: {time.perf_counter() - start:.1f} s", flush=True)


def table(part: str, stride: int, show: bool) -> None:
    """Prints what was told against what is true, a look every `stride` looks."""
    counts, runs, alarms = {name: Counter() for name in FAILURES}, 0, []
    for seed in SEEDS[part]:
        for name in (name for name in SETTINGS if place(name, seed).exists()):
            trace, config = json.loads(place(name, seed).read_text()), configured(name, seed)
            told = judged(trace, config, Observer.prepare(config, config.data.open()).vitals, stride)
            said, true, runs = told_late(told), labels(trace), runs + 1
            if true["healthy"]:
                alarms.append((bool(said), any(names & set(diagnoses) for _, names in told)))
            for failure in FAILURES:
                counts[failure][true[failure], failure in said] += 1
            if show:
                print(line(name, seed, said, true))
    print(
        f"{part}: {runs} runs of {ITERATIONS:,} iterations, a look every {STRIDE * stride}; {len(alarms)} of them healthy"
    )
    print(f"{'failure':22}{'runs with it':>13}{'told':>6}{'precision':>11}{'recall':>8}{'unclear':>9}")
    for failure, c in counts.items():
        hit, there, said = c[True, True], c[True, True] + c[True, False], c[True, True] + c[False, True]
        unclear = c[None, True] + c[None, False]
        print(f"{failure:22}{there:13}{said:6}{share(hit, said):>11}{share(hit, there):>8}{unclear:9}")
    late, ever = (sum(alarm[at] for alarm in alarms) for at in (0, 1))
    print(f"false alarms on healthy runs: {late} in the last third, {ever} at any time\n")


def line(name: str, seed: int, said: set[str], true: dict) -> str:
    wrong = [n for n in FAILURES if true[n] is not None and true[n] != (n in said)]
    really, unclear = (", ".join(n for n in true if true[n] is value) or "-" for value in (True, None))
    told = f"said {', '.join(sorted(said)) or '-'} | true {really} | unclear {unclear}"
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

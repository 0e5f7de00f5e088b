"""`reproduce`: runs a published experiment and prints its figures beside ours."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gancore.catalog import BadKnob, Knob, shown
from gancore.cli.training import interrupt
from gancore.reproduce import experiments, play, report
from gancore.reproduce.experiment import Experiment

STEPS, SEEDS = Knob("steps", 1, 1, 10**9), Knob("seeds", 1, 1, 100)
FINISHED, STOPPED = 0, 130
HEAD = "Experiments, with about how long each takes on two cores, whole and with --quick:"


def reproduce(asked) -> int:
    """Runs the experiment asked for, or lists what there is. Raises `BadKnob` for anything that cannot be used."""
    if asked.name is None:
        print(json.dumps(listed()) if asked.json else "\n".join([HEAD, *(told(facts) for facts in listed())]))
        return FINISHED
    experiment = experiments.make(asked.name)
    steps, seeds = extent(experiment, asked)
    check(asked.out)
    shortened, started = report.label(experiment, steps, seeds), time.monotonic()
    with interrupt() as stop:
        table, runs = fill_table(experiment, steps, seeds, stop, shortened)
    about = {
        "command": "python -m gancore " + " ".join(sys.argv[1:]),
        "seeds": ", ".join(map(str, range(seeds))),
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores",
        "minutes": round((time.monotonic() - started) / 60, 1),
        "processor minutes of training": round(sum(run.spent for run in runs) / 60, 1),
    }
    if stop.is_set():
        shortened = shortened or "[stopped before its end] "
        about["stopped"] = "run the same command again to continue"
    lines = [shortened + line for line in report.lines(experiment, table, steps, about)]
    if asked.out and not stop.is_set():  # so that the same command can continue
        Path(asked.out).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(
        json.dumps(report.facts(experiment, table, shortened, about), allow_nan=False)
        if asked.json
        else "\n".join(lines)
    )
    if stop.is_set():
        return STOPPED
    for run in runs:
        play.place(run.arm, run.seed).unlink(missing_ok=True)
    return FINISHED


def fill_table(
    experiment: Experiment, steps: int, seeds: int, stop, shortened: str
) -> tuple[list[report.Row], list[play.Run]]:
    """The filled table and the runs behind it. What came to a stop is measured where it stands."""
    table, runs = report.rows(experiment), []
    arms = experiment.arms()
    with tqdm(total=len(arms) * seeds * steps, unit=" iterations", file=sys.stderr, dynamic_ncols=True) as bar:

        def say(line: str) -> None:
            bar.write(shortened + line, file=sys.stderr)

        for control in experiment.controls():
            fill(table, control.name, control.measure(), steps)
        for seed in range(seeds):
            for arm in arms:
                if stop.is_set():
                    break
                bar.set_description_str(f"{arm.name}, seed {seed}")
                runs.append(play.play(experiment, arm, seed, steps, stop, say, bar.update))
                trainer = runs[-1].trainer
                fill(table, arm.name, experiment.measure(trainer), trainer.iteration)
    return table, runs


def fill(table: list[report.Row], name: str, figures: dict, iteration: int) -> None:
    """Puts what was measured of one game or control into its rows."""
    for row in table:
        if row.arm == name and row.figure in figures:
            row.ours.append(figures[row.figure])
            row.reached.append(iteration)


def extent(experiment: Experiment, asked) -> tuple[int, int]:
    """Iterations and seeds: the whole protocol's, the quick one's, or those given."""
    steps, seeds = experiment.quick if asked.quick else (experiment.steps, experiment.seeds)
    return (
        STEPS.parse(asked.steps) if asked.steps is not None else steps,
        SEEDS.parse(asked.seeds) if asked.seeds is not None else seeds,
    )


def check(out: str | None) -> None:
    """Refuses a file that could not be written, before a long run rather than after it."""
    if out is None:
        return
    if Path(out).exists():
        raise BadKnob(f"out = {shown(out)} is there already: give the name of a new file")
    if not Path(out).parent.is_dir():
        raise BadKnob(f"out = {shown(out)} cannot be used: give a folder that exists")


def listed() -> list[dict[str, Any]]:
    """Every experiment with its paper and how long it takes on one core."""
    made = [experiments.make(name) for name in experiments]
    return [
        {
            "name": e.name,
            "about": (type(e).__doc__ or "").splitlines()[0],
            "minutes": round(e.minutes(e.steps, e.seeds)),
            "quick_minutes": round(e.minutes(*e.quick), 1),
        }
        for e in made
    ]


def told(facts: dict[str, Any]) -> str:
    """One line of the list."""
    return f"{facts['name']:24}{span(facts['minutes']):>8}{span(facts['quick_minutes']):>8}  {facts['about']}"


def span(minutes: float) -> str:
    """A time in words."""
    return f"{minutes / 60:,.0f} h" if minutes >= 120 else f"{max(minutes, 1):.0f} min"

"""Whether each preset of a failure fails by its name, and whether the cure that its verdict offers cures it, seed by seed.

Cured means: after the change and the iterations that the verdict promises, no failure is told any more, this or another,
and G is at half of the distance or less. The change is made to the failing run itself, as in a fork.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import torch

from gancore import presets
from gancore.cli.doctor import Examination
from gancore.train.trainer import Diverged, Trainer

GALLERY = {
    "failure-collapse": "collapse",
    "failure-dropped-modes": "dropped-modes",
    "failure-cycling": "cycling",
    "failure-vanishing": "vanishing-gradient",
    "failure-overpowers": "d-overpowers",
    "failure-blind": "d-blind",
    "failure-divergence": "divergence",
}
LONGEST, EVERY = 2000, 50  # iterations until a preset has to have failed, and between two looks


@dataclass(frozen=True)
class Outcome:
    """When the failure was told (None: never), what was changed, and whether that cured it."""

    told: int | None
    change: str = ""
    cured: bool = False
    before: float = 0.0
    after: float = 0.0
    then: str = ""  # what is told in the end


def outcome(name: str, seed: int) -> Outcome:
    """Plays a preset until its failure is told, then with the cure for as long as the verdict says."""
    trainer = Trainer(presets.load(name).config.with_("seed", seed))
    examination = Examination(trainer)
    verdict = failing(trainer, examination, GALLERY[name])
    if verdict is None:
        return Outcome(None)
    told, before = trainer.iteration, distance(trainer, examination)
    if verdict.cure.rewind:
        trainer = Trainer(presets.load(name).config.with_("seed", seed))
        trainer.advance(verdict.since // 2)
        examination = Examination(trainer)
    trainer.apply(verdict.cure.change)
    healed = Examination(trainer)
    try:
        end = trainer.iteration + verdict.cure.within
        while trainer.iteration < end:
            step(trainer, healed)
    except Diverged:
        return Outcome(told, verdict.cure.change, False, before, float("nan"))
    after = distance(trainer, healed)
    cured = after <= before / 2 and not any(v.sick for v in healed.verdicts)
    return Outcome(told, verdict.cure.change, cured, before, after, ", ".join(v.name for v in healed.verdicts))


def failing(trainer: Trainer, examination: Examination, failure: str):
    """The verdict on this failure, as soon as it is told."""
    while trainer.iteration < LONGEST:
        try:
            verdicts = step(trainer, examination)
        except Diverged as error:
            verdicts = examination.end(error, trainer.config)
        for verdict in verdicts:
            if verdict.name == failure:
                return verdict
    return None


def step(trainer: Trainer, examination: Examination):
    first = trainer.iteration + 1
    try:
        examination.take(first, trainer.advance(EVERY).numpy())
    except Diverged as error:
        if len(error.rows):
            examination.take(first, error.rows.numpy())
        raise
    return examination.look(trainer)


def distance(trainer: Trainer, examination: Examination) -> float:
    """Of G's samples to the data, in σ."""
    fixed = examination.observer.fixed
    return fixed.vitals.far(trainer.game.generate(trainer.state, fixed.z).numpy())


def main(names: list[str], seeds: int) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    for name in names or GALLERY:
        print(f"{name}: has to be told {GALLERY[name]}", flush=True)
        found = []
        for seed in range(seeds):
            found.append(outcome(name, seed))
            o = found[-1]
            how = (
                f"told at {o.told:,}, {o.change}: {o.before:.3g} to {o.after:.3g} σ, then {o.then or 'divergence'}"
                if o.told is not None
                else "not told"
            )
            print(f"  seed {seed}: {how}{', cured' * o.cured}", flush=True)
        failed, cured = sum(o.told is not None for o in found), sum(o.cured for o in found)
        print(f"  failed on {failed} of {seeds} seeds, cured on {cured}", flush=True)


if __name__ == "__main__":
    chosen = [word for word in sys.argv[1:] if not word.isdigit()]
    main(chosen, next((int(word) for word in sys.argv[1:] if word.isdigit()), 10))

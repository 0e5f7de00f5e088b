"""Whether each preset of a failure on pictures fails by its name, and whether the cure of its verdict cures it, seed by seed.

Cured means: begun again with the change, after the iterations that the verdict promises the failure is not told, and
what is measured on other pictures and fresh samples says so too.

    python -m tests.benchmarks.gallery_pictures [NAME ...] [SEEDS]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import torch

from gancore import presets
from gancore.cli.doctor import Examination
from gancore.train.trainer import Trainer
from tests.benchmarks.picture_truth import PictureTruth

GALLERY = {
    "failure-overfits": "d-overfits",
    "failure-memorises": "g-memorises",
    "failure-checkerboard": "checkerboard",
}
LONGEST, EVERY = 2500, 50  # iterations until a preset has to have failed, and between two looks
GONE = {
    "d-overfits": 0.25,
    "g-memorises": 0.2,
    "checkerboard": 2.0,
}  # what is measured lies below, as in `picture_truth`


@dataclass(frozen=True)
class Outcome:
    """When the failure was told (None: never), what was changed, what was measured then and after, whether it was cured."""

    told: int | None
    change: str = ""
    before: float = 0.0
    after: float = 0.0
    cured: bool = False


def outcome(name: str, seed: int, within: int | None = None) -> Outcome:
    """Plays a preset until its failure is told, and then anew with the cure for as long as the verdict says, or `within`."""
    config, failure = presets.load(name).config.with_("seed", seed), GALLERY[name]
    trainer = Trainer(config)
    examination, verdict = Examination(trainer), None
    while verdict is None and trainer.iteration < LONGEST:
        verdict = next((v for v in step(trainer, examination) if v.name == failure), None)
    if verdict is None:
        return Outcome(None)
    before, told = measured(failure, trainer), trainer.iteration
    address, _, value = verdict.cure.change.partition("=")
    healed = Trainer(config.with_(address, value))
    examination = Examination(healed)
    while healed.iteration < (within or verdict.cure.within):
        verdicts = step(healed, examination)
    after = measured(failure, healed)
    cured = after < GONE[failure] and all(v.name != failure for v in verdicts)
    return Outcome(told, verdict.cure.change, before, after, cured)


def step(trainer: Trainer, examination: Examination):
    first = trainer.iteration + 1
    examination.take(first, trainer.advance(EVERY).numpy())
    return examination.look(trainer)


def measured(failure: str, trainer: Trainer) -> float:
    """D's accuracy lost between pictures trained on and others; share of copies; how far waves of two pixels stand out."""
    found = PictureTruth(trainer).check(trainer)
    return {
        "d-overfits": found["taken"] - found["passed"],
        "g-memorises": found["copies"],
        "checkerboard": found["fine"],
    }[failure]


def main(names: list[str], seeds: int) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    for name in names or GALLERY:
        print(f"{name}: has to be told {GALLERY[name]}", flush=True)
        found = []
        for seed in range(seeds):
            found.append(o := outcome(name, seed))
            how = (
                f"told at {o.told:,}, {o.change}: {o.before:.3g} to {o.after:.3g}" if o.told is not None else "not told"
            )
            print(f"  seed {seed}: {how}{', cured' * o.cured}", flush=True)
        failed, cured = sum(o.told is not None for o in found), sum(o.cured for o in found)
        print(f"  failed on {failed} of {seeds} seeds, cured on {cured}", flush=True)


if __name__ == "__main__":
    chosen = [word for word in sys.argv[1:] if not word.isdigit()]
    main(chosen, next((int(word) for word in sys.argv[1:] if word.isdigit()), 10))

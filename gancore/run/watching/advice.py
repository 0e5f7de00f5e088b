"""What to try in a loop whose knobs are not ours to turn: the diagnoses are the same, the remedies are told in words."""

from __future__ import annotations

from gancore.observe.diagnoses.doctor import Doctor
from gancore.observe.diagnoses.shelf import Cure, Diagnosis

ADVICE = {
    "collapse": Cure(
        "an R1 penalty on D, or a quarter of G's learning rate",
        "D gets the time to punish the one place that G sits on",
        2000,
    ),
    "dropped-modes": Cure("an R1 penalty on D, or a relativistic loss", "every part of the data pulls on G", 3000),
    "cycling": Cure("an R1 penalty on D, or a quarter of G's learning rate", "D keeps up and the circle closes", 2000),
    "vanishing-gradient": Cure(
        "the non-saturating loss for G: -log D(G(z))",
        "G's gradient is large where D is sure, and its samples start to move",
        1500,
    ),
    "d-overpowers": Cure(
        "an R1 penalty on D, or a tenth of its learning rate",
        "D's slope is held down, and G's way to the data becomes visible",
        2000,
    ),
    "d-blind": Cure(
        "ten times D's learning rate, or more updates of D",
        "D learns to tell the two apart, and G gets a direction",
        2000,
    ),
    "divergence": Cure(
        "an earlier checkpoint with a tenth of the learning rates", "steps stay small enough to be called back", 1000
    ),
}


class Advised:
    """A diagnosis whose cure is words."""

    def __init__(self, diagnosis: Diagnosis):
        self._diagnosis = diagnosis

    def __getattr__(self, name):
        return getattr(self._diagnosis, name)

    def cure(self, config) -> Cure | None:
        return ADVICE.get(self._diagnosis.name)


def advised(doctor: Doctor) -> Doctor:
    """This doctor, for a loop that is not ours."""
    doctor.every = {name: Advised(diagnosis) for name, diagnosis in doctor.every.items()}
    return doctor

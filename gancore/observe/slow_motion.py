"""One iteration in slow motion: which of its stages is looked at, and what that stage says in one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gancore.train.stages import Stage

LABELS = {
    "draw": "Draw",
    "generate": "Generate",
    "judge": "D scores",
    "loss": "loss",
    "gradient": "gradient",
    "update": "update",
    "own": "Own move",
    "whole": "Iteration",
}


@dataclass(frozen=True, eq=False)
class SlowMotion:
    """The stages of the iteration to come, and how many of them are done. Nothing is played before the last one is passed."""

    stages: list[Stage]
    at: int = 0

    @property
    def stage(self) -> Stage:
        return self.stages[self.at]

    def told(self, config) -> dict:
        """All that a page needs beside arrays, as plain JSON values."""
        stage = self.stage
        return {
            "at": self.at,
            "stages": [{"name": s.name, "who": s.who, "label": label(s), "ahead": s.ahead} for s in self.stages],
            "sentence": sentence(stage, config),
            "loss": written(stage.loss) if stage.loss is not None else None,
            "weights": {"d": len(stage.state.d), "g": len(stage.state.g)},
        }


def label(stage: Stage) -> str:
    """What a stage is called on its button: `D loss`, `Draw`, `G update`."""
    text = LABELS[stage.name]
    return f"{stage.who.upper()} {text}" if text.islower() else text


def sentence(stage: Stage, config) -> str:
    """What happens at this stage, with its real numbers."""
    said = SENTENCES[stage.name](stage, config)
    return f"A look ahead, from which the weights come back. {said}" if stage.ahead else said


def draw(stage, config):
    n = len(stage.batch.z)
    if stage.batch.real is None:
        return f"Chance draws {n} new z for G's turn; no real samples, for G never sees any."
    return f"Chance draws {n} z and {len(stage.batch.real)} real samples."


def generate(stage, config):
    made = f"G turns each of the {len(stage.fake)} z into a sample"
    if stage.fake.shape[1] > 2:
        return f"{made}."
    at = ", ".join(written(float(mean)) for mean in stage.fake.mean(0))
    return f"{made}; on average they lie at {at if stage.fake.shape[1] == 1 else f'({at})'}."


def judge(stage, config):
    fake = mean(stage.fake_scores, config)
    who = "The D that G expects after its next updates" if stage.foreseen else "D"
    if stage.real_scores is None:
        return f"{who} gives the generated samples {config.loss.says} = {fake} on average; G wants them taken for real."
    real = mean(stage.real_scores, config)
    return f"{who} gives real samples {config.loss.says} = {real} on average, generated ones {fake}."


def loss(stage, config):
    ideal = config.loss.equilibrium_d if stage.who == "d" else config.loss.equilibrium_g
    rest = f"; at equilibrium it would be {written(ideal)}" if ideal is not None else ""
    aim = "telling the two apart lowers it" if stage.who == "d" else "fooling D lowers it"
    return f"From these scores {stage.who.upper()}'s loss is {written(stage.loss)}: {aim}{rest}."


def gradient(stage, config):
    long = f"a gradient of length {written(stage.norm)}"
    if stage.who == "d":
        return f"Backwards through D: how that loss changes with each of its {len(stage.state.d):,} weights, {long}."
    return (
        f"Backwards through D each sample is told where to go, and so are G's {len(stage.state.g):,} weights: {long}."
    )


def update(stage, config):
    who, rule = stage.who.upper(), config.d_opt if stage.who == "d" else config.g_opt
    if config.frozen == stage.who:
        return f"{who} is frozen: its weights stay where they are."
    takes = f" takes a gradient of length {written(stage.norm)}, which {kind(config.dynamics)} made of both, and"
    moved = f"{kind(rule)}{takes if stage.mixed else ''} moves {who}'s weights by {written(stage.step)}"
    if stage.ahead:
        return f"{moved}."
    return f"{moved}: {who}'s update {stage.state.d_updates if stage.who == 'd' else stage.state.g_updates}."


def own(stage, config):
    return f"{kind(config.dynamics)} itself now moves the weights, of both players together by {written(stage.step)}."


def whole(stage, config):
    d_loss, real, fake, _, g_loss, _ = (written(value) for value in stage.whole.tolist())
    return (
        f"An iteration of so many stages is shown whole: D's loss is {d_loss}, G's {g_loss}; "
        f"D gives real samples {real} on average and generated ones {fake}."
    )


SENTENCES = {
    "draw": draw,
    "generate": generate,
    "judge": judge,
    "loss": loss,
    "gradient": gradient,
    "update": update,
    "own": own,
    "whole": whole,
}


def mean(scores, config) -> str:
    return written(config.loss.read(scores).mean().item())


def kind(choice) -> str:
    """What a choice is called in a sentence: `Adam`, `Extragradient`."""
    return type(choice).__name__


def written(value: float) -> str:
    """Three figures behind the point, or the power of ten where these would not show."""
    if not math.isfinite(value):
        return "not finite"
    return (
        f"{value:.3f}".replace("-", "−") if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.1e}".replace("-", "−")
    )

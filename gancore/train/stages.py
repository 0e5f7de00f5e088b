"""One iteration as the stages it is made of: the same moves in the same order, each reported with its values.

No dynamics is written twice: a `Recorder` is handed to it in place of the moves, and writes down what it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gancore.config import Config
from gancore.game.game import Batch, Game
from gancore.train.moves import Moves
from gancore.train.state import State

MOST = 200  # Stages; an iteration of more is shown whole.
GRADIENT = ("generate", "judge", "loss", "gradient")  # What happens on the way to a gradient.


@dataclass(frozen=True, eq=False)
class Stage:
    """One thing that happens, and all that is known of this player's update by then.

    `name` is draw, generate, judge, loss, gradient or update; or own, what the dynamics themselves do to the weights;
    or whole, an iteration that is not taken apart. `who` is d, g, or both.
    """

    name: str
    who: str
    state: State  # as it stands with this stage done
    batch: Batch | None = None
    fake: Tensor | None = None  # (n, event) G of the batch's z, by the weights and in the mode of this update
    real_scores: Tensor | None = None  # (n,) D's raw outputs on real samples, where this player looks at them
    fake_scores: Tensor | None = None  # (n,) and on generated ones
    loss: float | None = None
    norm: float | None = None  # of the gradient in this player's weights
    step: float | None = None  # length of the way that the weights went
    mixed: bool = False  # The optimiser was given another gradient than the one that was told.
    ahead: bool = False  # A look ahead: the weights come back from here.
    foreseen: bool = False  # G answers a D that is still to come.
    whole: Tensor | None = None  # (6,) the scalars of an iteration that is not taken apart


class Recorder(Moves):
    """Moves that write down what they do. What a move asks of others on its way is its own affair."""

    def __init__(self, game: Game, config: Config):
        super().__init__(game, config)
        self.stages: list[Stage] = []
        self.steps: list[tuple[int, str, State, State]] = []  # Which stage is an update of whom, from where, to where.
        self._latest: dict[str, tuple[Stage, Tensor | None]] = {}  # Each player's last stage, and its gradient.
        self._inside = False

    def d_draw(self, state):
        return self._drawn("d", state, super().d_draw(state))

    def g_draw(self, state):
        return self._drawn("g", state, super().g_draw(state))

    def d_gradient(self, state, batch, through=False):
        after, gradient, seen = super().d_gradient(state, batch, through)
        if not self._inside:
            self._told("d", after, batch, gradient, seen[0], seen[-1], self.game.d_loss(*self._at(state), batch)[1])
        return after, gradient, seen

    def g_gradient(self, state, batch, rival=None, through=False):
        outside, self._inside = not self._inside, True
        after, gradient, seen = super().g_gradient(state, batch, rival, through)
        if outside:
            against = replace(rival(state.g), g_buffers=state.g_buffers) if rival else state
            scores = self.game.g_outputs(*self._at(against, state.g), batch)
            self._told("g", after, batch, gradient, seen[0], seen[-1], scores, foreseen=rival is not None)
            self._inside = False
        return after, gradient, seen

    def gradients(self, state, batch):
        after, by_d, seen_d, by_g, seen_g = super().gradients(state, batch)
        scores = self.game.d_loss(*self._at(state), batch)[1]
        self._told("d", after, batch, by_d, seen_d[0], seen_d[-1], scores)
        self._told("g", after, batch, by_g, seen_g[0], seen_g[-1], scores)
        return after, by_d, seen_d, by_g, seen_g

    def d_step(self, state, gradient):
        return self._stepped("d", state, super().d_step(state, gradient), gradient)

    def g_step(self, state, gradient):
        return self._stepped("g", state, super().g_step(state, gradient), gradient)

    def _at(self, state: State, g: Tensor | None = None):
        """G's weights, D's weights and a state that may be written to, for looking once more at what was seen."""
        return (state.g if g is None else g).detach(), state.d.detach(), state.own_buffers()

    def _drawn(self, who: str, state: State, batch: Batch) -> Batch:
        if not self._inside:
            self._note(Stage("draw", who, state, batch))
        return batch

    def _told(self, who, state, batch, gradient, loss, norm, scores, foreseen=False) -> None:
        real, fake = (None if side is None else side.detach() for side in scores)
        with torch.no_grad():
            made = self.game.generated(state.g, state.own_buffers(), batch)
        stage = Stage("", who, state, batch, foreseen=foreseen)
        known = {
            "generate": dict(fake=made),
            "judge": dict(real_scores=real, fake_scores=fake),
            "loss": dict(loss=loss.item()),
            "gradient": dict(norm=norm.item()),
        }
        for name in GRADIENT:
            stage = replace(stage, name=name, **known[name])
            self._note(stage, gradient)

    def _stepped(self, who: str, before: State, after: State, gradient: Tensor) -> State:
        if self._inside:
            return after
        told, of = self._latest.get(who, (Stage("", who, before), None))
        step = torch.linalg.vector_norm(getattr(after, who) - getattr(before, who)).item()
        norm = torch.linalg.vector_norm(gradient).item()
        self.steps.append((len(self.stages), who, before, after))
        self._note(replace(told, name="update", state=after, norm=norm, step=step, mixed=gradient is not of), of)
        return after

    def _note(self, stage: Stage, gradient: Tensor | None = None) -> None:
        self._latest[stage.who] = stage, gradient
        if len(self.stages) <= MOST:
            self.stages.append(replace(stage, state=_loose(stage.state)))


def stages(game: Game, config: Config, state: State) -> list[Stage]:
    """The next iteration from this state, stage by stage; the generators of `state` go on as if it had been played."""
    recorder = Recorder(game, config)
    after, seen = recorder.iterate(state)
    if len(recorder.stages) > MOST:
        return [Stage("whole", "both", after, whole=seen)]
    found = _looking_ahead(recorder, after)
    last = found[-1].state
    if not (torch.equal(last.g, after.g) and torch.equal(last.d, after.d)):
        way = torch.linalg.vector_norm(torch.cat([after.g - last.g, after.d - last.d])).item()
        found.append(replace(found[-1], name="own", who="both", state=after, step=way))
    return found


def _looking_ahead(recorder: Recorder, after: State) -> list[Stage]:
    """The stages, where those that lead to an update which was taken back say so.

    An update is real if the weights at the end come from it, or from a real one that started where it had led to.
    """
    found, ahead = list(recorder.stages), set()
    for who in ("d", "g"):
        steps = [step for step in recorder.steps if step[1] == who]
        ends = [getattr(end, who) for _, _, _, end in steps]
        goal = getattr(after, who)
        if steps and not any(end is goal for end in ends):
            goal = ends[-1]  # The dynamics moved the weights themselves after it.
        for at, _, start, end in reversed(steps):
            if getattr(end, who) is goal:
                goal = getattr(start, who)
            else:
                ahead.add(at)
    for who in ("d", "g"):
        leads = False
        for at in reversed(range(len(found))):
            if found[at].who == who:
                leads = at in ahead if found[at].name == "update" else leads
                found[at] = replace(found[at], ahead=leads)
    return found


def _loose(state: State) -> State:
    """The state with weights that keep no graph alive."""
    return replace(state, g=state.g.detach(), d=state.d.detach()) if state.g.requires_grad else state

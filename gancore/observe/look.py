"""One look at a run in motion: what several probes need of it, computed once and only if one of them asks.

Looking never touches training: it has its own z and its own real samples, fixed for the whole run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch

from gancore import seeds
from gancore.observe.history import Samples
from gancore.observe.metrics.images import Neighbours, Plane
from gancore.observe.metrics.line import Reference
from gancore.observe.metrics.modes import Census
from gancore.observe.metrics.plane import PlaneReference
from gancore.observe.pictures import Pictures
from gancore.observe.slowly import Slowly
from gancore.observe.vitals import Vitals
from gancore.once import once

LINE_SAMPLES = 2000  # Fixed z on the line, and with it the sample size of every metric and floor there.
PLANE_SAMPLES = 2000
IMAGE_SAMPLES = 256
SCORED = 500  # Samples of each side that D judges at a look.
GRID = 64  # Pictures in a grid of samples, 8 by 8.
THREADS = 41  # Lines from z to x below the density.


@once(32)
def reference(choice) -> Reference:
    """The exact side of every comparison on this density, the same on every page and in every process."""
    return Reference.of(choice.open(), LINE_SAMPLES)


@once(32)
def plane_reference(source) -> PlaneReference:
    """The data's side of every comparison in the plane, the same on every page and in every process."""
    return PlaneReference.of(source, PLANE_SAMPLES)


@once(8)
def plane(source) -> Plane:
    """The principal plane of these pictures."""
    return Plane.of(source.name, source.pixels)


@once(8)
def neighbours(source) -> Neighbours:
    """Where the nearest real picture is looked up."""
    return Neighbours(plane(source), source.pixels)


@once(32)
def law_vitals(page: str, source, known) -> Vitals:
    """What the health of a game on the line or in the plane is held against."""
    return Vitals.of_law(page, source, known, known.n)


@once(8)
def picture_vitals(source) -> Vitals:
    """What the health of a game of pictures is held against."""
    vitals = Vitals.of_pictures(plane(source), source.pixels, IMAGE_SAMPLES)
    return replace(vitals, bands=vitals.bands | pictures(source).bands)


@once(8)
def pictures(source) -> Pictures:
    """What is held out of these pictures, and what else their health is held against."""
    return Pictures.of(source, IMAGE_SAMPLES)


class Fixed:
    """What every look of a run shares: the config's fixed z, fixed real samples, and what is known about the data."""

    def __init__(self, config, source):
        self.choice, self.source = config.data, source
        self.exact = True  # The reference is the very law's, not what stands in for it just after an edit.
        n = {"line": LINE_SAMPLES, "plane": PLANE_SAMPLES}.get(config.data.page, IMAGE_SAMPLES)
        self.z = fixed_z(config, n)
        self.fresh = seeds.stream(config.seed, "look/fresh")
        self.real = fixed_real(config, source, n)
        self.judged, self.points = self.real[:SCORED], 0  # What D judges at every look, beside G's samples.
        if config.data.page == "line":
            self.reference = reference(config.data)
            grid = torch.from_numpy(self.reference.grid).float()
            self.judged, self.points = torch.cat([grid[:, None], self.judged]), len(grid)
            self.log_p = source.log_prob(grid)
            self.threads = threads(self.z, *self.reference.window)
        elif config.data.page == "plane":
            self.reference = plane_reference(source)
        elif config.data.page == "images":
            self.plane, self.neighbours = plane(source), neighbours(source)
            self.vitals, self.pictures = picture_vitals(source), pictures(source)
        if config.data.page in ("line", "plane"):
            self.vitals = law_vitals(config.data.page, source, self.reference)


def fixed_real(config, source, n: int) -> torch.Tensor:
    """The run's own real samples to look at, (n, event)."""
    return source.sample(n, seeds.stream(config.seed, "look/real"))


def fixed_z(config, n: int) -> torch.Tensor:
    """The run's own z to look at, (n, dim), so that any first part of it is a sample too."""
    chance = seeds.stream(config.seed, "look/z")
    z = config.noise.sample(n, chance)
    return z[torch.randperm(n, generator=chance)] if getattr(config.noise, "ordered", False) else z


def threads(z: torch.Tensor, low: float, high: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Which samples are drawn as lines from z to x, and where these start: z in order, stretched from `low` to `high`.

    Where z has many numbers there is no place for it on an axis, and the second part is None.
    """
    if z.shape[1] > 1:
        return np.arange(3 * THREADS), None
    rows = z[:, 0].argsort()[:: len(z) // THREADS].numpy()
    start = z[rows, 0].numpy()
    return rows, low + (high - low) * (start - start[0]) / max(start[-1] - start[0], 1e-12)


class Look:
    """A moment: the trainer as it stands, through the eyes of the fixed samples."""

    def __init__(
        self, trainer, fixed: Fixed, history, measured, measuring=True, past=None, slow=None, playing=False, memory=None
    ):
        """`history` holds every iteration's scalars, `measured` what is measured at looks that are `measuring`.

        `past` says where the fixed z were sent at earlier looks. In slow motion, `slow`, the game is seen as it stands
        at the stage that is looked at. `memory` is what probes keep in mind from look to look, each under its own name.
        """
        self.playing, self.unfinished = playing, False
        self.memory = {} if memory is None else memory
        self.trainer, self.fixed, self.history = trainer, fixed, history
        self.measured, self.measuring, self.past = measured, measuring, past
        self.game, self.slow, self.loss = trainer.game, slow, trainer.config.loss
        self.state = slow.stage.state if slow else trainer.state

    @cached_property
    def fake(self) -> torch.Tensor:
        """G of the fixed z, (n, event)."""
        return self.game.generate(self.state, self.fixed.z)

    @cached_property
    def ema_fake(self) -> torch.Tensor:
        """What G's running mean makes of the fixed z, (n, event); G's own samples while none is kept."""
        return self.game.generate(self.state, self.fixed.z, ema=True)

    @cached_property
    def fake_line(self) -> np.ndarray:
        """On the line: G of the fixed z, sorted, (n,)."""
        return np.sort(self.fake[:, 0].numpy())

    @cached_property
    def judged(self) -> torch.Tensor:
        """D's raw outputs on the grid of a line (m,), the fixed real samples (n,), G of the fixed z (n,), in one row.

        n is at most `SCORED`. One call for all, unless D's layers let samples see each other: the call is the cost.
        """
        m, known, fake = self.fixed.points, self.fixed.judged, self.fake[:SCORED]
        if self.game.together:
            return self.game.judge(self.state, torch.cat([known, fake]))
        parts = [part for part in (known[:m], known[m:], fake) if len(part)]
        return torch.cat([self.game.judge(self.state, part) for part in parts])

    @property
    def on_both(self) -> torch.Tensor:
        """D's raw outputs on real and on generated samples, (2, n)."""
        return self.judged[self.fixed.points :].view(2, -1)

    @cached_property
    def on_unseen(self) -> torch.Tensor:
        """D's raw outputs on pictures that nobody trains on, (m,); m may be 0."""
        unseen = self.fixed.pictures.unseen
        return self.game.judge(self.state, unseen) if len(unseen) else torch.empty(0)

    @cached_property
    def said(self) -> np.ndarray:
        """`judged` in the unit that charts show."""
        return self.loss.read(self.judged).numpy()

    @property
    def said_on_both(self) -> np.ndarray:
        """What D says of real and of generated samples, (2, n)."""
        return self.said[self.fixed.points :].reshape(2, -1)

    @property
    def said_on_grid(self) -> np.ndarray:
        """On the line: what D says along the axis, (m,)."""
        return self.said[: self.fixed.points]

    @cached_property
    def field(self) -> np.ndarray:
        """In the plane: what D says at the centres of the reference's cells, (SIDE²,)."""
        return self.loss.read(self.game.judge(self.state, self.fixed.reference.grid)).numpy()

    @cached_property
    def census(self) -> Census:
        """In the plane, where modes are known: which of them G of the fixed z reaches."""
        return self.fixed.reference.census(self.fake.numpy())

    @cached_property
    def time(self) -> np.ndarray:
        """The range of every time axis, (2,)."""
        return np.array(self.history.time_range())

    @cached_property
    def p_g(self) -> np.ndarray:
        """On the line: the generator's density on the reference's grid, (400,)."""
        return self.fixed.reference.density(self.fake_line)

    @cached_property
    def distances(self) -> dict[str, float]:
        """On the line: W1 and JSD of the fixed sample to the exact density."""
        return self.fixed.reference.measure(self.fake_line)

    def keep(self, names: tuple[str, ...], measure: Callable[[], Iterable[float]]) -> dict[str, np.ndarray]:
        """What is measured now and then: its past as `name`, over one shared `<first name>_t`.

        Adds what `measure()` gives now, if this look measures; else the arrays are those of the last look that did.
        """
        line, arrays = self.measured.get(names) or (Samples(names, limit=400), None)
        if self.measuring or arrays is None:
            line.append(self.state.iteration, dict(zip(names, measure())))
            arrays = {f"{names[0]}_t": line.read(names[0])[0].astype(np.float32)}
            arrays |= {name: line.read(name)[1] for name in names}
            self.measured[names] = line, arrays
        return arrays

    def slowly(self, name: str, begin: Callable[[], Callable]) -> dict[str, np.ndarray]:
        """What takes longer than a look may, as of the last time that it was done; `begin()` makes the work, see `Sliced`."""
        state, job = self.state, self.memory.setdefault(name, Slowly())
        done = job.look((state.iteration, state.d_updates, state.g_updates), begin, self.playing)
        self.unfinished |= not done
        return job.arrays

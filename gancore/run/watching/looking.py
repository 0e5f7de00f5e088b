"""A look at somebody else's loop: what the project's own probes ask of a run, answered from what the loop gives away."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from gancore.game.losses.shelf import Loss
from gancore.observe.checkup import Checkup
from gancore.observe.frame import Frame
from gancore.observe.history import History
from gancore.observe.look import GRID, Look, threads
from gancore.observe.metrics.images import Neighbours, Plane, tile
from gancore.observe.metrics.line import Reference
from gancore.observe.metrics.plane import PlaneReference
from gancore.observe.observer import BUCKETS
from gancore.observe.probes import PROBES
from gancore.observe.vitals import Vitals
from gancore.run.watching.advice import advised
from gancore.run.watching.players import Players
from gancore.run.watching.scene import Scene
from gancore.train.trainer import SCALARS

ALWAYS = ("losses", "gradients", "health")
PROBED = {
    "images": ("samples", "nearest", "pca"),
    "plane": ("points", "sliced"),
    "line": ("density", "mapping", "quality"),
}
DISTANCES = ("w1", "sw1", "jsd")  # whose floors a page draws
REAL_POINTS = 700  # real samples in the first frame, as coordinates


class Unknown(Loss):
    """A loss of which nothing is known but what D's numbers are: any, or probabilities if D ends in a sigmoid."""

    equilibrium_d = None

    def __init__(self, probabilities: bool):
        if probabilities:
            self.says, self.span, self.undecided = "D(x)", (0.0, 1.0), 0.5


class Known:
    """What every look at a loop shares: its fixed z, its real samples, and what they are compared by."""

    def __init__(self, scene: Scene, z: Tensor):
        self.source, self.real, self.z = scene.source, scene.real, z
        if scene.page == "line":
            self.reference = Reference.of(self.source, scene.samples)
            self.grid = torch.from_numpy(self.reference.grid).float()[:, None]
            self.log_p = self.source.log_prob(self.grid[:, 0])
            self.threads = threads(z, *self.reference.window)
        elif scene.page == "plane":
            self.reference = PlaneReference.of(self.source, scene.samples)
            self.grid = self.reference.grid
        else:
            self.plane = Plane.fit(self.source.pixels)
            self.neighbours = Neighbours(self.plane, self.source.pixels)
            self.vitals = Vitals.of_pictures(self.plane, self.source.pixels, scene.samples)
        if scene.page != "images":
            self.vitals = Vitals.of_law(scene.page, self.source, self.reference, scene.samples)


class Seen(Look):
    """A moment of a loop: what its G drew, what its D said to the last batches and, where it can be asked, on a grid."""

    said_on_both = said_on_grid = None

    def __init__(self, eye: Eye, iteration: int, fake: Tensor, said: np.ndarray | None, grid: np.ndarray):
        state = SimpleNamespace(iteration=iteration)
        config = SimpleNamespace(loss=eye.loss, data=SimpleNamespace(page=eye.scene.page))
        play = SimpleNamespace(game=eye.players, state=state, config=config)
        super().__init__(play, eye.known, eye.history, eye.measured, memory=eye.memory)
        self.fake, self.said_on_both, self.said_on_grid, self.field = fake, said, grid, grid

    @property
    def on_both(self) -> torch.Tensor:
        """What D said to the last batches; not known where the loop did not tell."""
        return torch.full((2, 1), torch.nan) if self.said_on_both is None else torch.from_numpy(self.said_on_both)


class Eye:
    """Makes frames, and keeps the lines of their charts."""

    def __init__(self, scene: Scene, players: Players, probabilities: bool):
        self.scene, self.players = scene, players
        self.loss, self.known = Unknown(probabilities), Known(scene, players.z)
        self.history, self.measured = History(SCALARS, buckets=BUCKETS), {}
        self.memory = {"health": Checkup()}
        advised(self.memory["health"].doctor)
        if scene.page != "images":
            players.try_d(self.known.grid)

    def frame(self, iteration: int, info: dict, fake: Tensor, said: np.ndarray | None) -> Frame:
        """A frame from generated samples (n, event), as `Scene.flat` makes them, and D's outputs on both kinds (2, m)."""
        names = [*ALWAYS, *PROBED[self.scene.page], *["scores"] * (said is not None)]
        names += ["field"] * (self.scene.page == "plane" and self.players.asked)
        seen = Seen(self, iteration, fake, said, self._on_grid())
        arrays = {} if iteration else self._real()
        for name in names:
            arrays |= PROBES[name](seen)
        return Frame(iteration, arrays, info)

    def _on_grid(self) -> np.ndarray | None:
        """What D says where charts of D are drawn; nothing known if it cannot be asked."""
        if self.scene.page == "images":
            return None
        grid = self.known.grid
        return self.players.judge(grid).numpy() if self.players.asked else np.full(len(grid), np.nan)

    def _real(self) -> dict[str, np.ndarray]:
        """The real side, which does not change: it stands in the first frame alone."""
        known, rows = self.known, np.linspace(0, len(self.scene.real) - 1, REAL_POINTS).astype(int)
        real = self.scene.real.numpy()[np.unique(rows)]
        if self.scene.page != "images":
            floors = {
                f"{name}_floor": np.array(ends) for name, ends in known.reference.floor.items() if name in DISTANCES
            }
            floors["real_scale"] = np.array([known.source.scale])
        if self.scene.page == "line":
            return {"line_x": known.reference.grid, "p_data": known.reference.p, **floors}
        if self.scene.page == "plane":
            window = np.array(known.source.window).ravel()
            return {"real_x": real[:, 0], "real_y": real[:, 1], "real_window": window, **floors}
        x, y, z = known.plane.project(real, 3).T
        explained = known.plane.explained[:3]
        return {"grid_real": tile(real[:GRID]), "real_x": x, "real_y": y, "real_z": z, "explained": explained}

"""The three lines of `watch` as a callback of Lightning.

    Trainer(callbacks=[WatchGAN("my-gan", generator="G", discriminator="D", noise=..., real=x_sample)])

The module hands over each update where it makes it: `self.watched.d_step(loss, real_logits, fake_logits)` and
`self.watched.g_step(loss)`. The callback opens the run when training begins and closes it when that ends, well or badly.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    from lightning.pytorch import Callback
except ImportError:
    try:
        from pytorch_lightning import Callback
    except ImportError:
        raise ImportError(
            "WatchGAN is a callback of Lightning, which is not installed: pip install lightning"
        ) from None

from gancore.run.watch import watch


class WatchGAN(Callback):
    """`generator` and `discriminator` are the names of the module's attributes; the rest is as in `watch`."""

    def __init__(
        self,
        name: str,
        *,
        noise: Callable[[int], Any],
        real: Any,
        generator: str = "generator",
        discriminator: str = "discriminator",
        folder: str | Path | None = None,
    ):
        self._players = {"generator": generator, "discriminator": discriminator}
        self._given = {"name": name, "noise": noise, "real": real, "folder": folder}

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Opens the run under `pl_module.watched`. Raises `ValueError` for what cannot be watched."""
        players = {}
        for role, attribute in self._players.items():
            if not hasattr(pl_module, attribute):
                there = ", ".join(name for name, _ in pl_module.named_children())
                raise ValueError(
                    f"{role} = {attribute!r} is no attribute of {type(pl_module).__name__}: give one of {there}"
                )
            players[role] = getattr(pl_module, attribute)
        pl_module.watched = watch(**self._given, **players)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        pl_module.watched.close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if watched := getattr(pl_module, "watched", None):
            watched.event(f"stopped: {type(exception).__name__}: {exception}"[:500])
            watched.close()

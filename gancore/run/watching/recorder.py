"""What a watched loop leaves behind: its scalars and frames in a recording of its own, within a budget of its time.

For the thread that trains. Nothing that goes wrong in here reaches the loop: it is logged once, told in the recording,
and what it concerns is left out from then on.
"""

from __future__ import annotations

import logging
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gancore.observe.look import SCORED
from gancore.record.recording import Recording, RecordingError
from gancore.run.watching.budget import FRAMES, MOVES, Budget, now
from gancore.run.watching.fetch import Fetch, mark
from gancore.run.watching.gradients import Gradients
from gancore.run.watching.looking import Eye
from gancore.run.watching.players import Players
from gancore.run.watching.tape import Tape, Waiting, noted, unwritten

log = logging.getLogger("gancore.watch")

PER_SECOND = 2.0  # frames at most
READ = 0.4  # seconds between two readings of the tape: with a commit's 0.9 s, what a killed loop may lose
ATTEND = 0.1  # seconds between two moves that are attended to; those between are noted down, which is all they cost
MANY = 4096  # iterations after which the tape is read in any case


@dataclass
class Sight:
    """A look that has begun: what was asked of the device."""

    iteration: int
    info: dict[str, Any]
    fetch: Fetch  # generated samples (n, event) and, if there are any, D's outputs (2, m)


class Recorder:
    """Takes a loop's moves. `eye` and `gradients` are None where the loop's networks cannot be asked."""

    def __init__(self, recording: Recording, players: Players, eye: Eye | None, sharded: bool):
        self.recording, self.players, self.eye = recording, players, eye
        self.tape, self.open = Tape(), True
        self._moves, self._frames = Budget(MOVES), Budget(FRAMES)
        self._gradients = None if sharded else Gradients(players.g, players.d, self._stepped)
        self._fault: Exception | None = None  # what went wrong where a gradient was to be measured
        self._later = True  # means are taken later: the loop does not write to what it handed over
        self._noted: list[tuple] = []  # moves that are not on the tape yet
        self._attend_at = 0.0
        self._begun = self._pace_at = now()
        self._pace_iteration, self._pace = 0, 0.0
        self._reading: tuple[int, Waiting] | None = None
        self._sight: Sight | None = None
        self._batches: tuple = (None, None)  # what D said last, where that is small and on the processor
        self._said: Tensor | None = None
        self._asked = self._wanted = False  # D was asked for the look to come; G moved before it was
        self._next_read, self._next_look, self._looked = self._begun + READ, 0.0, -1
        if eye:
            self._look()
            recording.commit()  # who follows from the first second on has something to see
        if self._gradients:
            self._gradients.listen()

    def moved(self, who: str, loss: Any, real: Any = None, fake: Any = None) -> None:
        """A player was updated; D's outputs on the batches come with D."""
        if not self.open:
            return
        try:
            norm = self._norm(who) if self._gradients and self._gradients.hook else math.nan
            if who == "d":
                self._noted.append(
                    ("d", noted(loss, self._later), noted(real, self._later), noted(fake, self._later), norm)
                )
            else:
                self._noted.append(("g", noted(loss, self._later), norm))
            start = now()
            if start < self._attend_at:
                return
            self._read(start)
        except Exception as error:
            return self._stop(error)
        if self.eye and self.open:
            try:
                self._see(who, real, fake)
            except Exception as error:
                self._without("frames", error)
        if self._moves.open() and self._gradients:
            self._gradients.listen()
        end = now()
        self._frames.spend(end - start)
        if not (self._asked or self._wanted):  # else the next moves are for a look
            self._attend_at = end + ATTEND

    def event(self, what: str) -> None:
        """Something the reader of a curve wants to know."""
        if self.open:
            try:
                self._write_down()
                self.recording.event(self.tape.iteration, str(what))
            except Exception as error:
                self._stop(error)

    def close(self) -> None:
        """Keeps what is still on its way, takes a last look, and lets go of the file and the optimisers."""
        if not self.open:
            return
        try:
            self._store(ended=True)
            if self.eye and self._looked < self.tape.iteration:
                self._last_look()
            self._rest()
            self.recording.close()
        except Exception as error:
            self._stop(error)

    # -- scalars ------------------------------------------------------------------------------------------------

    def _write_down(self) -> None:
        """The moves noted so far, on the tape."""
        moves, self._noted = self._noted, []
        for who, *values in moves:
            self.tape.move(who, *values)
            if who == "d":
                self._batches = tuple(values[1:3])

    def _stepped(self, optimiser: Optimizer) -> None:
        if not self.open or self._fault:
            return
        start = now()
        try:
            self._gradients.take(optimiser)
        except Exception as error:
            self._fault = error  # told at the next move: no hook may go while the hooks are called
        self._moves.spend(now() - start)

    def _norm(self, who: str) -> float | Tensor:
        """What this player's optimisers stepped by, while they are listened to."""
        start = now()
        try:
            if self._fault:
                raise self._fault
            norm = self._gradients.norm(who)
        except Exception as error:
            self._without("gradients", error)
            return math.nan
        self._moves.spend(now() - start)
        if self._moves.left <= 0:
            self._gradients.rest()
        return norm

    def _read(self, at: float) -> None:
        """Reads the tape if it is time to; what a device still computes is waited for at a later move."""
        self._write_down()
        if self._reading is None and (at >= self._next_read or len(self.tape.rows) >= MANY):
            self._reading, self._next_read = self.tape.take(), at + READ
        if self._reading and self._reading[1].here():
            self._keep()

    def _keep(self) -> None:
        (first, waiting), self._reading = self._reading, None
        block = waiting.block()
        self._later &= not waiting.written
        if self.eye:
            self.eye.history.append(block, first)
        self.recording.scalars(first, block)

    def _store(self, ended: bool = False) -> None:
        """All rows to the recording, now."""
        self._write_down()
        if self._reading:
            self._keep()
        self._reading = self.tape.take(ended)
        self._keep()

    # -- frames -------------------------------------------------------------------------------------------------

    def _see(self, who: str, real: Any, fake: Any) -> None:
        if self._sight:
            if self._sight.fetch.here():
                self._finish()
            return
        begun = self._asked or self._wanted
        if begun and who == "g":
            self._look()
            self._asked = self._wanted = False
        elif begun or (now() >= self._next_look and self._frames.open()):
            if who == "d":
                self._said, self._asked = both(real, fake), True
            else:
                self._wanted = True  # D comes first: what it says belongs to the look

    def _look(self) -> None:
        """Asks for what a frame shows; it is finished at once, or where that is on a device, at a later move."""
        since = mark(self.players.device)
        asked = [self.eye.scene.flat(self.players.generate())]
        asked += [] if self._said is None else [self._said]
        self._sight = Sight(self.tape.iteration, self._info(), Fetch(asked, since))
        self._said = None
        if self._sight.fetch.here():
            self._finish()

    def _finish(self) -> None:
        if not self._sight:
            return
        sight, self._sight = self._sight, None
        fake, *said = sight.fetch.tensors()
        frame = self.eye.frame(sight.iteration, sight.info, fake, said[0].numpy() if said else None)
        self.recording.frame(sight.iteration, frame.encode())
        self._looked, self._next_look = sight.iteration, now() + 1 / PER_SECOND
        self._frames.spend(sight.fetch.seconds())

    def _last_look(self) -> None:
        try:
            self._finish()
            self._said = both(*map(unwritten, self._batches))
            self._look()
            self._finish()
        except Exception as error:
            self._without("frames", error)

    def _info(self) -> dict[str, Any]:
        """What goes with a frame, as with those of the project's own runs."""
        at = now()
        if at - self._pace_at > 0.5:
            self._pace = (self.tape.iteration - self._pace_iteration) / (at - self._pace_at)
            self._pace_at, self._pace_iteration = at, self.tape.iteration
        counts = {f"{who}_updates": n for who, n in self.tape.updates.items()}
        return counts | {"iterations_per_second": self._pace, "elapsed": at - self._begun}

    # -- trouble ------------------------------------------------------------------------------------------------

    def _rest(self) -> None:
        """From now on nothing is taken in, and nothing is left in the optimisers."""
        self.open = False
        if self._gradients:
            self._gradients.rest()

    def _without(self, part: str, error: Exception) -> None:
        """From now on this part is left out; the rest goes on."""
        if part == "frames":
            self.eye = self._sight = None
            self._asked = self._wanted = False
        else:
            self._gradients.rest()
            self._gradients = None
        log.warning("%s: no more %s of this run: %s", self.recording.path, part, error, exc_info=error)
        self.event(f"watch: no more {part}: {type(error).__name__}: {error}"[:500])

    def _stop(self, error: Exception) -> None:
        """The recording itself fails: nothing more is kept, and the loop goes on as if it were not watched."""
        self._rest()
        trace = None if isinstance(error, RecordingError) else error  # which says all there is to say
        log.warning("%s: recording stopped, training goes on: %s", self.recording.path, error, exc_info=trace)
        with suppress(Exception):
            self.recording.event(self.tape.iteration, f"watch stopped: {type(error).__name__}: {error}"[:500])
        with suppress(Exception):
            self.recording.close()


def both(real: Any, fake: Any) -> Tensor | None:
    """D's outputs on a real and on a generated batch as (2, m), at most `SCORED` of each; None if they did not come."""
    if not all(isinstance(x, Tensor) and x.dim() for x in (real, fake)):
        return None
    rows = [x.detach().float().flatten() for x in (real, fake)]
    m = min(len(rows[0]), len(rows[1]))
    at = torch.arange(min(m, SCORED), device=rows[0].device) * m // min(m, SCORED)
    return torch.stack([rows[0][at], rows[1].to(at.device)[at]]) if m else None

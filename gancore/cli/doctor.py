"""`doctor`: what is the matter with a recorded run, and what to try; exit code 0 if nothing is, 3 if something is."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from gancore.catalog import BadKnob, near, shown
from gancore.config import Config
from gancore.observe.checkup import Checkup
from gancore.observe.diagnoses.doctor import ROW, Number, Verdict
from gancore.observe.diagnoses.evidence import LOOKS, SPAN
from gancore.observe.look import Look
from gancore.observe.observer import Observer
from gancore.record import writer
from gancore.record.reader import END
from gancore.record.recording import Reader, runs_folder
from gancore.record.verdicts import last as last_said
from gancore.train.state import State
from gancore.train.trainer import Diverged, Trainer

WELL, SICK = 0, 3
EVERY = 50  # Iterations that a copy of the run is played on between two looks.
ON = max(LOOKS + ROW + 1, SPAN // EVERY + ROW + 1)  # looks: a whole window, and what it takes to raise a verdict
PATIENCE = 5.0  # Seconds without news after which a run whose writer is gone counts as over: an heir may take it up.
LONG = 3600.0  # Seconds without news after which one that may still be written does.


class Examination:
    """A trainer under the doctor's eyes. Looking never touches training: samples and streams are the observer's own."""

    def __init__(self, trainer: Trainer):
        self.observer = Observer(Observer.prepare(trainer.config, trainer.game.source))
        if not hasattr(self.observer.fixed, "vitals"):
            page = trainer.config.data.page
            raise BadKnob(
                f"data = {shown(trainer.config.data.name)} is of the page {page}, where nothing is diagnosed yet"
            )
        self.checkup = Checkup()
        self.look(trainer)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return self.checkup.verdicts

    def take(self, first: int, rows) -> None:
        """The scalars (n, 6) of the iterations from `first` on, which follow those before."""
        self.observer.history.append(rows, first)

    def look(self, trainer: Trainer) -> tuple[Verdict, ...]:
        return self.checkup.look(Look(trainer, self.observer.fixed, self.observer.history, self.observer.measured))

    def end(self, error: Diverged, config: Config) -> tuple[Verdict, ...]:
        """The game has left the finite numbers."""
        return self.checkup.end((error.iteration, error.tensor), self.observer.fixed.vitals.bands, config)


def doctor(asked) -> int:
    """Examines as the command line says. Raises `BadKnob` or `RecordingError` for a run that cannot be examined."""
    path = found(asked.run)
    with Reader(path) as reader:
        watched = "watched" in reader.config
    if asked.follow:
        verdicts = follow(path, told_by_loop(path) if watched else examined(path), asked.json)
    else:
        with Reader(path) as reader:
            verdicts = said_last(reader) if watched else examine(reader)
    at = verdicts[0].seen if verdicts else 0
    if not asked.follow:
        print(
            json.dumps(facts(path, verdicts), allow_nan=False)
            if asked.json
            else told(verdicts, f"{path.name}, iteration {at:,}")
        )
    return SICK if any(verdict.sick for verdict in verdicts) else WELL


def found(run: str) -> Path:
    """The recording at this path, or the newest one of this id in the runs folder. Raises `BadKnob` with those there are."""
    if Path(run).is_file():
        return Path(run)
    folder = runs_folder()
    there = {
        path.stem.rsplit("-", 1)[0]: path for path in sorted(folder.glob("*.sqlite"), key=lambda p: p.stat().st_mtime)
    }
    there |= {path.stem: path for path in there.values()}
    if run not in there:
        some = list(there)[-5:]
        give = (
            f"give a path, or one of those in {folder}, such as {', '.join(some)}"
            if some
            else f"there is none in {folder}"
        )
        raise BadKnob(f"run = {shown(run)} is no recording{near(run, there)}: {give}")
    return there[run]


def examine(reader: Reader) -> tuple[Verdict, ...]:
    """Restores the newest checkpoint and plays a copy of it on, for a window's worth of looks; the recording stays as it is."""
    trainer = restored(reader)
    examination = Examination(Trainer(Config.from_flat(reader.config), trainer.game.source))
    iterations, past = reader.scalars(last=trainer.iteration)
    if len(past):
        examination.take(int(iterations[0]), past)
    examination.look(trainer)
    with tqdm(total=ON * EVERY, unit=" iterations", desc="playing a copy on", file=sys.stderr, leave=False) as bar:
        for _ in range(ON):
            first = trainer.iteration + 1
            try:
                rows = trainer.advance(EVERY)
            except Diverged as error:
                return examination.end(error, trainer.config)
            examination.take(first, rows.numpy())
            examination.look(trainer)
            bar.update(EVERY)
    return examination.verdicts


def follow(path: Path, looks: Iterator[tuple[Verdict, ...]], as_json: bool) -> tuple[Verdict, ...]:
    """Tells each change of verdicts in a growing run until its writer is done. Returns the last; `BadKnob` if there were none."""
    verdicts, before = (), None
    for verdicts in looks:
        names = [(v.name, v.since) for v in verdicts]
        if names != before:
            before, at = names, verdicts[0].seen if verdicts else 0
            said = facts(path, verdicts) if as_json else told(verdicts, f"iteration {at:,}")
            print(json.dumps(said, allow_nan=False) if as_json else said, flush=True)
    if before is None:
        raise BadKnob(
            f"run = {shown(path.name)} has ended without anything to judge it by: no checkpoint, and no verdict of its loop"
        )
    return verdicts


def examined(path: Path) -> Iterator[tuple[Verdict, ...]]:
    """The verdicts at each new checkpoint of a run of this program."""
    examination, taken, newest = None, 0, -1
    for reader in growing(path):
        kept = reader.last_checkpoint()
        if kept is None or kept[0] <= newest:
            continue
        if examination is None:
            source = Config.from_flat(reader.config).data.open()
            examination = Examination(Trainer(Config.from_flat(reader.config), source))
        trainer, newest = made(kept, source), kept[0]
        iterations, rows = reader.scalars(first=taken + 1, last=trainer.iteration)
        if len(rows):
            examination.take(int(iterations[0]), rows)
            taken = int(iterations[-1])
        yield examination.look(trainer)


def told_by_loop(path: Path) -> Iterator[tuple[Verdict, ...]]:
    """The verdicts of each new frame of a watched loop, which are made where its networks are."""
    seen = -1
    for reader in growing(path):
        at = reader.frame_at(END)
        if at is not None and at > seen:
            seen = at
            if said := last_said(reader):
                yield said


def growing(path: Path) -> Iterator[Reader]:
    """A recording as it is now, again and again, until its writer is done, or is gone or silent for a while."""
    news, last = time.monotonic(), -1
    while True:
        with Reader(path) as reader:
            standing = writer.standing(reader.fact(writer.FACT), writer.age(path))
            if (at := max(reader.last(), reader.frame_at(END) or 0)) != last:
                last, news = at, time.monotonic()
            yield reader
        patience = {writer.CLOSED: 0.0, writer.GONE: PATIENCE}.get(standing, LONG)
        if time.monotonic() - news >= patience:
            return
        time.sleep(0.2)


def said_last(reader: Reader) -> tuple[Verdict, ...]:
    """What was told of a watched loop when it was last looked at."""
    if said := last_said(reader):
        return said
    raise BadKnob(
        f"run = {shown(reader.path.name)} holds no verdicts: it is of a watched loop, whose networks are not in it, and was recorded "
        "without frames or by an older version. Record it anew"
    )


def restored(reader: Reader) -> Trainer:
    """The run as its newest checkpoint has it."""
    kept = reader.last_checkpoint()
    if kept is None:
        raise BadKnob(f"run = {shown(reader.path.name)} has no checkpoint yet: give it a second, or play it first")
    return made(kept, Config.from_flat(reader.config).data.open())


def made(kept: tuple, source) -> Trainer:
    _, tensors, extra = kept
    return Trainer(Config.from_json(extra["config"]), source, State.from_tensors(tensors))


def facts(path: Path, verdicts: tuple[Verdict, ...]) -> dict:
    """Plain values, for scripts."""
    iteration = verdicts[0].seen if verdicts else 0
    sick = any(verdict.sick for verdict in verdicts)
    return {"run": path.stem, "iteration": iteration, "sick": sick, "verdicts": [v.plain() for v in verdicts]}


def told(verdicts: tuple[Verdict, ...], where: str) -> str:
    """The verdicts for a person."""
    return "\n".join([where, *(line for verdict in verdicts for line in words(verdict))])


def words(verdict: Verdict) -> Iterator[str]:
    since = f" since iteration {verdict.since:,}" if verdict.since else ""
    yield f"{'!' if verdict.sick else '-'} {verdict.title}{since}. {verdict.says}"
    for number in verdict.numbers:
        yield f"    {written(number)}"
    if verdict.cure:
        cure = verdict.cure
        again = " from the start" * cure.restart
        yield f"    try {cure.change}{again}: {cure.expect}, within {cure.within:,} iterations"


def written(number: Number) -> str:
    floor = f" (a perfect sampler: {' to '.join(f'{end:.3g}' for end in number.floor)})" if number.floor else ""
    return f"{number.what} {number.value:.3g}{floor}" if math.isfinite(number.value) else f"{number.what} is not known"


def summary(verdicts: tuple[Verdict, ...]) -> str:
    """One line: what is told now."""
    return ", ".join(f"{v.title} since {v.since:,}" if v.since else v.title for v in verdicts)

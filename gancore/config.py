"""One choice from each catalog, a batch size and a seed: all that a run is before it moves.

A setting has one address everywhere (link, TOML, command line, event): `data` picks a choice, `data.std` turns its knob.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w

from gancore.catalog import BadKnob, Catalog, Knob, knob, knobs, near, shown, text
from gancore.game.constraints import Free, constraints
from gancore.game.data import data
from gancore.game.inputs import inputs
from gancore.game.losses import losses
from gancore.game.networks import networks
from gancore.game.noise import noise
from gancore.game.penalties import NoPenalty, penalties
from gancore.train.dynamics import Alternating, dynamics
from gancore.train.optim import Adam, optimisers
from gancore.train.schedules import Constant, schedules

ROLES: dict[str, Catalog] = {
    "data": data,
    "noise": noise,
    "g": networks,
    "d": networks,
    "loss": losses,
    "penalty": penalties,
    "constraint": constraints,
    "input": inputs,
    "g_opt": optimisers,
    "d_opt": optimisers,
    "schedule": schedules,
    "dynamics": dynamics,
}

# Roles whose choice may be swapped while the game is played. The others make a new game: they act on restart.
LIVE_ROLES = frozenset({"loss", "penalty", "constraint", "g_opt", "d_opt", "schedule", "dynamics"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """A frozen, checked set of choices; every way in ends here, so that no bad value goes further."""

    data: Any = dataclasses.field(default_factory=data["normal"])
    noise: Any = dataclasses.field(default_factory=noise["normal"])
    g: Any = dataclasses.field(default_factory=networks["mlp"])
    d: Any = dataclasses.field(default_factory=networks["mlp"])
    loss: Any = dataclasses.field(default_factory=losses["non-saturating"])
    penalty: Any = dataclasses.field(default_factory=NoPenalty)
    constraint: Any = dataclasses.field(default_factory=Free)
    input: Any = dataclasses.field(default_factory=inputs["none"])
    g_opt: Any = dataclasses.field(default_factory=Adam)
    d_opt: Any = dataclasses.field(default_factory=Adam)
    schedule: Any = dataclasses.field(default_factory=Constant)
    dynamics: Any = dataclasses.field(default_factory=Alternating)
    batch: int = knob(
        128, 1, 4096, live=True, log=True, label="batch size", help="Samples in each real and each generated batch"
    )
    ema: float = knob(
        0.0, 0.0, 0.99999, live=True, advanced=True, label="EMA of G", help="Memory of G's running mean; 0 keeps none"
    )
    precision: str = knob(
        "float32",
        choices=("float32", "tf32", "bfloat16"),
        live=True,
        advanced=True,
        help="What networks multiply in; bfloat16 keeps 8 bits, up to twice as fast on processors that have it; "
        "tf32 keeps 11 on a CUDA device, and is float32 on a processor",
    )
    frozen: str = knob(
        "none",
        choices=("none", "d", "g"),
        live=True,
        advanced=True,
        help="The player who stands still, weights, moments and counter; what it would lose is computed all the same",
    )
    seed: int = knob(0, 0, 2**31 - 1, help="Governs first weights, data and noise: same seed, same run")

    def __post_init__(self):
        for k in knobs(self):
            object.__setattr__(self, k.name, k.parse(getattr(self, k.name)))
        for role in ROLES:
            choice = getattr(self, role)
            if reason := refusal(choice, self):
                raise BadKnob(f"{role} = {shown(choice.name)} cannot be combined like this: {reason}")

    def flat(self) -> dict[str, Any]:
        """Every setting under its address: `{"data": "normal", "data.mean": 4.0, ..., "seed": 0}`."""
        settings: dict[str, Any] = {}
        for role in ROLES:
            choice = getattr(self, role)
            settings[role] = choice.name
            settings |= {f"{role}.{k.name}": getattr(choice, k.name) for k in knobs(choice)}
        return settings | {k.name: getattr(self, k.name) for k in knobs(self)}

    @classmethod
    def from_flat(cls, settings: Mapping[str, Any], base: Config | None = None) -> Config:
        """`base` (or the default) with these settings, typed or text.

        A role named anew starts from that choice's defaults, or from what it takes over from the choice before it.

        Raises:
            BadKnob: an unknown address or a value out of range; the message shows what came and what would do.
        """
        base = base or cls()
        for address in settings:
            if address.split(".")[0] not in ROLES and address not in (own := [k.name for k in knobs(cls)]):
                raise BadKnob(
                    f"setting {shown(address)} is unknown{near(address, base.flat())}: it starts with one of {', '.join([*ROLES, *own])}"
                )
        parts = {}
        for role in ROLES:
            old = getattr(base, role)
            name = settings.get(role, old.name)
            kept = (
                {k.name: getattr(old, k.name) for k in knobs(old)} if name == old.name else inherited(role, name, old)
            )
            new = {a.split(".", 1)[1]: v for a, v in settings.items() if a.startswith(role + ".")}
            parts[role] = _made(role, name, {**kept, **new})
        own = {k.name: settings.get(k.name, getattr(base, k.name)) for k in knobs(cls)}
        return cls(**parts, **own)

    def with_(self, address: str, value: Any) -> Config:
        """The same config with one setting changed."""
        return Config.from_flat({address: value}, base=self)

    def differences(self, other: Config) -> dict[str, Any]:
        """The settings to change so that this config becomes `other`."""
        mine, theirs = self.flat(), other.flat()
        for role in ROLES:
            choice = getattr(other, role)
            # A role named anew starts from its defaults, not from what stood there before.
            if choice.name != mine[role]:
                start = inherited(role, choice.name, getattr(self, role))
                mine |= {f"{role}.{k.name}": start.get(k.name, k.default) for k in knobs(choice)}
        return {address: value for address, value in theirs.items() if mine.get(address) != value}

    def acting(self, other: Config) -> dict[str, Any]:
        """Of `differences`, what acts while the game is played; the knobs of a choice that has to wait wait with it."""
        changed = self.differences(other)
        waiting = {a for a in changed if a in ROLES and not (live(self, a) and live(other, a))}
        return {a: v for a, v in changed.items() if live(other, a) and a.split(".")[0] not in waiting}

    def to_query(self) -> dict[str, str]:
        """Every setting as text, for a link."""
        return {address: text(value) for address, value in self.flat().items()}

    def to_json(self) -> str:
        return json.dumps(self.flat())

    @classmethod
    def from_json(cls, source: str) -> Config:
        """Reads what `to_json` wrote, or any part of it."""
        try:
            settings = json.loads(source)
        except ValueError as error:
            raise BadKnob(f"this is not JSON: {error}") from None
        if not isinstance(settings, dict):
            raise BadKnob(f'{shown(settings)} holds no settings: give an object such as {{"data": "normal"}}')
        return cls.from_flat({a: _tuples(v) for a, v in settings.items()})

    def to_toml(self) -> str:
        """One table a role: `[data]`, `choice = "normal"`, `mean = 4.0`."""
        tables: dict[str, Any] = {k.name: getattr(self, k.name) for k in knobs(self)}
        for role in ROLES:
            choice = getattr(self, role)
            tables[role] = {"choice": choice.name} | {k.name: _lists(getattr(choice, k.name)) for k in knobs(choice)}
        return tomli_w.dumps(tables)

    @classmethod
    def from_toml(cls, source: str, base: Config | None = None) -> Config:
        """Reads what `to_toml` wrote, or any part of it; what is not said stays as in `base`."""
        return cls.from_tables(read_toml(source), base)

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], base: Config | None = None) -> Config:
        """What `from_toml` does, once the text is read."""
        settings: dict[str, Any] = {}
        for key, value in tables.items():
            if isinstance(value, dict):
                settings |= {key if name == "choice" else f"{key}.{name}": _tuples(v) for name, v in value.items()}
            else:
                settings[key] = value
        return cls.from_flat(settings, base)


def read_toml(source: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises `BadKnob` if it is none."""
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BadKnob(f"this is not TOML: {error}") from None


def refusal(choice: Any, config: Config) -> str | None:
    """Why a choice cannot be played beside the others of this config, in one sentence, or None."""
    return choice.refuses(config) if hasattr(choice, "refuses") else None


def live(config: Config, address: str) -> bool:
    """Whether a change at this address of this config acts from the next iteration, without a restart."""
    if address in ROLES:
        return address in LIVE_ROLES or getattr(getattr(config, address), "swaps", False)
    knob = find(config, address)
    return knob is not None and knob.live


def inherited(role: str, name: str, old: Any) -> dict[str, Any]:
    """The knob values that the choice of this name takes over from the one that it comes after."""
    choice = ROLES[role].find(name)
    return choice.inherits(old) if hasattr(choice, "inherits") else {}


def find(config: Config, address: str) -> Knob | None:
    """The knob at this address of a config, or None where the address names a role."""
    role, _, name = address.partition(".")
    owner = getattr(config, role) if role in ROLES else config
    return next((k for k in knobs(owner) if k.name == (name or role)), None)


def _made(role: str, name: str, values: dict[str, Any]) -> Any:
    try:
        return ROLES[role].make(name, **values)
    except BadKnob as error:
        raise BadKnob(f"{role}: {error}") from None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _lists(value: Any) -> Any:
    return [_lists(v) for v in value] if isinstance(value, tuple) else value

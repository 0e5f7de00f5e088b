"""A tape of one iteration: every operation that it runs on tensors, gradients and chance included, as they ran."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from gancore.train.engines.numbers import Book, Number

aten = torch.ops.aten
OFFSETS = 100_000  # seeds that one draw may be counted on by
MAKERS = {  # what they return depends on no tensor's contents
    aten.empty_like.default, aten.ones_like.default, aten.zeros_like.default, aten.full_like.default,
    aten.new_zeros.default, aten.new_ones.default, aten.new_full.default, aten.new_empty.default,
}  # fmt: skip


class Untaped(Exception):
    """This cannot be played from a tape; the message says why, in a few words for a person."""


@dataclass(frozen=True, eq=False)
class Step:
    """One operation as it ran. Its tensors are the very ones of the recording: where they lie, they are played again."""

    run: Any
    args: tuple
    options: dict
    made: tuple[Tensor | None, ...]  # by place; None where nothing was asked for
    fresh: bool  # it returned new tensors; otherwise it wrote into those that it was given


@dataclass(frozen=True, eq=False)
class Reseed:
    """A generator begins anew, from a number that was drawn on the way and counted on by `offset`."""

    generator: Generator
    seed: Tensor
    offset: int


class Recorder:
    """Records while it is entered, as a context. Of tensors it keeps all, so that none lends its place to another."""

    def __init__(self, inputs: Sequence[Tensor], streams: Sequence[Generator], book: Book):
        self.book = book
        self.kept: list[Any] = [*inputs, *streams]
        self.moving = {place(tensor) for tensor in inputs}  # storages whose contents change from iteration to iteration
        # By the seed that they began with, for Python may meet one generator as several objects: who draws on the tape.
        self.streams = {stream.initial_seed(): stream for stream in streams}
        self.passing: dict[int, Generator] = {}
        self.steps: list[Step | Reseed] = []
        self.known: dict[Any, Step] = {}  # by what they are
        self.same: dict[int, Tensor] = {}  # storages of what was made twice, with what stands for them
        self.seeds: dict[int, Tensor] = {}  # by their value, the tensors that seeds were read from
        self.counted: dict[int, Number] = {}  # by storage, tensors of one number that Python reads

    def __enter__(self) -> Recorder:
        self.stack = ExitStack()
        self.stack.enter_context(_Names(self))
        self.stack.enter_context(_Operations(self))
        return self

    def __exit__(self, *problem):
        self.stack.close()

    def count(self, tensor: Tensor, number: Number) -> None:
        """Says what Python reads from a tensor of one number, so that its arithmetic can be followed."""
        self.counted[place(tensor)] = number

    def operation(self, func, args: tuple, options: dict):
        tags, schema = func.tags, func._schema
        if torch.Tag.data_dependent_output in tags or (
            torch.Tag.dynamic_output_shape in tags and not whole(func, args)
        ):
            raise Untaped("its way depends on what it is given")
        random = torch.Tag.nondeterministic_seeded in tags
        if random:
            drawn = options.get("generator") or torch.default_generator
            options = self.seeded(func, options)
        made = func(*args, **options)
        if random and options["generator"].initial_seed() in self.passing:
            drawn.set_state(options["generator"].get_state())
        returned = tuple(x for x in tree_leaves(made) if isinstance(x, Tensor))
        self.kept.append((args, options, returned))
        given = [x for x in tree_leaves((args, options)) if isinstance(x, Tensor)]
        named = dict(zip((argument.name for argument in schema.arguments), args)) | options
        writes = [named.get(a.name) for a in schema.arguments if a.alias_info and a.alias_info.is_write]
        written = [x for x in tree_leaves(writes) if isinstance(x, Tensor)]
        numbers = any(self.number(x) is not None for x in tree_leaves((args, options)) if type(x) is float)
        follows = random or numbers or (func not in MAKERS and any(place(x) in self.moving for x in given))
        if not (follows or any(place(x) in self.moving for x in written)):
            return made
        self.forget({place(x) for x in written})
        places = {place(x) for x in given}
        if not written and all(place(x) in places for x in returned):
            self.read(func, args, returned)
            return made  # a view: it stays where its tensor is
        self.moving |= {place(x) for x in (*returned, *written)}
        args, options = tree_map(self.held, args), tree_map(self.held, options)
        every = () if made is None else made if isinstance(made, (tuple, list)) else (made,)
        if len(every) != len(schema.returns):
            raise Untaped("it returns lists of tensors")
        every = tuple(x.detach() if isinstance(x, Tensor) else None for x in every)
        step = Step(func, args, options, every, not written)
        if random or written or func in MAKERS or func is aten.clone.default:  # a copy is made to be written to
            self.steps.append(step)
        else:
            self.once(step)
        self.read(func, args, returned)
        return made

    def once(self, step: Step) -> None:
        """Equal operations on equal tensors are one, as long as nobody writes to what they read or made."""
        key = (step.run, repr(tree_map(look, step.args)), repr(tree_map(look, step.options)))
        if key not in self.known:
            self.known[key] = step
            self.steps.append(step)
        else:
            self.same |= {place(new): old for new, old in zip(step.made, self.known[key].made) if new is not None}

    def forget(self, written: set[int]) -> None:
        """What was made from these places, or lies in them, is made anew if it is asked for again."""
        if written:
            touched = {
                key: {place(x) for x in tree_leaves((step.args, step.options, step.made)) if isinstance(x, Tensor)}
                for key, step in self.known.items()
            }
            self.known = {key: step for key, step in self.known.items() if not touched[key] & written}

    def held(self, value: Any) -> Any:
        """An argument as the tape keeps it."""
        if not isinstance(value, Tensor):
            number = self.number(value) if type(value) is float else None
            return value if number is None else number
        old = self.same.get(place(value))
        if old is None:
            return value.detach()
        return old.new_empty(0).set_(old.untyped_storage(), value.storage_offset(), value.shape, value.stride())

    def number(self, value: float) -> Number | None:
        return self.book.find(value)

    def read(self, func, args, returned) -> None:
        """Follows a counter that goes on: a tensor of one number plus a constant."""
        if (
            func is aten.add.Tensor
            and isinstance(args[0], Tensor)
            and place(args[0]) in self.counted
            and returned[0].dim() == 0
        ):
            self.counted[place(returned[0])] = self.counted[place(args[0])] + args[1]

    def seeded(self, func, options: dict) -> dict:
        """The options with the generator that draws on the tape: a stream of the state, or one that begins on the way."""
        if not any(argument.name == "generator" for argument in func._schema.arguments):
            raise Untaped("it draws random numbers that no generator can be named for")
        given = options.get("generator") or torch.default_generator
        seed = given.initial_seed()
        if seed in self.streams:
            return options | {"generator": self.streams[seed]}
        if torch.equal(given.get_state(), torch.Generator().manual_seed(seed).get_state()):
            self.begin(seed)
        if seed not in self.passing:
            raise Untaped("it draws from a generator that was there before")
        return options | {"generator": self.passing[seed]}

    def begin(self, seed: int) -> None:
        value, tensor = next(((v, t) for v, t in self.seeds.items() if 0 <= seed - v < OFFSETS), (None, None))
        if tensor is None:
            raise Untaped("it draws random numbers from a seed that nobody drew")
        self.passing[seed] = torch.Generator().manual_seed(seed)
        self.kept.append(self.passing[seed])
        self.steps.append(Reseed(self.passing[seed], tensor, seed - value))


class _Names(TorchFunctionMode):
    """Sees what Python hands to torch, before numbers lose their names."""

    def __init__(self, recorder: Recorder):
        super().__init__()
        self.recorder = recorder

    def __torch_function__(self, func, types, args=(), kwargs=None):
        recorder, options = self.recorder, kwargs or {}
        for value in tree_leaves((args, options)):
            if isinstance(value, Number):
                recorder.book.used[float.__float__(value)] = value
        if func is Tensor.item and place(args[0]) in recorder.counted:
            return recorder.counted[place(args[0])]
        result = func(*args, **options)
        if func in (Tensor.__int__, Tensor.item) and place(args[0]) in recorder.moving:
            recorder.seeds[int(result)] = args[0].detach()
        return result


class _Operations(TorchDispatchMode):
    """Sees what runs below autograd."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled in here. Saying otherwise, as modes do, loads the compiler: a second and 70 MB."""
        return False

    def __init__(self, recorder: Recorder):
        super().__init__()
        self.recorder = recorder

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is aten._local_scalar_dense.default:
            # Only whole numbers of 64 bits are read: seeds. Whatever else is read decides on the way.
            if args[0].dtype is torch.int64 or place(args[0]) not in self.recorder.moving:
                return func(*args)
            raise Untaped("its way depends on what it is given")
        return self.recorder.operation(func, args, kwargs or {})


def whole(func, args: tuple) -> bool:
    """Whether this looks up places by their numbers: as many come as were asked for."""
    return func is aten.index.Tensor and all(at is None or at.dtype is torch.int64 for at in args[1])


def place(tensor: Tensor) -> int:
    """Which storage a tensor lies in, while that is kept."""
    return tensor.untyped_storage()._cdata


def look(value: Any) -> Any:
    """Where a tensor lies and how, or what a number is: equal for equal arguments."""
    if isinstance(value, Tensor):
        return place(value), value.storage_offset(), tuple(value.shape), value.stride(), str(value.dtype)
    return value.formula if isinstance(value, Number) else value


def bits(x: Tensor) -> Tensor:
    """The bytes of a tensor, in order: equal for numbers that are no two ways of saying the same."""
    return x.reshape(-1).contiguous().view(torch.uint8)

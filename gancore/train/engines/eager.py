"""The plain engine: one iteration after another, as the moves have it. Every faster one has to give the same bits."""

from __future__ import annotations

import torch
from torch import Tensor

from gancore.config import Config
from gancore.game.game import Game
from gancore.train.moves import Moves
from gancore.train.state import State


class Eager:
    """What every engine offers: `play`, and `told`, what a page says of it."""

    told = "eager"

    def __init__(self, game: Game, config: Config):
        self.game, self.moves = game, Moves(game, config)

    def turn(self, config: Config) -> None:
        """Goes on by other rules; the game has taken them over already."""
        self.moves = Moves(self.game, config)

    def play(self, state: State, n: int) -> tuple[State, Tensor]:
        """`n` iterations: the new state and their scalars (n, 6). Of `state` only the generators go on."""
        rows = []
        for _ in range(n):
            state, seen = self.moves.play(state)
            rows.append(seen)
        return state, torch.stack(rows)

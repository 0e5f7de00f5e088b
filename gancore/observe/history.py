"""The past of a run's numbers in bounded memory: lines that keep every peak, however many iterations went by."""

from __future__ import annotations

import numpy as np

RECENT = 300  # iterations that are kept as they came
CHUNK = 1 << 16  # iterations taken in at a time, so that a huge block needs little memory beside its own


class History:
    """Scalars of every iteration: buckets of w iterations each, of which the smallest and the largest value stay.

    When all buckets are full, pairs merge and w doubles: memory stays flat, the bucket of an iteration depends only on
    how many came so far, never on how they were cut into blocks. Values that are not finite leave a gap of their own
    while w is 1; later a gap shows where a whole bucket has none that is finite. Used by one thread.
    """

    def __init__(self, names: tuple[str, ...], buckets: int = 512):
        if buckets < 2 or buckets % 2:
            raise ValueError(f"buckets = {buckets} cannot be merged in pairs: give an even number from 2")
        self.names = tuple(names)
        self._column = {name: i for i, name in enumerate(self.names)}
        self._buckets, self._width = buckets, 1
        shape = (buckets, len(self.names))
        # Smallest and largest finite value and the iteration of each; an infinite "smallest" marks an empty bucket.
        self._low, self._low_at = np.full(shape, np.inf, np.float32), np.zeros(shape, np.int64)
        self._high, self._high_at = np.full(shape, -np.inf, np.float32), np.zeros(shape, np.int64)
        self._first = self._count = 0
        self._waiting: list[np.ndarray] = []  # blocks that came since the lines were last read
        self._came = 0  # iterations, with those that wait
        self._newest = np.full(len(self.names), np.nan, np.float32)
        self._recent = np.empty((0, len(self.names)), np.float32)
        self._lines: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        """Iterations that came so far."""
        return self._came

    @property
    def last_iteration(self) -> int:
        """The last one that came, -1 before the first."""
        return self._first + self._came - 1

    def append(self, block: np.ndarray, first_iteration: int) -> None:
        """Takes in `block` (n, names), one row per iteration; `first_iteration` has to follow the last one."""
        if block.ndim != 2 or block.shape[1] != len(self.names):
            raise ValueError(
                f"a block of shape {block.shape} came: give (n, {len(self.names)}) for {', '.join(self.names)}"
            )
        if self._came and first_iteration != self._first + self._came:
            raise ValueError(f"iteration {first_iteration} came: the next one is {self._first + self._came}")
        if len(block) == 0:
            return
        if self._came == 0:
            self._first = int(first_iteration)
        self._waiting.append(np.array(block, np.float32))
        self._came += len(block)
        if self._came - self._count >= CHUNK:
            self._catch_up()

    def _catch_up(self) -> None:
        """Takes in what waits."""
        if self._waiting:
            block, self._waiting, self._lines = np.concatenate(self._waiting), [], {}
            for start in range(0, len(block), CHUNK):
                self._take(block[start : start + CHUNK])
            self._newest = block[-1].copy()
            self._recent = np.concatenate([self._recent, block[-RECENT:]])[-RECENT:]

    def read(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Iterations (m,) float64 and values (m,) float32 of a line through all that stayed, in order of time.

        Every point is a value that was, at the iteration where it was; NaN is a gap. m is the number of iterations
        while each has a bucket of its own, then twice the buckets in use: at most twice `buckets`.
        """
        return self.read_all()[name]

    def read_all(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """`read` of every name; computed once between two appends, so do not write into the arrays."""
        self._catch_up()
        if not self._lines:
            self._lines = self._draw()
        return self._lines

    def last(self, name: str) -> float:
        """The newest value as it came, finite or not; NaN before the first."""
        self._catch_up()
        return float(self._newest[self._column[name]])

    def recent(self, *names: str) -> np.ndarray:
        """The last iterations as they came, one row each, at most `RECENT`: (m, len(names)) float32."""
        self._catch_up()
        return self._recent[:, [self._column[name] for name in names]]

    def time_range(self) -> list[float]:
        """`[0, upper]` for the time axis, see `upper`."""
        return [0.0, upper(self.last_iteration)]

    def _take(self, block: np.ndarray) -> None:
        while self._count + len(block) > self._buckets * self._width:
            self._merge()
        width, rest = self._width, len(block)
        # The unfinished bucket first, then as many whole ones as there are, then the next unfinished one.
        head = min(rest, -self._count % width)
        body = (rest - head) // width * width
        for rows, size in (
            (block[:head], head),
            (block[head : head + body], width),
            (block[head + body :], rest - head - body),
        ):
            if len(rows):
                self._put(rows.reshape(-1, size, rows.shape[1]))

    def _put(self, rows: np.ndarray) -> None:
        """Takes in rows (m, size, names): the next values of m buckets following each other."""
        start, bucket = self._first + self._count, self._count // self._width
        into = slice(bucket, bucket + len(rows))
        begins = start + rows.shape[1] * np.arange(len(rows))[:, None]
        finite = np.isfinite(rows)
        for sign, value, at in ((1, self._low, self._low_at), (-1, self._high, self._high_at)):
            masked = np.where(finite, rows, np.float32(sign * np.inf))
            index = masked.argmin(axis=1) if sign > 0 else masked.argmax(axis=1)
            extreme = np.take_along_axis(masked, index[:, None], axis=1)[:, 0]
            better = sign * extreme < sign * value[into]
            value[into] = np.where(better, extreme, value[into])
            at[into] = np.where(better, begins + index, at[into])
        self._count += rows.shape[0] * rows.shape[1]

    def _merge(self) -> None:
        half = self._buckets // 2
        for sign, value, at in ((1, self._low, self._low_at), (-1, self._high, self._high_at)):
            later = sign * value[1::2] < sign * value[::2]
            value[:half], at[:half] = np.where(later, value[1::2], value[::2]), np.where(later, at[1::2], at[::2])
            value[half:] = sign * np.inf
        self._width *= 2

    def _draw(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        used = -(-self._count // self._width)
        low, high, low_at, high_at = (a[:used] for a in (self._low, self._high, self._low_at, self._high_at))
        empty = np.isinf(low)
        begins = (self._first + self._width * np.arange(used))[:, None]
        falls = high_at < low_at
        y = np.where(empty, np.float32(np.nan), np.stack((np.where(falls, high, low), np.where(falls, low, high))))
        x = np.where(empty, begins, np.stack((np.minimum(low_at, high_at), np.maximum(low_at, high_at)))).astype(
            np.float64
        )
        if self._width == 1:  # minimum and maximum are one and the same value
            x, y = x[:1], y[:1]
        # (1 or 2, used, names) -> one contiguous row per name
        x, y = (np.ascontiguousarray(a.transpose(2, 1, 0)).reshape(len(self.names), -1) for a in (x, y))
        return {name: (x[i], y[i]) for i, name in enumerate(self.names)}


class Samples:
    """Values measured now and then, once per frame say, in bounded memory: when full, every second one goes.

    What stays is evenly thinned over the whole run, plus the newest. Used by one thread.
    """

    def __init__(self, names: tuple[str, ...], limit: int = 1024):
        self.names = tuple(names)
        self._column = {name: i for i, name in enumerate(self.names)}
        self._limit = limit - limit % 2
        self._iterations = np.zeros(self._limit + 1, np.float64)
        self._values = np.full((self._limit + 1, len(self.names)), np.nan, np.float32)
        self._kept, self._stride = 0, 1  # row `_kept` holds the newest while that is not one to keep
        self._seen, self._size = 0, 0

    def __len__(self) -> int:
        """Points that `read` returns: at most `limit` + 1."""
        return self._size

    def append(self, iteration: int, values: dict[str, float]) -> None:
        """Takes in what was measured at `iteration`; a name left out is a gap, measuring it again replaces it."""
        if self._size and iteration < self._iterations[self._size - 1]:
            raise ValueError(
                f"iteration {iteration} came after {self._iterations[self._size - 1]:.0f}: time only goes forward"
            )
        again = self._size > 0 and iteration == self._iterations[self._size - 1]
        row = self._size - 1 if again else self._kept
        self._iterations[row] = iteration
        self._values[row] = [values.get(name, np.nan) for name in self.names]
        if not again:
            self._kept += self._seen % self._stride == 0
            self._seen, self._size = self._seen + 1, row + 1
            if self._kept == self._limit:
                self._thin()

    def read(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Iterations (m,) float64 and values (m,) float32, where what is not finite is NaN, a gap."""
        y = self._values[: self._size, self._column[name]]
        return self._iterations[: self._size].copy(), np.where(np.isfinite(y), y, np.float32(np.nan))

    def last(self, name: str) -> float:
        """The newest value as it came; NaN before the first."""
        return float(self._values[self._size - 1, self._column[name]]) if self._size else float("nan")

    def recent(self, *names: str) -> np.ndarray:
        """The last iterations as they came, one row each, at most `RECENT`: (m, len(names)) float32."""
        return self._recent[:, [self._column[name] for name in names]]

    def time_range(self) -> list[float]:
        """`[0, upper]` for the time axis, see `upper`."""
        return [0.0, upper(self._iterations[self._size - 1] if self._size else 0)]

    def _thin(self) -> None:
        half = self._limit // 2
        for array in (self._iterations, self._values):
            newest = array[self._limit - 1].copy()
            array[:half] = array[: self._limit : 2].copy()
            array[half] = newest
        self._kept, self._stride, self._size = half, 2 * self._stride, half + 1


def upper(iteration: float) -> float:
    """The first of 100, 200, 500, 1000, ... not below `iteration`: axes that grow in steps do not jump each frame."""
    ten = 100.0
    while True:
        for step in (1, 2, 5):
            if iteration <= step * ten:
                return step * ten
        ten *= 10

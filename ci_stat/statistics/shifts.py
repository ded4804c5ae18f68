"""Change points of durations: where the level of a series shifted. Many series at once.

The method of Hunter (Apache Otava): each window of 50 values is split by E-divisive, as long as a
t-test calls both sides different; then the weakest splits are merged, until all that remain are
significant and large. Source: M. Fleming et al., Hunter: Using change point detection to hunt for
performance regressions, ICPE 2023; E-divisive: D. S. Matteson and N. A. James, JASA 109 (2014).

It works on logarithms, so that a change is a ratio, and one slow run does not hide it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import expm1, log1p

import numpy as np
from numpy.typing import NDArray

from ci_stat.statistics.student import critical_t, t_value, two_sided_p

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW = 50
SPLIT_LEVEL = 0.01
MERGE_LEVEL = 0.001
MIN_CHANGE = 0.05
MIN_SIDE = 3  # values: fewer may be chance
_CELLS = 250_000  # distances at once: they fit into the cache of a core


@dataclass(frozen=True, slots=True)
class Shift:
    """A change point of a series.

    - `position`: the first value of the new level.
    - `change`: of the geometric mean, from the previous level to the new one; 0.1 is 10 % more.
    - `p_value`: of the t-test between both levels.
    - `before`, `after`: the geometric means.
    """

    position: int
    change: float
    p_value: float
    before: float
    after: float


def shifts(all_series: Sequence[Floats]) -> list[list[Shift]]:
    """Return the shifts of each series of positive values, in the order of positions."""
    logs = [np.log(series) for series in all_series]
    candidates = _split([len(series) for series in all_series], np.concatenate([[], *logs]))
    return [_merged(values, places) for values, places in zip(logs, candidates, strict=True)]


def shift_at(series: Floats, position: int) -> Shift:
    """Return what a shift at this position of a series of positive values would be."""
    test = _test(_Prefixes.of(np.log(series)), [position], 0)
    return _shift(position, test)


# Split


def _split(lengths: Sequence[int], values: Floats) -> list[list[int]]:
    """The weak change points of each series. `values`: of all series in turn."""
    points: list[set[int]] = [set() for _ in lengths]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    owners, begins, sizes = _windows(np.asarray(lengths, np.int64), offsets)
    while len(owners):
        splits = _best_splits(values, begins, sizes)
        is_split = splits > 0
        owners, begins, sizes, splits = (
            column[is_split] for column in (owners, begins, sizes, splits)
        )
        places = begins + splits - offsets[owners]
        for owner, place in zip(owners.tolist(), places.tolist(), strict=True):
            points[owner].add(place)
        owners = np.concatenate((owners, owners))
        begins, sizes = (
            np.concatenate((begins, begins + splits)),
            np.concatenate((splits, sizes - splits)),
        )
    return [sorted(places) for places in points]


def _windows(lengths: Ints, offsets: Ints) -> tuple[Ints, Ints, Ints]:
    """Windows that overlap by half: the series of each, its begin in all values, its length."""
    owners, begins, sizes = [], [], []
    for owner, length in enumerate(lengths.tolist()):
        last = max(0, length - WINDOW)
        places = [*range(0, last, WINDOW // 2), last]
        owners += [owner] * len(places)
        begins += [int(offsets[owner]) + place for place in places]
        sizes += [min(WINDOW, length)] * len(places)
    return np.array(owners, np.int64), np.array(begins, np.int64), np.array(sizes, np.int64)


def _best_splits(values: Floats, begins: Ints, sizes: Ints) -> Ints:
    """For each part of the values, the size of its left side; 0 if it is not to be split."""
    splits = np.zeros(len(begins), np.int64)
    for size in np.unique(sizes).tolist():
        if size < 2 * MIN_SIDE:
            continue
        chosen = np.flatnonzero(sizes == size)
        step = max(1, _CELLS // (size * size))
        for at in range(0, len(chosen), step):
            some = chosen[at : at + step]
            windows = values[begins[some][:, None] + np.arange(size)]
            splits[some] = _significant_splits(windows)
    return splits


def _significant_splits(windows: Floats) -> Ints:
    """One row a window: its most divisive place; 0 if a t-test calls both sides alike."""
    size = windows.shape[1]
    places = np.arange(MIN_SIDE, size - MIN_SIDE + 1)
    best = places[np.argmax(divergence(windows)[:, places], axis=1)]
    t_values = np.abs(_t_at(windows, best))
    return np.where(t_values > critical_t(SPLIT_LEVEL, size - 2), best, 0)


def divergence(windows: Floats) -> Floats:
    """The energy statistic of E-divisive between the values before each place and the others."""
    rows = windows.astype(np.float32)
    size = rows.shape[1]
    distances = np.abs(rows[:, :, None] - rows[:, None, :])
    to_earlier = np.einsum("wij,ij->wi", distances, np.tri(size, k=-1, dtype=np.float32))
    to_all = distances.sum(axis=2)

    within_left = _sums_before(2 * to_earlier)
    across = _sums_before(to_all) - within_left
    within_right = to_all.sum(axis=1, dtype=np.float64)[:, None] - within_left - 2 * across
    left = np.arange(size, dtype=np.float64)
    right = size - left
    with np.errstate(divide="ignore", invalid="ignore"):
        energy = (
            2 * across / (left * right)
            - within_left / (left * (left - 1))
            - within_right / (right * (right - 1))
        )
    return np.asarray(left * right / size * energy, np.float64)


def _sums_before(columns: NDArray[np.float32]) -> Floats:
    """The sum of the values before each place of a row."""
    sums = np.cumsum(columns, axis=1, dtype=np.float64)
    return np.concatenate((np.zeros((len(columns), 1)), sums[:, :-1]), axis=1)


def _t_at(windows: Floats, places: Ints) -> Floats:
    """The t statistic between both sides of a place in each row."""
    size = windows.shape[1]
    is_left = np.arange(size) < places[:, None]
    sizes = (places.astype(np.float64), (size - places).astype(np.float64))
    sides = (is_left, ~is_left)
    means = [
        (windows * side).sum(axis=1) / number for side, number in zip(sides, sizes, strict=True)
    ]
    squares = [
        (((windows - mean[:, None]) * side) ** 2).sum(axis=1)
        for side, mean in zip(sides, means, strict=True)
    ]
    return t_value(sizes, (means[0], means[1]), (squares[0], squares[1]))


# Merge


def _merged(values: Floats, places: list[int]) -> list[Shift]:
    """The change points that remain when the weakest are removed one by one."""
    if not places:
        return []
    sums = _Prefixes.of(values)
    places = list(places)
    tests = list(_tests(sums, places))
    while places:
        weakest = max(range(len(places)), key=lambda at: tests[at].p_value)
        if tests[weakest].p_value < MERGE_LEVEL:
            weakest = min(range(len(places)), key=lambda at: tests[at].magnitude)
            if tests[weakest].magnitude >= log1p(MIN_CHANGE):
                break
        del places[weakest], tests[weakest]
        for at in (weakest - 1, weakest):
            if 0 <= at < len(places):
                tests[at] = _test(sums, places, at)
    places = _sharpened(values, places)
    return [_shift(place, test) for place, test in zip(places, _tests(sums, places), strict=True)]


def _sharpened(values: Floats, places: list[int]) -> list[int]:
    """Move each change point to where both sides vary least: E-divisive misses it by some values.

    That is the most likely place of a shift in normal noise.
    """
    sharp = list(places)
    for at, place in enumerate(places):
        begin = sharp[at - 1] if at else 0
        end = places[at + 1] if at + 1 < len(places) else len(values)
        sizes = np.arange(1, end - begin)
        sums = np.cumsum(values[begin:end] - values[begin:end].mean())[:-1]
        # The sum of all is 0, so this is the variance between both sides.
        between = sums**2 * (1 / sizes + 1 / sizes[::-1])
        inner = slice(MIN_SIDE - 1, len(sizes) - MIN_SIDE + 1)
        best = np.argmax(between[inner]) if len(between[inner]) else place - begin - MIN_SIDE
        sharp[at] = begin + MIN_SIDE + int(best)
    return sharp


@dataclass(frozen=True, slots=True)
class _Test:
    """The test of a change point. `before`, `after`: means of logarithms."""

    p_value: float
    before: float
    after: float

    @property
    def magnitude(self) -> float:
        """The change as a logarithm: a halved level is as large a change as a doubled one."""
        return abs(self.after - self.before)

    @property
    def levels(self) -> tuple[float, float]:
        return float(np.exp(self.before)), float(np.exp(self.after))


def _shift(position: int, test: _Test) -> Shift:
    return Shift(position, expm1(test.after - test.before), test.p_value, *test.levels)


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """Sums of the first values of a series, and of their squares, around `center`."""

    center: float
    sums: list[float]
    squares: list[float]

    @classmethod
    def of(cls, values: Floats) -> "_Prefixes":
        center = float(np.median(values)) if len(values) else 0.0
        centered = values - center
        columns = (np.cumsum(centered), np.cumsum(centered**2))
        return cls(center, *([0.0, *column.tolist()] for column in columns))

    def side(self, begin: int, end: int) -> tuple[int, float, float]:
        """Size, mean around the center, and sum of squared distances from the mean."""
        size = end - begin
        mean = (self.sums[end] - self.sums[begin]) / size
        squares = self.squares[end] - self.squares[begin] - size * mean * mean
        return size, mean, max(0.0, squares)


def _tests(sums: _Prefixes, places: list[int]) -> Iterator[_Test]:
    return (_test(sums, places, at) for at in range(len(places)))


def _test(sums: _Prefixes, places: list[int], at: int) -> _Test:
    """Test the change point between its neighbours."""
    begin = places[at - 1] if at else 0
    end = places[at + 1] if at + 1 < len(places) else len(sums.sums) - 1
    size, mean, squares = sums.side(begin, places[at])
    other_size, other_mean, other_squares = sums.side(places[at], end)
    freedom = size + other_size - 2
    distance = other_mean - mean
    variance = (squares + other_squares) / freedom * (1 / size + 1 / other_size) if freedom else 0
    # Rounding leaves a trace of variance in equal values.
    is_constant = variance <= 1e-20 * max(1.0, distance * distance)
    if is_constant:
        p_value = 1.0 if abs(distance) < 1e-9 or freedom < 1 else 0.0
    else:
        p_value = two_sided_p(distance / variance**0.5, freedom)
    return _Test(p_value, sums.center + mean, sums.center + other_mean)

"""Simulated breakages: which commit broke a test, how often it fails, and each of its outcomes.

The outcome of the n-th run at a place is the same for each contender, in whatever order it runs.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

PAIRS = ((0.0, 1.0), (0.0, 0.1), (0.05, 0.5), (0.2, 0.8), (0.1, 0.3))
"""Failure rates before and after the culprit."""
STEADY = (0.0, 0.05, 0.2, 0.5, 1.0)
"""Failure rates where there is no culprit."""
SIZES = (2, 8, 32, 128, 1024)
_TOUCHING = 0.6  # culprits that touch a clue
_TOUCHING_TOO = 0.05  # others that do
CLUE_WEIGHT = 8.0


@dataclass(frozen=True)
class Scenario:
    """Breakages of one kind. `rates`: before and after; None if there is no culprit."""

    size: int
    rates: tuple[float, float] | None
    has_clues: bool = False

    @property
    def name(self) -> str:
        kind = "no culprit" if self.rates is None else f"{self.rates[0]:g} to {self.rates[1]:g}"
        return f"{kind}, {self.size:,} commits{', clues' if self.has_clues else ''}"


@dataclass
class History:
    """One breakage. `culprit`: a place from 1, or 0. `weights`: of the suspects."""

    seed: int
    size: int
    culprit: int
    before: float
    after: float
    weights: list[float]
    _places: dict[int, random.Random] = field(default_factory=dict)
    _outcomes: dict[int, list[bool]] = field(default_factory=dict)

    def fails(self, place: int, attempt: int) -> bool:
        """Whether this run at a place fails, the first one being attempt 0."""
        outcomes = self._outcomes.setdefault(place, [])
        while len(outcomes) <= attempt:
            generator = self._places.get(place)
            if generator is None:
                generator = self._places[place] = random.Random(self.seed * 100_003 + place)
            outcomes.append(generator.random() < self._rate(place))
        return outcomes[attempt]

    def _rate(self, place: int) -> float:
        return self.after if self.culprit and place >= self.culprit else self.before


class Runs:
    """The runs of one contender: counts the attempts at each place."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._attempts: dict[int, int] = {}
        self.count = 0

    def fails(self, place: int) -> bool:
        attempt = self._attempts.get(place, 0)
        self._attempts[place] = attempt + 1
        self.count += 1
        return self._history.fails(place, attempt)


def histories(scenario: Scenario, seeds: range) -> Iterator[History]:
    """A breakage for each seed."""
    for seed in seeds:
        generator = random.Random(f"{scenario.name} {seed}")
        culprit = generator.randint(1, scenario.size) if scenario.rates else 0
        rates = scenario.rates or (STEADY[seed % len(STEADY)],) * 2
        weights = [_weight(generator, place == culprit) for place in range(1, scenario.size + 1)]
        yield History(
            seed,
            scenario.size,
            culprit,
            *rates,
            weights if scenario.has_clues else [1.0] * scenario.size,
        )


def _weight(generator: random.Random, is_culprit: bool) -> float:
    is_touching = generator.random() < (_TOUCHING if is_culprit else _TOUCHING_TOO)
    return CLUE_WEIGHT if is_touching else 1.0

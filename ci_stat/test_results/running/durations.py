"""How long files, classes and packages take, from the history of their tests."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ci_stat.failures.case_identity import dotted
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import ResultsReader, StoredCase

RUNS = 20  # newest runs whose durations count
_SUFFIX = re.compile(r"\.[A-Za-z]{1,6}$")


class Durations:
    """Expected seconds of places: files, classes, packages. Empty without a history."""

    def __init__(self, cases: Iterable[tuple[StoredCase, float]] = ()) -> None:
        """`cases`: tests with their usual seconds."""
        self._files: dict[str, float] = defaultdict(float)
        self._classes: dict[str, float] = defaultdict(float)
        for case, seconds in cases:
            if case.file:
                self._files[_slashed(case.file)] += seconds
            for place in _outer_places(dotted(case.class_name)):
                self._classes[place] += seconds
            if not case.class_name:
                self._classes[case.suite] += seconds

    def __bool__(self) -> bool:
        return bool(self._files or self._classes)

    def of(self, units: Iterable[str]) -> dict[str, float]:
        """Return the seconds of those units that the history knows."""
        known = {unit: self._seconds(unit) for unit in units}
        return {unit: seconds for unit, seconds in known.items() if seconds is not None}

    def _seconds(self, unit: str) -> float | None:
        path = _slashed(unit)
        if path in self._files:
            return self._files[path]
        if unit in self._classes:
            return self._classes[unit]
        words = dotted(_SUFFIX.sub("", path).replace("/", ".")).strip(".").split(".")
        # A class does not name the folder of its sources: src/test/java/com/acme/FooTest.java.
        for begin in range(len(words)):
            place = ".".join(words[begin:])
            if place in self._classes:
                return self._classes[place]
        return None


def read_durations(
    engine: Engine, job: str | None = None, labels: Mapping[str, str] | None = None
) -> Durations:
    """Return the medians over the newest runs, of `job` and with `labels` if given.

    Raises DatabaseError.
    """
    reader = ResultsReader(engine)
    wanted = dict(labels or {}).items()
    runs = [run for run in reader.runs(job, RUNS) if wanted <= run.info.labels.items()]
    if not runs:
        return Durations()
    ends = read_ends(engine, runs)
    is_known = ends.is_finished & np.isfinite(ends.seconds)
    medians = _medians(ends.case[is_known], ends.seconds[is_known])
    cases = reader.cases(list(medians))
    return Durations((cases[number], seconds) for number, seconds in medians.items())


def _medians(cases: NDArray[np.int64], seconds: NDArray[np.float32]) -> dict[int, float]:
    order = np.argsort(cases, kind="stable")
    cases, seconds = cases[order], seconds[order]
    numbers, starts = np.unique(cases, return_index=True)
    groups = np.split(seconds, starts[1:])
    return {
        int(number): float(np.median(group)) for number, group in zip(numbers, groups, strict=False)
    }


def _outer_places(place: str) -> list[str]:
    """The place itself, and the modules and packages around it."""
    words = place.split(".") if place else []
    return [".".join(words[:end]) for end in range(1, len(words) + 1)]


def _slashed(path: str) -> str:
    return path.replace("\\", "/").removeprefix("./")

"""Folds variants of one test: its parameter sets, and the subtests of a Go test. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ci_stat.store.results.read import StoredCase
from ci_stat.test_results.flakiness.model import FlakyTest


@dataclass(frozen=True, slots=True)
class Folded:
    """Variants of one test in their order. `name`: of the test, without what distinguishes them."""

    name: str
    tests: tuple[FlakyTest, ...]

    @property
    def first(self) -> FlakyTest:
        return self.tests[0]


def folded(tests: Iterable[FlakyTest]) -> list[Folded]:
    """Fold tests; the first variant says where a test stands in the order."""
    variants: dict[tuple[str, str], list[FlakyTest]] = defaultdict(list)
    for test in tests:
        variants[_place(test.case), _base_name(test.case)].append(test)
    return [_folded(place, base, group) for (place, base), group in variants.items()]


def _folded(place: str, base: str, tests: list[FlakyTest]) -> Folded:
    if len(tests) == 1:
        return Folded(tests[0].case.full_name, tuple(tests))
    return Folded(f"{place} :: {base}" if place else base, tuple(tests))


def variant_name(case: StoredCase) -> str:
    """What tells a variant from the others: parameters, or the name of the subtest."""
    name = case.name + case.parameters
    return name.removeprefix(_base_name(case)) or name


def _place(case: StoredCase) -> str:
    return case.class_name or case.file or case.suite


def _base_name(case: StoredCase) -> str:
    is_go = case.name.startswith("Test") and "/" in case.name
    return case.name.partition("/")[0] if is_go else case.name

"""Folds failed tests by package: the beginning that the names of their classes share. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from ci_stat.errors import UnknownName
from ci_stat.escape import visible
from ci_stat.failures.case_identity import dotted
from ci_stat.rendering.format import plural
from ci_stat.store.results.read import StoredCase
from ci_stat.test_results.model import FailedTest, RunReport

MOST = 15  # packages: with more, shorter names are used
_NEAR = 5


@dataclass(frozen=True, slots=True)
class Package:
    """Failed tests of a package: all, those that failed for the first time, known flaky ones."""

    name: str
    failed: int
    new: int
    flaky: int


def package_of(case: StoredCase) -> str:
    """The class, else the file, else the suite of a test."""
    return dotted(case.class_name) or dotted(case.file) or case.suite


def folded(tests: Iterable[FailedTest], below: str = "") -> tuple[Package, ...]:
    """The packages with failed tests, most failed tests first.

    Their names are as long as possible with at most `MOST` packages; they begin with `below`.
    """
    listed = list(tests)
    paths = [_path(package_of(test.case)) for test in listed]
    depth = _depth(paths, len(_path(below)) if below else 0)
    names = ["".join(path[:depth]) for path in paths]
    failed = Counter(names)
    new = Counter(name for name, test in zip(names, listed, strict=True) if test.runs == 1)
    flaky = Counter(name for name, test in zip(names, listed, strict=True) if test.flaky_commits)
    ordered = sorted(failed, key=lambda name: (-failed[name], name))
    return tuple(Package(name, failed[name], new[name], flaky[name]) for name in ordered)


def _path(package: str) -> tuple[str, ...]:
    """The parts of a package, each but the first with the separator before it."""
    sign = "/" if "/" in package else "."
    first, *rest = package.split(sign)
    return (first, *(f"{sign}{part}" for part in rest))


def _depth(paths: Sequence[tuple[str, ...]], least: int) -> int:
    """The most parts with at most `MOST` different beginnings, or the fewest that are allowed."""
    longest = max(map(len, paths), default=0)
    depths = range(longest, least, -1)
    return next((depth for depth in depths if len({p[:depth] for p in paths}) <= MOST), least + 1)


def only_package(report: RunReport, package: str) -> RunReport:
    """The report with the failed and flaky tests of one package. Raises UnknownName."""
    wanted = dotted(package).rstrip("./")
    failed = [test for test in report.failed if is_below(test.case, wanted)]
    flaky = [case for case in report.flaky if is_below(case, wanted)]
    if not failed and not flaky:
        raise _unknown(report, package)
    return replace(report, failed=tuple(failed), flaky=tuple(flaky), package=wanted)


def is_below(case: StoredCase, package: str) -> bool:
    """Whether the test belongs to the package or to one in it."""
    name = package_of(case)
    return name == package or name.startswith((f"{package}.", f"{package}/"))


def _unknown(report: RunReport, package: str) -> UnknownName:
    names = [one.name for one in folded(report.failed)]
    whole = {package_of(test.case) for test in report.failed}
    similar = get_close_matches(package, [*names, *sorted(whole)], n=_NEAR, cutoff=0.5)
    shown = list(dict.fromkeys([*similar, *names]))[:_NEAR]
    count = plural(len(report.failed), "failed test")
    known = ", ".join(visible(name, 200) for name in shown if name)
    hint = f"Packages of {count}: {known}" if known else "No test failed in this run."
    return UnknownName(f"No failed test is in the package {visible(package, 200)!r}.", hint)

"""Tests with one name in several packages. Pure.

A key names the package only if tests of several packages with this name are among the failures that
are looked at: tables name no package, and most names have one.
"""

from collections import defaultdict
from collections.abc import Iterable

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKey
from ci_stat.result.fail_key import failure_key, is_case


def package_of(failure: CaseFailure) -> str:
    """Where a test is: its package, or its suite; "" if its source names neither."""
    return failure.package or failure.suite if is_case(failure) else ""


def key_in(key: FailureKey, package: str) -> FailureKey:
    """The key of a test of this package."""
    kind, name = key
    return (kind, f"{name} in {package}")


def named_in(name: str, package: str) -> str:
    """A test for people: `TestX in github.com/me/app/store`, or the name alone."""
    return f"{name} in {package}" if package else name


def same_package(one: str, other: str) -> bool:
    """Whether two tests of one name can be one test: a package that is unknown can be any."""
    return not one or not other or one == other


class FailureKeys:
    """The keys and names of failures that are looked at together."""

    def __init__(self, failures: Iterable[CaseFailure]) -> None:
        packages: dict[FailureKey, set[str]] = defaultdict(set)
        for failure in failures:
            package = package_of(failure)
            if package:
                packages[failure_key(failure)].add(package)
        self._ambiguous = {key for key, names in packages.items() if len(names) > 1}

    def package(self, failure: CaseFailure) -> str:
        """The package of a test if several packages have one of this name, else ""."""
        if not self._ambiguous or failure_key(failure) not in self._ambiguous:
            return ""
        return package_of(failure)

    def key(self, failure: CaseFailure) -> FailureKey:
        """What equal failures share."""
        key, package = failure_key(failure), self.package(failure)
        return key_in(key, package) if package else key

    def name(self, failure: CaseFailure) -> str:
        """The name for people: with the package if the name alone is ambiguous."""
        return named_in(case_key(failure.name), self.package(failure))

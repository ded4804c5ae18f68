"""Which failures a person means by the name of a case. Pure."""

from collections.abc import Iterable, Sequence

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, Run, Status
from ci_stat.result.packages import named_in, package_of

_SEPARATORS = (".", ":", "/", "#", "> ", "› ")  # between the parts of a test's name
IN_PACKAGE = " in "  # between a name and the package of its test, as lists show it


def name_part(wanted: str) -> str:
    """What was typed without the package: `TestX` of `TestX in github.com/me/app/store`."""
    return wanted.strip().rpartition(IN_PACKAGE)[0] or wanted.strip()


def is_named(failure: CaseFailure, wanted: str) -> bool:
    """Whether a person means this failure: by its name in any spelling, or by its fingerprint.

    The name may have a package: `TestX in github.com/me/app/store`.
    """
    name = wanted.strip()
    if not name:
        return False
    if case_key(failure.name) == case_key(name) or failure.fingerprint == name:
        return True
    package = package_of(failure)
    return bool(package) and named_in(case_key(failure.name), package) == name


def with_failure(runs: Iterable[Run], wanted: str) -> list[tuple[Run, CaseFailure]]:
    """The failed runs that have a failure of this name, and the failure as each has it."""
    seen = []
    for run in runs:
        own = (failure for failure in run.failures if is_named(failure, wanted))
        failure = next(own, None) if run.status == Status.FAILURE else None
        if failure is not None:
            seen.append((run, failure))
    return seen


def with_any_name(runs: Sequence[Run], names: Sequence[str]) -> list[tuple[Run, CaseFailure]]:
    """The failed runs of the first of these names that a failure has, as `with_failure`.

    If no failure has one, those of the only name that ends with one: `Suite.TestX` for `TestX`.
    """
    exact = _of_first(runs, names)
    return exact or _of_first(runs, _only_whole_name(runs, names))


def _of_first(runs: Sequence[Run], names: Sequence[str]) -> list[tuple[Run, CaseFailure]]:
    return next(filter(None, (with_failure(runs, name) for name in names)), [])


def _only_whole_name(runs: Sequence[Run], names: Sequence[str]) -> list[str]:
    """The only name of a failure that ends with one of these; else nothing."""
    endings = tuple(filter(None, map(name_part, names)))
    failed = [run for run in runs if run.status == Status.FAILURE]
    keys = {case_key(failure.name) for run in failed for failure in run.failures}
    whole = [key for key in keys if any(_ends_with_part(key, ending) for ending in endings)]
    return whole if len(whole) == 1 else []


def _ends_with_part(name: str, ending: str) -> bool:
    before = name.removesuffix(ending)
    return before != name and before.endswith(_SEPARATORS)


def packages_note(seen: Iterable[tuple[Run, CaseFailure]]) -> tuple[str, ...]:
    """A note if tests of several packages have the name, so that their runs are shown together."""
    packages = sorted({package_of(failure) for _, failure in seen} - {""})
    if len(packages) < 2:
        return ()
    listed = ", ".join(packages[:5]) + (", ..." if len(packages) > 5 else "")
    return (
        f"Tests of {len(packages)} packages have this name: {listed}. For one of them, write"
        f" NAME{IN_PACKAGE}PACKAGE.",
    )

"""Chooses the adapter of a command from its first words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath

from ci_stat.errors import UsageError
from ci_stat.test_results.running.runners.base import Runner, Setup
from ci_stat.test_results.running.runners.ctest import CTest
from ci_stat.test_results.running.runners.generic import Generic, Templates
from ci_stat.test_results.running.runners.go import GoTest
from ci_stat.test_results.running.runners.java import Gradle, Maven
from ci_stat.test_results.running.runners.jest import Jest
from ci_stat.test_results.running.runners.nextest import Nextest
from ci_stat.test_results.running.runners.pytest import Pytest

RUNNERS: dict[str, Callable[[Setup], Runner]] = {
    "pytest": Pytest,
    "go": GoTest,
    "gradle": Gradle,
    "maven": Maven,
    "jest": Jest,
    "nextest": Nextest,
    "ctest": CTest,
}
_PROGRAMS = {
    "pytest": "pytest",
    "py.test": "pytest",
    "gradle": "gradle",
    "gradlew": "gradle",
    "mvn": "maven",
    "mvnw": "maven",
    "mvnd": "maven",
    "jest": "jest",
    "ctest": "ctest",
}
_PAIRS = {("go", "test"): "go", ("cargo", "nextest"): "nextest", ("-m", "pytest"): "pytest"}
# Programs that run the program behind them.
_LAUNCHERS = frozenset(
    {
        *("uv", "poetry", "pipenv", "pdm", "hatch", "rye", "npx", "pnpm", "yarn"),
        *("bunx", "env", "nice", "time", "timeout", "xvfb-run", "run", "exec", "coverage"),
    }
)
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")


def choose(setup: Setup, templates: Templates, runner: str | None = None) -> Runner:
    """Return the adapter. `runner`: its name, if the user gave one. Raises UsageError."""
    if not setup.argv:
        raise UsageError("The command is missing.", "Write it behind --: -- pytest tests/")
    named, place = runner_of(setup.argv)
    name = runner or named
    setup = replace(setup, begin=place)
    if name is None or templates.results:
        return Generic(setup, templates)
    if name == "go" and "test" not in setup.argv:
        raise UsageError("The runner go needs `go test`.", "Write go test, or --results PATTERN.")
    return RUNNERS[name](setup)


def runner_of(argv: Sequence[str]) -> tuple[str | None, int]:
    """Return the runner that the first words name, and its place; None if they name none.

    >>> runner_of(["uv", "run", "pytest", "tests"]), runner_of(["./all.sh", "pytest"])
    (('pytest', 2), (None, 0))
    """
    has_launcher = False
    for place, word in enumerate(argv):
        program = PurePath(word).name
        pair = (program, argv[place + 1]) if place + 1 < len(argv) else None
        if pair in _PAIRS:
            return _PAIRS[pair], place + 1
        if program in _PROGRAMS:
            return _PROGRAMS[program], place
        is_launcher = program in _LAUNCHERS or _PYTHON.fullmatch(program) is not None
        is_its_argument = has_launcher and (word.startswith("-") or "=" in word or word.isdigit())
        if not is_launcher and not is_its_argument:
            return None, 0
        has_launcher = True
    return None, 0

"""What all runners have in common."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_stat.errors import UsageError
from ci_stat.records.case_results import CaseResult
from ci_stat.test_results.running.model import Invocation, Rerun, Unit

MAX_ARGUMENT = 100_000  # bytes of one argument; Linux allows 128 KiB
_REGEX = re.compile(r"([\\.^$*+?()\[\]{}|/])")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Setup:
    """The command of the user.

    - `folder`: where it runs.
    - `scratch`: an empty folder of the run.
    - `begin`: place of the runner in `argv`, behind programs that only start it.
    """

    argv: tuple[str, ...]
    folder: Path
    scratch: Path
    workers: int = 1
    begin: int = 0


class Runner:
    """A runner of tests: how it lists tests, where its results are, how it repeats some of them."""

    name = "command"
    shares_work = False
    """Whether the runner itself uses several workers. Then one shard has all tests."""

    unit_word = "file"
    """What a unit is called, for people."""

    early_ends: Collection[str] = ()
    """Options that let it leave tests out after a failure, without saying which."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def listing(self) -> Invocation | None:
        """Return the command that lists the tests; None if there is none."""
        return None

    def units(self, listing: Path) -> list[Unit]:
        """Return the units from the output of `listing`."""
        raise NotImplementedError

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        """Return the command that runs these units. None of them: all tests."""
        raise NotImplementedError

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        """Yield commands that run only these tests."""
        raise NotImplementedError

    def adjusted(self, case: CaseResult) -> CaseResult | None:
        """Return the case as it is meant, where the file says something else; None for a copy."""
        return case

    def missing(
        self, units: Sequence[Unit], cases: Sequence[CaseResult], finished: Path | None
    ) -> list[str]:
        """Return what is in `units` and was not reported. `finished`: see `Invocation`.

        By default, it is unknown which tests there are.
        """
        return []

    def place(self, name: str) -> Path:
        """Return the path of a file of this run."""
        return self.setup.scratch / name

    def with_arguments(self, *arguments: str) -> tuple[str, ...]:
        """Return the command with more arguments, before `--` if the runner has one."""
        argv, begin = self.setup.argv, self.setup.begin
        place = argv.index("--", begin) if "--" in argv[begin:] else len(argv)
        return (*argv[:place], *arguments, *argv[place:])

    def require_whole_runs(self) -> None:
        """Raise UsageError for an option that leaves tests out after a failure.

        A retry that passes would make such a run look green.
        """
        early = [word for word in self.setup.argv if word.split("=")[0] in self.early_ends]
        if early:
            raise UsageError(
                f"{early[0]} leaves tests out after a failure, so a retry could hide them.",
                f"Remove {early[0]}, or set --retries 0.",
            )


def has_option(argv: Sequence[str], *options: str) -> bool:
    """Whether the command has an option, as `-j 4`, `-j4`, `--jobs 4` or `--jobs=4`."""
    for word in argv:
        for option in options:
            is_short = not option.startswith("--") and re.fullmatch(rf"{option}=?\w+", word)
            if word == option or word.startswith(f"{option}=") or is_short:
                return True
    return False


def quoted_regex(text: str) -> str:
    """Return a regular expression of Go, JavaScript or CMake that matches the name.

    Readers of result files join spaces, so any space matches.
    """
    return _SPACE.sub(r"\\s+", _REGEX.sub(r"\\\1", text))


def batched(words: Sequence[str], limit: int = MAX_ARGUMENT) -> Iterator[list[str]]:
    """Divide words so that each part fits into one argument."""
    batch: list[str] = []
    size = 0
    for word in words:
        length = len(word.encode("utf-8", "surrogateescape")) + 3
        if batch and size + length > limit:
            yield batch
            batch, size = [], 0
        batch.append(word)
        size += length
    if batch:
        yield batch


def unique(words: Sequence[str]) -> list[str]:
    """The words without repetitions, in their order."""
    return list(dict.fromkeys(words))


def unsafe_reason(word: str) -> str:
    """Say why a name cannot be an argument of a command; "" if it can."""
    if "\0" in word:
        return "its name contains NUL"
    if word.startswith("-"):
        return "its name looks like an option"
    if len(word.encode("utf-8", "surrogateescape")) > MAX_ARGUMENT:
        return "its name is too long"
    return ""

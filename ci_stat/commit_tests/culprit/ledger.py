"""The file of a search: its question, and each observation, so that it can go on at any time.

A line of JSON for the question, then one for each observation, withdrawal and conclusion. A line is
on the disk before the search goes on; a line that a dying process left incomplete is cut off.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from ci_stat.commit_tests.culprit.clues import Clue
from ci_stat.commit_tests.culprit.model import (
    Conclusion,
    Observation,
    RateHistory,
    Rules,
)
from ci_stat.commit_tests.repository.locks import hold
from ci_stat.errors import NotFound, Refused, UsageError, WriteError
from ci_stat.escape import visible

VERSION = 1
SUFFIX = ".jsonl"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for.

    - `repository`: an address or a folder. `good`, `bad`: full SHAs.
    - `command`: an argv list, or a text for `sh -c`. `case`: the test case, if one is named.
    - `options`: how commits are run, as the command line and the settings said.
    - `history`: how often the test failed before and after the range.
    """

    repository: str
    good: str
    bad: str
    command: tuple[str, ...] | str
    case: str = ""
    rules: Rules = Rules()
    clues: tuple[Clue, ...] = ()
    weights: str = ""
    history: RateHistory = RateHistory()
    options: dict[str, str] = {}


class _Asked(msgspec.Struct, frozen=True, tag_field="line", tag="question"):
    version: int
    question: Question


class _Observed(msgspec.Struct, frozen=True, tag_field="line", tag="observation"):
    observation: Observation


class _Withdrawn(msgspec.Struct, frozen=True, tag_field="line", tag="withdrawn"):
    number: int


class _Concluded(msgspec.Struct, frozen=True, tag_field="line", tag="conclusion"):
    conclusion: Conclusion


_Line = _Asked | _Observed | _Withdrawn | _Concluded


class SearchFile:
    """A search as stored. `conclusion`: the last one, if it ended since the last observation."""

    def __init__(self, path: Path, question: Question) -> None:
        self.path = path
        self.question = question
        self.conclusion: Conclusion | None = None
        self._observations: dict[int, Observation] = {}
        self._withdrawn: list[Observation] = []
        self._last_number = 0

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(SUFFIX)

    @property
    def observations(self) -> tuple[Observation, ...]:
        return tuple(self._observations.values())

    @property
    def withdrawn(self) -> tuple[Observation, ...]:
        """The observations that were taken back."""
        return tuple(self._withdrawn)

    def new_number(self) -> int:
        """Return the number of the next observation."""
        self._last_number += 1
        return self._last_number

    def observe(self, observation: Observation) -> None:
        """Store an observation. Raises WriteError."""
        self._append(_Observed(observation))

    def withdraw(self, number: int) -> Observation:
        """Take an observation back, and return it. Raises UsageError."""
        observation = self._observations.get(number)
        if observation is None:
            raise UsageError(f"The search has no observation {number}.", _show(self.name))
        self._append(_Withdrawn(number))
        return observation

    def conclude(self, conclusion: Conclusion) -> None:
        """Store what the search concludes."""
        self._append(_Concluded(conclusion))

    def _append(self, line: _Line) -> None:
        with _write_errors(self.path), self.path.open("ab") as file:
            _write(file, line)
        self._apply(line)

    def _apply(self, line: _Line) -> None:
        if isinstance(line, _Concluded):
            self.conclusion = line.conclusion
            return
        self.conclusion = None
        if isinstance(line, _Observed):
            self._observations[line.observation.number] = line.observation
            self._last_number = max(self._last_number, line.observation.number)
        elif isinstance(line, _Withdrawn) and line.number in self._observations:
            self._withdrawn.append(self._observations.pop(line.number))

    @classmethod
    def create(cls, path: Path, question: Question) -> "SearchFile":
        """Begin a search. Raises Refused if the file exists, WriteError."""
        with _write_errors(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with path.open("xb") as file:
                    _write(file, _Asked(VERSION, question))
            except FileExistsError:
                hint = f"ci-stat culprit resume {path.name.removesuffix(SUFFIX)}"
                raise Refused(f"The search {path} exists already.", hint) from None
        return cls(path, question)

    @classmethod
    def open(cls, path: Path) -> "SearchFile":
        """Read a search. Raises NotFound, UsageError for a damaged file."""
        lines = _whole_lines(path)
        asked = _decoded(path, 1, lines[0]) if lines else None
        if not isinstance(asked, _Asked) or asked.version != VERSION:
            raise UsageError(f"{path} is no search of this version of ci_stat.", "Begin a new one.")
        search = cls(path, asked.question)
        for number, line in enumerate(lines[1:], 2):
            search._apply(_decoded(path, number, line))
        return search


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Hold the right to write a search during the block. Raises Refused if another process has it.

    Cuts off the line that a dying process left incomplete.
    """
    handle = hold(path.with_suffix(".lock"))
    if handle is None:
        raise Refused(
            f"Another process is at work on the search {path}.",
            "Wait until it ends, or end it; all runs that ended are kept.",
        )
    try:
        if path.exists():
            os.truncate(path, sum(len(line) + 1 for line in _whole_lines(path)))
        yield
    finally:
        os.close(handle)


def _whole_lines(path: Path) -> list[bytes]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"There is no search {path}.", "ci-stat culprit list") from None
    except OSError as error:
        raise WriteError(f"{path} cannot be read: {error.strerror}.") from None
    return content.split(b"\n")[:-1]


def _decoded(path: Path, number: int, line: bytes) -> _Line:
    try:
        decoded: _Line = msgspec.json.decode(line, type=_Line)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise UsageError(
            f"Line {number} of {path} is damaged: {visible(error, 200)}.",
            "Delete the line to go on without it.",
        ) from None
    return decoded


def _write(file: IO[bytes], line: _Line) -> None:
    file.write(msgspec.json.encode(line) + b"\n")
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}.") from None


def _show(name: str) -> str:
    return f"ci-stat culprit show {name} lists them."

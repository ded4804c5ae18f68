"""What went wrong in one run (`CaseFailure`), what a build log gave (`Extraction`), and since when (`Sighting`)."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

import msgspec


class FailureKind(StrEnum):
    """What sort of thing went wrong. The order is that of causes: what stands first can have broken what follows."""

    ENV = "env"  # machine, network, disk, memory, a service
    SETUP = "setup"  # checkout, tools, packages, configuration: before anything of the project was built
    COMPILE = "compile"  # compiler, linker, code generation
    CHECK = "check"  # linter, formatter, static check, a check of files
    CRASH = "crash"  # a process died: signal, core dump, abort
    PANIC = "panic"  # a language's own panic or unhandled exception, outside a case
    RACE = "race"  # data race
    LEAK = "leak"  # goroutine, memory or handle leak
    TIMEOUT = "timeout"  # a limit of time was hit
    CASE = "case"  # a test case failed
    BUILD = "build"  # a build tool says that a step failed, and not why
    UNKNOWN = "unknown"  # none of these; guesses mostly


class LogState(StrEnum):
    """What became of a failed run's log. Anything but READ is a reason of its own, never "no failure"."""

    NOT_READ = ""  # nobody looked: no log place is set, or the run did not fail
    READ = "read"
    CUT = "cut"  # the log ended before its end: found failures are a lower bound
    MISSING = "missing"
    UNREADABLE = "unreadable"  # no right to read it, or broken compressed data from the start
    TOO_OLD = "too old"  # the place has discarded it
    RUNNING = "still being written"
    TOO_BIG = "too big"  # more text than the limit allows, e.g. a decompression bomb
    REFUSED = "refused"  # the name leaves the folder, or the server said no
    UNREACHABLE = "unreachable"  # no answer, or errors of the server


class CaseFailure(msgspec.Struct, frozen=True, gc=False):
    """One failure of one run.

    - `kind`: one of `FailureKind`.
    - `name`: the case (or, for the other kinds, the problem) as its source spells it.
    - `message`: what it said, empty when the source keeps none.
    - `source`: where it was found: `log`, or `analysis_res`, which is a lower bound.
    - `suite`: suite, package or target; `file`, `line`: the place in the code; each where known (else "" and 0).
    - `first_line`, `last_line`: the excerpt's lines in the log, 1-based and inclusive; 0 when not from a log.
    - `excerpt`: the failing part as text, without colours and prefixes, cut.
    - `rule`: the rule that found it; `guess`: no rule spoke, this is the general answer.
    - `fingerprint`: `v1:` and 32 hex digits; equal means "same failure". Empty when not from a log.
    """

    kind: str
    name: str
    message: str = ""
    source: str = "analysis_res"
    suite: str = ""
    file: str = ""
    line: int = 0
    first_line: int = 0
    last_line: int = 0
    excerpt: str = ""
    rule: str = ""
    guess: bool = False
    fingerprint: str = ""


class Extraction(msgspec.Struct, frozen=True, gc=False):
    """What one log gave: its failures in causal order, how much was read, and why if it was not all of it."""

    state: str
    failures: tuple[CaseFailure, ...] = ()
    lines: int = 0
    bytes: int = 0
    detail: str = ""


FailureKey = tuple[str, str]
"""What makes two failures the same one: kind, and name or fingerprint."""


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """When one failure was seen: at first and at last, and the run it was first seen in.

    Times are naive, wall clock of the CI database's zone, whole seconds, as `ci_data.time`.
    """

    first_seen: datetime
    last_seen: datetime
    job: str
    number: int


def failures_of(analysis: object) -> Iterator[CaseFailure]:
    """The failures in a decoded `analysis_res`, both eras: an object of string arrays by kind.

    `compile` > `check` > `case` > `env`, as the writer ranks them; anything that is not of that shape is passed over.
    """
    if not isinstance(analysis, dict):
        return
    for kind in ANALYSIS_KINDS:
        names = analysis.get(kind)
        if isinstance(names, list):
            yield from (
                CaseFailure(kind.value, name) for name in names if isinstance(name, str) and name
            )


ANALYSIS_KINDS = (FailureKind.COMPILE, FailureKind.CHECK, FailureKind.CASE, FailureKind.ENV)

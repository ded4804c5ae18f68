"""Failures: of one run (`CaseFailure`), of one log (`Extraction`), over time (`Sighting`)."""

from datetime import datetime
from enum import StrEnum

import msgspec


class FailureKind(StrEnum):
    """Kinds of failures in causal order: an earlier kind can cause a later one."""

    ENV = "env"  # machine, network, disk, memory, a service
    SETUP = "setup"  # checkout, tools, packages, configuration: before the build
    COMPILE = "compile"  # compiler, linker, code generation
    CHECK = "check"  # linter, formatter, static check, a check of files
    CRASH = "crash"  # a process died: signal, core dump, abort
    PANIC = "panic"  # a panic or an unhandled exception outside a test case
    RACE = "race"  # data race
    LEAK = "leak"  # goroutine, memory or handle leak
    TIMEOUT = "timeout"  # a time limit was exceeded
    CASE = "case"  # a test case failed
    BUILD = "build"  # a build tool reports a failed step without a reason
    UNKNOWN = "unknown"  # none of these; mostly guesses


class LogState(StrEnum):
    """The state of a failed run's log. Any state but READ does not mean "no failure"."""

    NOT_READ = ""  # not looked for: no log place is set, or the run did not fail
    READ = "read"
    CUT = "cut"  # the log is incomplete: its failures are a lower bound
    MISSING = "missing"
    UNREADABLE = "unreadable"  # no permission, not text, or invalid compressed data
    TOO_OLD = "too old"  # the log place has deleted it
    EXPIRED = "expired"  # its retention period at GitHub is over
    RUNNING = "still being written"
    TOO_BIG = "too big"  # over the size limit, e.g. a decompression bomb
    REFUSED = "refused"  # the name leads out of the folder, or the server refused
    UNREACHABLE = "unreachable"  # no answer, or a server error


class CaseFailure(msgspec.Struct, frozen=True, gc=False):
    """One failure of one run.

    - `kind`: one of `FailureKind`.
    - `name`: the case (for other kinds, the problem) as its source spells it.
    - `message`: its error message; "" if the source has none.
    - `source`: `log`, or `analysis_res`, which is a lower bound.
    - `suite`: suite, package or target; `file`, `line`: the place in the code; "" and 0 if unknown.
    - `first_line`, `last_line`: the cause's lines in the log, 1-based and inclusive; 0 if not from
      a log. A long failure is cut: the excerpt may go on.
    - `excerpt`: the failing part of the log, cut, without colours and prefixes.
    - `rule`: the rule that matched; `guess`: no rule matched, this is the general fallback.
    - `fingerprint`: `v1:` and 32 hex digits, equal for the same failure; "" if not from a log.
    - `context`: ranges of further lines, first and last, that a diagnosis needs; only `diagnose`
      looks for them, and it gives them to the first failure of a log.
    - `omitted`: lines of the failure, and relevant lines around it, for which there was no room.
    - `link`: an http(s) page about the failure; "" if its source gave none.
    - `package`: of a Go test, if the log names it below the test; "" if unknown.
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
    context: tuple[tuple[int, int], ...] = ()
    omitted: int = 0
    link: str = ""
    package: str = ""


class LeftOut(msgspec.Struct, frozen=True, gc=False):
    """What a log has too much of, so that the result does without it.

    - `lines`: lines that may begin a failure and were not examined.
    - `failures`: failures that were found and are not kept.
    - `ranges`: first and last lines, 1-based and inclusive, of the few ranges that contain them.
    """

    lines: int = 0
    failures: int = 0
    ranges: tuple[tuple[int, int], ...] = ()


class Extraction(msgspec.Struct, frozen=True, gc=False):
    """The result of reading one log: failures in causal order, and the size that was read.

    `detail`: why the log was not read to its end, what was left out of it, and which files of an
    archive were read, or "".
    """

    state: str
    failures: tuple[CaseFailure, ...] = ()
    lines: int = 0
    bytes: int = 0
    detail: str = ""
    left_out: LeftOut = LeftOut()


FailureKey = tuple[str, str]
"""Equal for the same failure: kind, and name or fingerprint."""


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """When one failure was first and last seen, and its first run.

    Times are naive, wall clock of the CI database's zone, whole seconds, as `ci_data.time`.
    """

    first_seen: datetime
    last_seen: datetime
    job: str
    number: int

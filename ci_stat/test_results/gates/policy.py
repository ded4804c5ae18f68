"""The policy of a gate, as its TOML file states it. docs/gates.md describes each key."""

import re
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Literal

import msgspec

Names = str | tuple[str, ...]

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?) ?%", re.ASCII)
_LENGTH = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""


class Selector(Table, frozen=True, kw_only=True):
    """Which tests. All keys that are given must fit; a list fits if one of its items does.

    - `case`, `suite`, `file`: names, with `*` for any characters and `?` for one.
    - `marker`, `except_marker`: markers that a test must have, and must not have.
    - `labels`: of the matrix entry that ran the test.
    - `below`: properties or labels whose number must be lower, e.g. {"workers": 10}.
    - `category`: the name of a category of the policy.
    """

    case: Names = ()
    suite: Names = ()
    file: Names = ()
    marker: Names = ()
    except_marker: Names = ()
    labels: dict[str, str] = {}
    below: dict[str, float] = {}
    category: str = ""

    def __post_init__(self) -> None:
        if not self.is_limited:
            known = "case, suite, file, marker, except_marker, labels, below or category"
            raise ValueError(f"the entry names no tests: add {known}")
        for key in ("case", "suite", "file", "marker", "except_marker"):
            if any(not name.strip() for name in as_names(getattr(self, key))):
                raise ValueError(f"`{key}` contains an empty name")
        if not all(isfinite(limit) for limit in self.below.values()):
            raise ValueError("`below` must be finite numbers")

    @property
    def is_limited(self) -> bool:
        values = (self.case, self.suite, self.file, self.marker, self.except_marker)
        return any(values) or bool(self.labels or self.below or self.category)


class Category(Selector, frozen=True, kw_only=True):
    """A named set of tests, for the ramp and for entries."""

    name: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_text(self, "name")


class Entry(Selector, frozen=True, kw_only=True):
    """Tests that may fail. `expires`: the last day on which they may. `cap`: see `Cap`."""

    reason: str
    owner: str
    expires: date
    issue: str = ""
    cap: int | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_text(self, "reason", "owner")
        if isinstance(self.cap, str):
            rate_of(self.cap, "cap")
        elif self.cap is not None and not 1 <= self.cap <= 1000:
            raise ValueError("`cap` must be from 1 to 1000 runs, or a share such as '30%'")

    @property
    def cap_runs(self) -> int | None:
        """How many runs in a row may fail; None if the cap is not of this kind."""
        return self.cap if isinstance(self.cap, int) else None

    @property
    def cap_share(self) -> float | None:
        """The share of runs that may fail; None if the cap is not of this kind."""
        return rate_of(self.cap, "cap") if isinstance(self.cap, str) else None


class Minimum(Selector, frozen=True, kw_only=True):
    """At least so many of these tests must have run. Skipped ones do not count."""

    tests: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tests < 1:
            raise ValueError("`tests` must be at least 1")


class Required(Table, frozen=True, kw_only=True):
    """A matrix entry that must have results."""

    labels: dict[str, str]

    def __post_init__(self) -> None:
        if not self.labels:
            raise ValueError("`labels` is empty")


class Step(Table, frozen=True, kw_only=True):
    """A step of the ramp: its pass rate, and the categories that join."""

    rate: str
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rate_of(self.rate, "rate")

    @property
    def share(self) -> float:
        return rate_of(self.rate, "rate")


class Waiver(Table, frozen=True, kw_only=True):
    """Until `expires`, the ratchet holds only the step with this rate."""

    rate: str
    reason: str
    owner: str
    expires: date

    def __post_init__(self) -> None:
        rate_of(self.rate, "rate")
        _require_text(self, "reason", "owner")


class Ramp(Table, frozen=True, kw_only=True):
    """Thresholds by calendar.

    - `start`: the first day of the first step. `weeks`: length of a step.
    - `runs`: the newest runs whose results are judged together.
    - `min_results`: with fewer results the ramp is not judged.
    - `proven`: the rate of the best step that was ever proven.
    """

    start: date
    step: tuple[Step, ...]
    weeks: int = 2
    runs: int = 10
    min_results: int = 10
    proven: str = ""
    waiver: tuple[Waiver, ...] = ()

    def __post_init__(self) -> None:
        if not self.step:
            raise ValueError("`step` is empty: add [[ramp.step]] tables")
        if not (1 <= self.weeks <= 520 and 1 <= self.runs <= 1000 and self.min_results >= 1):
            raise ValueError("`weeks` (to 520), `runs` (to 1000) and `min_results` start at 1")
        shares = [step.share for step in self.step]
        if shares != sorted(set(shares)):
            raise ValueError("`step` must have rates that rise from step to step")
        if not self.step[0].categories:
            raise ValueError("`step`: the first step names no categories")
        for rate in (self.proven, *(waiver.rate for waiver in self.waiver)):
            self.step_of(rate)

    def step_of(self, rate: str) -> int:
        """Return the number of the step with this rate, from 1; 0 for "". Raises ValueError."""
        if not rate:
            return 0
        shares = [step.share for step in self.step]
        if rate_of(rate, "proven") not in shares:
            known = ", ".join(step.rate for step in self.step)
            raise ValueError(
                f"`proven`, `waiver`: {rate!r} is the rate of no step; steps have {known}"
            )
        return shares.index(rate_of(rate, "proven")) + 1


class Rules(Table, frozen=True, kw_only=True):
    """Rules for all tests.

    - `min_tests`: so many must have run; skipped ones do not count.
    - `max_duration`, `max_test_duration`: of all tests together, and of each, e.g. "20m".
    - `flaky`: whether a test fails the gate that passed only at a retry.
    - `skipped`: whether a skipped test fails the gate.
    - `unmatched`: whether an entry that fits no test fails the gate, or is only reported.
    - `propose_after`: passes in a row after which the removal of an entry is proposed.
    - `required_from`, `required_type`: a matrix file whose entries must all have results.
    """

    min_tests: int = 1
    max_duration: str = ""
    max_test_duration: str = ""
    flaky: Literal["pass", "fail"] = "pass"
    skipped: Literal["pass", "fail"] = "pass"
    unmatched: Literal["fail", "report"] = "fail"
    propose_after: int = 20
    required_from: str = ""
    required_type: str = ""

    def __post_init__(self) -> None:
        if self.min_tests < 1:
            raise ValueError("`min_tests` must be at least 1")
        if not 1 <= self.propose_after <= 1000:
            raise ValueError("`propose_after` must be from 1 to 1000")
        if self.required_type and not self.required_from:
            raise ValueError("`required_type` is about the matrix: add `required_from`")
        for key in ("max_duration", "max_test_duration"):
            if getattr(self, key):
                length_of(getattr(self, key), key)


class Policy(Table, frozen=True, kw_only=True):
    """A policy. Without any entry, every test must pass."""

    rules: Rules = Rules()
    category: tuple[Category, ...] = ()
    may_fail: tuple[Entry, ...] = ()
    quarantine: tuple[Entry, ...] = ()
    minimum: tuple[Minimum, ...] = ()
    required: tuple[Required, ...] = ()
    ramp: Ramp | None = None


STRICT = Policy()
"""Every test must pass."""


def as_names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def rate_of(text: str, key: str) -> float:
    """Return "30%" as 0.3. Raises ValueError."""
    match = _PERCENT.fullmatch(text.strip())
    share = float(match[1]) / 100 if match else -1
    if not 0 < share <= 1:
        raise ValueError(f"`{key}` must be a share from 0% to 100%, such as '30%'")
    return share


def length_of(text: str, key: str) -> timedelta:
    """Return "20m" as a length of time. Raises ValueError."""
    match = _LENGTH.fullmatch(text.strip())
    if not match or not int(match[1]):
        raise ValueError(f"`{key}` must be a length of time, such as '90s', '20m' or '2h'")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def is_expired(expires: date, now: datetime) -> bool:
    """Whether the last day, in UTC, is over."""
    return now.date() > expires


def _require_text(table: Table, *keys: str) -> None:
    for key in keys:
        if not getattr(table, key).strip():
            raise ValueError(f"`{key}` is empty")

"""Faults on the way to GitHub, inside it, and on the way back, on demand."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.github import refusals
from tests.support.github.records import Answer, Call, Rate

_LABEL = {"value": "type/nope", "resource": "Label", "field": "name", "code": "invalid"}
_REPLACED: dict[str, Callable[["Fault"], Answer]] = {
    "500": lambda _: refusals.says(500, "Server Error"),
    "502": lambda _: refusals.page(502),
    "503": lambda _: refusals.page(503),
    "401": lambda _: refusals.says(401, "Bad credentials"),
    "403": lambda _: refusals.says(403, "Resource not accessible by personal access token"),
    "404": lambda _: refusals.says(404, "Not Found"),
    "410": lambda _: refusals.says(410, refusals.DISABLED),
    "422-labels": lambda _: refusals.invalid(_LABEL).answer,
    "422-too-long": lambda _: refusals.invalid(refusals.too_long("Issue", "body", 65_536)).answer,
    "429": lambda _: refusals.says(
        429, "Too many requests. Have you tried sleeping?", refusals.LIMITS
    ),
    "429-retry-after": lambda fault: _later(
        refusals.says(429, "Too many requests.", refusals.LIMITS), fault
    ),
    "secondary": lambda fault: refusals.secondary(fault.wait),
    "secondary-bare": lambda _: refusals.secondary(None),
    "primary": lambda _: refusals.exhausted(),
    "html-200": lambda _: refusals.page(200),
    "empty-200": lambda _: Answer(200, raw=b""),
    "empty-201": lambda _: Answer(201, raw=b""),
    "object-200": lambda _: Answer(200, {}),
    "object-201": lambda _: Answer(201, {}),
    "list-201": lambda _: Answer(201, []),
    "other-201": lambda _: Answer(201, {"id": 1, "number": 1, "sha": "master"}),
}
_CHANGED = {"truncated", "short-page", "missing-link", "duplicate-page", "wrong-count", "slow"}
_DROPPED = {"drop-before", "drop-after"}
_KNOWN = {*_REPLACED, *(f"{name}-after" for name in _REPLACED), *_CHANGED, *_DROPPED}
_LISTS = ("items", "workflow_runs", "jobs", "check_runs")
_COUNTS = ("open_issues_count", "total_count", "comments")


@dataclass
class Fault:
    """A fault of matching requests, counted from when it is added.

    - `what`: another answer, without processing (`502`, `secondary`, ...) or after it (`502-after`,
      ...); no answer (`drop-before`, `drop-after`); or GitHub's answer, late (`slow`) or changed
      (`truncated`, `short-page`, `missing-link`, `duplicate-page`, `wrong-count`).
    - `method`, `path`, `query`: of matching requests; None matches all. `method` is compared, the
      others are regular expressions; `query` is sorted, `name=value&name=value`.
    - `nth`, `times`: it begins at the nth matching request and lasts for so many. If several faults
      match a request the first one applies, and the others wait.
    - `seconds`: the delay, Retry-After (60), or when the limit ends.
    """

    what: str = "502"
    method: str | None = None
    path: str | None = None
    nth: int = 1
    times: int = 1
    seconds: float | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        if self.what not in _KNOWN:
            raise ValueError(f"unknown fault: {self.what}")

    @property
    def base(self) -> str:
        return self.what.removesuffix("-after") if self.what not in _REPLACED else self.what

    @property
    def wait(self) -> float:
        return 60 if self.seconds is None else self.seconds

    @property
    def processed(self) -> bool:
        """Whether GitHub processes the request."""
        return self.what in _CHANGED or (
            self.what.endswith("-after") and self.what not in _REPLACED
        )

    @property
    def delay(self) -> float:
        return (1.0 if self.seconds is None else self.seconds) if self.what == "slow" else 0.0

    def concerns(self, call: Call) -> bool:
        query = "&".join(f"{name}={value}" for name, value in sorted(call.query.items()))
        return (
            self.method in (None, call.method)
            and _fits(self.path, call.path)
            and _fits(self.query, query)
        )


def _fits(pattern: str | None, text: str) -> bool:
    return pattern is None or re.search(pattern, text) is not None


def _later(answer: Answer, fault: Fault) -> Answer:
    answer.headers["Retry-After"] = str(int(fault.wait))
    return answer


@dataclass
class Faults:
    """Pending faults. `pages`: the last page of each list, for `duplicate-page`."""

    waiting: list[tuple[Fault, list[int]]] = field(default_factory=list)  # matched, applied
    pages: dict[str, Any] = field(default_factory=dict)

    def add(self, *faults: Fault) -> None:
        self.waiting += [(fault, [0, 0]) for fault in faults]

    def take(self, call: Call) -> Fault | None:
        """Return the fault that applies to this call."""
        concerned = [(fault, counts) for fault, counts in self.waiting if fault.concerns(call)]
        for _, counts in concerned:
            counts[0] += 1
        due = [(fault, counts) for fault, counts in concerned if counts[0] >= fault.nth]
        if not due:
            return None
        fault, counts = due[0]
        counts[1] += 1
        if counts[1] >= fault.times:
            self.waiting = [(other, seen) for other, seen in self.waiting if seen is not counts]
        return fault

    def spoil(self, fault: Fault | None, call: Call, answer: Answer | None) -> Answer | None:
        """Return what is sent instead of `answer`; None for no answer."""
        before = self.pages.get(call.path)
        if answer is not None and isinstance(answer.value, list | dict):
            self.pages[call.path] = answer.value
        if fault is None:
            return answer
        if fault.what in _DROPPED:
            return None
        if fault.base in _REPLACED:
            return _REPLACED[fault.base](fault)
        return _changed(fault, answer, before) if answer else None


def _changed(fault: Fault, answer: Answer, before: Any) -> Answer:
    if fault.what in ("short-page", "missing-link"):
        answer.headers.pop("Link", None)
    if fault.what == "short-page":
        answer.value = _halved(answer.value)
    elif fault.what == "duplicate-page":
        answer.value = answer.value if before is None else before
    elif fault.what == "wrong-count" and isinstance(answer.value, dict):
        answer.value |= {name: answer.value[name] + 1 for name in _COUNTS if name in answer.value}
    elif fault.what == "truncated":
        answer.cut = -1  # half the body
    return answer


def _halved(value: Any) -> Any:
    if isinstance(value, dict):
        lists = {name: value[name] for name in _LISTS if name in value}
        return value | {name: _halved(items) for name, items in lists.items()}
    return value[: len(value) // 2] if isinstance(value, list) else value


def rate_shown(fault: Fault | None, rate: Rate, now: float) -> dict[str, int]:
    """The primary limit's numbers in an answer."""
    numbers = rate.numbers
    if fault is None or fault.base != "primary":
        return numbers
    reset = numbers["reset"] if fault.seconds is None else int(now + fault.seconds)
    return numbers | {"remaining": 0, "used": numbers["limit"], "reset": reset}

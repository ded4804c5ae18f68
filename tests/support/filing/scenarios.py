"""Kinds of failures, states of the tracker, and faults: the scenarios of filing's golden files.

A state is built for any kind of failure: "ours is open" means that our issue for it is open. Names
are keys in golden files.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.support import mariadb
from tests.support.filing import ENV, World, case, moment, race, world
from tests.support.github import CONTRACT, Call, Fault

CASE = "testSuite.TestFlaky"
DAY = 20  # whose runs are filed
OTHER = "github.com/pingcap/tidb/util/chunk.(*List).Reset()"
NEW = "... Error: lease expired"
BRANCH = "release-5.0"
Do = Callable[[World], None]


@contextmanager
def place(read_once: bool = False) -> Iterator[World]:
    """An empty world, in memory if possible."""
    folder = tempfile.TemporaryDirectory(dir=mariadb._home())
    contract = CONTRACT if CONTRACT.exists() else None
    with folder as name, world(Path(name), contract=contract, read_once=read_once) as it:
        yield it


# --- kinds of failures


class Fail(Protocol):
    """Add failed runs on these days. `new`: with a message that never occurred before."""

    def __call__(self, it: World, days: Sequence[float], new: bool, **more: Any) -> None: ...


@dataclass(frozen=True)
class Kind:
    """A kind of failure.

    - `title`: part of our issue's title. `person`: the name in the title of a person's issue.
    - `at`: when it fails on a day, as parts of the day.
    - `before`: the kind that the tracker's issue is about, if it cannot be about this one.
    - `burst`: failures on a bad day. More of them would be normal, and not an incident.
    """

    name: str
    fail: Fail
    title: str = CASE
    person: str = CASE
    at: Sequence[float] = (0.21, 0.43)
    before: "Kind | None" = None
    burst: int = 20

    def today(self, it: World) -> None:
        self.fail(it, [DAY + part for part in self.at], new=False)

    def once(self, it: World) -> None:
        self.fail(it, [DAY + self.at[0]], new=False)

    def with_new_message(self, it: World) -> None:
        self.fail(it, [DAY + self.at[0]], new=True)

    def on_new_branch(self, it: World) -> None:
        self.fail(it, [DAY + self.at[0]], new=False, branch=BRANCH)

    def on(self, days: Sequence[float]) -> Do:
        """Fail on these days; the kind that the tracker's issue is about."""
        return lambda it: (self.before or self).fail(it, days, new=False)

    def filed(self, it: World, day: int) -> None:
        """File issue #1 on the morning after that day."""
        kind = self.before or self
        kind.fail(it, [day + part for part in kind.at], new=False)
        it.post(day)
        assert it.number(kind.title) == 1


def _cases(*names: str, machines: bool = False) -> Fail:
    """`machines`: the machines fail first."""

    def fail(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
        logged = [case(name, NEW) if new else case(name) for name in names]
        it.runs(days, *([ENV] if machines else []), *logged, **more)

    return fail


def _race(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
    it.runs(days, race(OTHER) if new else race(), **more)


def _no_log(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
    it.runs(days, status="FAILURE", log=False, **more)


def _table(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
    place = "b_test.go:9" if new else "a_test.go:7"
    analysis = {"case": [f"FAIL: {place}: {CASE}"]}
    it.runs(days, status="FAILURE", log=False, analysis_res=analysis, **more)


def _elsewhere(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
    _cases(CASE)(it, days, new, **more)
    _cases(CASE)(it, [int(days[-1]) + 0.5], new, job="tidb_ghpr_check_2", branch=BRANCH)


PLAIN = Kind("a case", _cases(CASE))
_RACE = "DATA RACE: github.com/pingcap/tidb/util/memory.(*Tracker).Consume()"
_BROKEN = [f"broken{n}Suite.TestAll" for n in range(6)]
KINDS = [
    PLAIN,
    Kind("a data race", _race, _RACE, _RACE),
    Kind(
        "an incident",
        _cases(*_BROKEN),
        "6 cases fail together",
        person=_BROKEN[0],
        at=[0.31],
        burst=10,
    ),
    Kind("the machines", _cases(CASE, machines=True), before=PLAIN),
    Kind("a log that is missing", _no_log, before=PLAIN),
    Kind("a case that only the table knows", _table),
    Kind("too seldom", _cases(CASE), at=[0.21], before=PLAIN),
    Kind("a case in another job too", _elsewhere),
]


# --- states of the tracker


@dataclass(frozen=True)
class State:
    """`before`: builds the state for a kind of failure.

    `lacks`: kinds without this state, and why.
    """

    name: str
    before: Callable[[Kind], Sequence[Do]]
    lacks: Mapping[str, str] = field(default_factory=dict)


def green(it: World) -> None:
    it.green(DAY, DAY + 1, 5)


def ours(kind: Kind, day: int, *then: Do) -> list[Do]:
    """File our issue on the morning after that day; `then`: what people do with it."""
    return [lambda it: kind.filed(it, day), *then]


def closed(day: float, reason: str = "completed") -> Do:
    return lambda it: it.github.close(1, reason=reason, at=moment(day))


def person(title: str, **more: Any) -> Do:
    """Add a person's issue."""

    def of(it: World) -> None:
        it.github.issue(title, created_at=moment(DAY - 3), **more)

    return of


def muted(it: World) -> None:
    it.github.label(1, "ci_stat/mute")


def deleted(it: World) -> None:
    it.github.remove(1)


def moved(it: World) -> None:
    it.github.transfer(1, "pingcap/docs")


def silent(kind: Kind) -> list[Do]:
    """A bad day long ago. Failures that are not a test's may go on: the issue ignores them."""
    bad = kind.on([0.11 + n / 60 for n in range(kind.burst)])
    goes_on = [kind.today] if kind.before else []
    return [lambda it: it.green(0, DAY + 1), bad, *ours(kind, 1), *goes_on]


_MUTE = {"a log that is missing": "without a log there is no message"}
_LOUD = {"too seldom": "what fails today is not quiet"}
STATES = [
    State("an empty tracker", lambda kind: [green, kind.today]),
    State("ours is open", lambda kind: [*ours(kind, DAY - 2), kind.today]),
    State(
        "ours is open, and the message is new",
        lambda kind: [*ours(kind, DAY - 2), kind.with_new_message],
        _MUTE,
    ),
    State(
        "ours is open, and the branch is new",
        lambda kind: [*ours(kind, DAY - 2), kind.on_new_branch],
    ),
    State(
        "ours is open, and it is back after a silence",
        lambda kind: [*ours(kind, DAY - 9), green, kind.once],
    ),
    State("ours is open, and quiet for long", silent, _LOUD),
    State(
        "ours was closed two days ago",
        lambda kind: [*ours(kind, DAY - 4, closed(DAY - 1.1)), kind.today],
    ),
    State(
        "ours was closed after the runs began",
        lambda kind: [*ours(kind, DAY - 4, closed(DAY + 0.9)), kind.today],
    ),
    State("ours was closed long ago", lambda kind: [*ours(kind, 3, closed(5.1)), kind.today]),
    State(
        "ours was closed as not planned",
        lambda kind: [*ours(kind, DAY - 4, closed(DAY - 1, "not_planned")), kind.today],
    ),
    State(
        "ours has the label that mutes us", lambda kind: [*ours(kind, DAY - 2, muted), kind.today]
    ),
    State(
        "ours was deleted",
        lambda kind: [*ours(kind, DAY - 2, deleted), person("another"), kind.today],
    ),
    State(
        "ours was moved to another repository",
        lambda kind: [*ours(kind, DAY - 2, moved), person("another"), kind.today],
    ),
    State("a person's is open", lambda kind: [person(f"{kind.person} is flaky"), kind.today]),
    State(
        "a person's was closed two days ago",
        lambda kind: [
            person(f"unstable test `{kind.person}`", state="closed", closed_at=moment(DAY - 1.1)),
            kind.today,
        ],
    ),
]


# --- faults


@dataclass(frozen=True)
class FaultScenario:
    """Faults of one morning, named after the call that they change."""

    name: str
    faults: Sequence[Fault]

    def applies_to(self, it: World) -> bool:
        """Whether the first fault would change the answer to a call that was made."""
        return any(_changes(self.faults[0], call) for call in it.github.requests)


def _changes(fault: Fault, call: Call) -> bool:
    """Half an empty list is the same list."""
    return fault.concerns(call) and (fault.what != "short-page" or bool(call.items))


ISSUES, COMMENTS = "/issues$", "/comments$"
# The query of the complete list; other lists have another order.
LIST = "direction=asc.*sort=created"
TARGETS = {"creation": ("POST", ISSUES), "comment": ("POST", COMMENTS), "change": ("PATCH", None)}


def fault_on(target: str, what: str, name: str = "", times: int = 1) -> FaultScenario:
    method, path = TARGETS[target]
    return FaultScenario(f"{target}: {name or what}", [Fault(what, method, path, times=times)])


CREATION = (
    *("502", "502-after", "drop-before", "drop-after", "html-200", "html-200-after"),
    *("secondary", "secondary-bare", "429", "429-retry-after"),
    *("403", "404", "410", "422-labels", "422-too-long"),
)
ENDLESS = "a limit that does not end"
FAULTS = [
    *(fault_on("creation", what) for what in CREATION),
    fault_on("creation", "429", ENDLESS, times=3),
    fault_on("comment", "502-after"),
    fault_on("comment", "403"),
    fault_on("change", "502"),
    fault_on("change", "502", "502 all the time", times=5),
    FaultScenario("list: truncated", [Fault("truncated", "GET", ISSUES, query=LIST)]),
    FaultScenario(
        "list: a short page, twice", [Fault("short-page", "GET", ISSUES, times=50, query=LIST)]
    ),
    FaultScenario("list: a wrong count", [Fault("wrong-count", "GET", "tidb$", times=50)]),
    FaultScenario("list: a wrong token", [Fault("401", "GET", times=50)]),
    FaultScenario("list: no answer for long", [Fault("503", "GET", ISSUES, times=50)]),
]

# A write arrives, its answer is lost, and every look for it fails: the next run finds out. The
# newest issues are read before a creation too; a plan reads only recent comments.
NEWEST, ALL = "direction=desc&per_page=100", "^per_page=100$"
LOST_ANSWERS = [
    FaultScenario(
        "creation: 502-after, and no look is answered",
        [
            Fault("502-after", "POST", ISSUES),
            Fault("503", "GET", ISSUES, nth=2, times=50, query=NEWEST),
        ],
    ),
    FaultScenario(
        "comment: 502-after, and no look is answered",
        [Fault("502-after", "POST", COMMENTS), Fault("503", "GET", COMMENTS, times=50, query=ALL)],
    ),
    fault_on("change", "502-after", "502-after all the time", times=5),
]

# More faults, for the full product.
_MORE = (
    "500",
    "503",
    "401",
    "500-after",
    "503-after",
    "empty-200",
    "empty-200-after",
    "truncated",
    "primary",
)
_WRITES = (*CREATION, *_MORE)
_LIST = (
    "502",
    "drop-before",
    "html-200",
    "empty-200",
    "secondary",
    "429-retry-after",
    "primary",
    "403",
    "404",
)
_KNOWN = {scenario.name for scenario in (*FAULTS, *LOST_ANSWERS)}
_LOST = ("drop-before", "drop-after", "html-200-after")
_EVERY = [
    *(fault_on(target, what) for target in TARGETS for what in _WRITES),
    *(fault_on(target, "429", ENDLESS, times=3) for target in TARGETS),
    *(fault_on("change", what, f"{what} all the time", times=5) for what in _LOST),
    *(FaultScenario(f"list: {what}", [Fault(what, "GET", ISSUES, query=LIST)]) for what in _LIST),
    *(
        FaultScenario(
            f"list: {what} all the time", [Fault(what, "GET", ISSUES, times=50, query=LIST)]
        )
        for what in _LIST
    ),
]
MORE_FAULTS = [scenario for scenario in _EVERY if scenario.name not in _KNOWN]

"""What fails, what the tracker holds by then, and what goes wrong: the pieces that filing's golden files are made of.

States of the tracker are built for any kind of failure: ours is open means that an issue of ours about it is.
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
DAY = 20  # the runs of this day are looked at
OTHER = "github.com/pingcap/tidb/util/chunk.(*List).Reset()"
NEW = "... Error: lease expired"
BRANCH = "release-5.0"
Do = Callable[[World], None]


@contextmanager
def place(read_once: bool = False) -> Iterator[World]:
    """An empty world, in memory where that is possible."""
    folder = tempfile.TemporaryDirectory(dir=mariadb._home())
    contract = CONTRACT if CONTRACT.exists() else None
    with folder as name, world(Path(name), contract=contract, read_once=read_once) as it:
        yield it


# --- kinds of failures


class Fail(Protocol):
    """Runs on these days fail so; `new`: with another message than ever before."""

    def __call__(self, it: World, days: Sequence[float], new: bool, **more: Any) -> None: ...


@dataclass(frozen=True)
class Kind:
    """A sort of failure.

    - `says`: in the title of its issue. `person`: what people call it in a title. `at`: when it fails on a day.
    - `before`: the kind that the tracker's issue is about, where it cannot be about this one. `burst`: so many failures
      are a bad day; more of them would be usual, and no incident.
    """

    name: str
    fail: Fail
    says: str = CASE
    person: str = CASE
    at: Sequence[float] = (0.21, 0.43)
    before: "Kind | None" = None
    burst: int = 20

    def today(self, it: World) -> None:
        self.fail(it, [DAY + each for each in self.at], new=False)

    def once(self, it: World) -> None:
        self.fail(it, [DAY + self.at[0]], new=False)

    def anew(self, it: World) -> None:
        self.fail(it, [DAY + self.at[0]], new=True)

    def branched(self, it: World) -> None:
        self.fail(it, [DAY + self.at[0]], new=False, branch=BRANCH)

    def on(self, days: Sequence[float]) -> Do:
        """It fails then, or what the tracker's issue is about does."""
        return lambda it: (self.before or self).fail(it, days, new=False)

    def filed(self, it: World, day: int) -> None:
        """On the morning after that day there is an issue, #1."""
        kind = self.before or self
        kind.fail(it, [day + each for each in kind.at], new=False)
        it.post(day)
        assert it.number(kind.says) == 1


def _cases(*names: str, machines: bool = False) -> Fail:
    """`machines`: they broke first."""

    def fail(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
        said = [case(name, NEW) if new else case(name) for name in names]
        it.runs(days, *([ENV] if machines else []), *said, **more)

    return fail


def _race(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
    it.runs(days, race(OTHER) if new else race(), **more)


def _no_log(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
    it.runs(days, status="FAILURE", log=False, **more)


def _table(it: World, days: Sequence[float], new: bool, **more: Any) -> None:
    said = f"FAIL: {'b_test.go:9' if new else 'a_test.go:7'}: {CASE}"
    it.runs(days, status="FAILURE", log=False, analysis_res={"case": [said]}, **more)


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


# --- what the tracker holds


@dataclass(frozen=True)
class State:
    """`before`: what happened until the morning, if this fails. `lacks`: kinds for which there is no such thing."""

    name: str
    before: Callable[[Kind], Sequence[Do]]
    lacks: Mapping[str, str] = field(default_factory=dict)  # the kind, and why


def green(it: World) -> None:
    it.green(DAY, DAY + 1, 5)


def ours(kind: Kind, day: int, *then: Do) -> list[Do]:
    """An issue of ours, filed on the morning after that day, and what people did with it."""
    return [lambda it: kind.filed(it, day), *then]


def closed(day: float, reason: str = "completed") -> Do:
    return lambda it: it.github.close(1, reason=reason, at=moment(day))


def person(title: str, **more: Any) -> Do:
    """An issue of somebody else."""

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
    """A bad day long ago. What is no test's failure may go on: it is none of the issue's."""
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
        lambda kind: [*ours(kind, DAY - 2), kind.anew],
        _MUTE,
    ),
    State(
        "ours is open, and the branch is new", lambda kind: [*ours(kind, DAY - 2), kind.branched]
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


# --- what goes wrong


@dataclass(frozen=True)
class Trouble:
    """Faults of one morning, by the sort of call that they strike."""

    name: str
    faults: Sequence[Fault]

    def strikes(self, it: World) -> bool:
        """Whether the first of them would change the answer to any of the calls that were made."""
        return any(_changes(self.faults[0], call) for call in it.github.requests)


def _changes(fault: Fault, call: Call) -> bool:
    """Half of an empty list is the same."""
    return fault.concerns(call) and (fault.what != "short-page" or bool(call.items))


ISSUES, COMMENTS = "/issues$", "/comments$"
LIST = "direction=asc.*sort=created"  # the list that is read to its end; what is asked beside it has another order
TARGETS = {"creation": ("POST", ISSUES), "comment": ("POST", COMMENTS), "change": ("PATCH", None)}


def trouble(target: str, what: str, name: str = "", times: int = 1) -> Trouble:
    method, path = TARGETS[target]
    return Trouble(f"{target}: {name or what}", [Fault(what, method, path, times=times)])


CREATION = (
    *("502", "502-after", "drop-before", "drop-after", "html-200", "html-200-after"),
    *("secondary", "secondary-bare", "429", "429-retry-after"),
    *("403", "404", "410", "422-labels", "422-too-long"),
)
ENDLESS = "a limit that does not end"
TROUBLES = [
    *(trouble("creation", what) for what in CREATION),
    trouble("creation", "429", ENDLESS, times=3),
    trouble("comment", "502-after"),
    trouble("comment", "403"),
    trouble("change", "502"),
    trouble("change", "502", "502 all the time", times=5),
    Trouble("list: truncated", [Fault("truncated", "GET", ISSUES, query=LIST)]),
    Trouble(
        "list: a short page, twice", [Fault("short-page", "GET", ISSUES, times=50, query=LIST)]
    ),
    Trouble("list: a wrong count", [Fault("wrong-count", "GET", "tidb$", times=50)]),
    Trouble("list: a wrong token", [Fault("401", "GET", times=50)]),
    Trouble("list: no answer for long", [Fault("503", "GET", ISSUES, times=50)]),
]

# It was done, no answer came, and no look tells so: the next run finds out. The newest issues are looked at before a
# creation too; for a plan, the comments since a day are read.
NEWEST, ALL = "direction=desc&per_page=100", "^per_page=100$"
LOST = [
    Trouble(
        "creation: 502-after, and no look is answered",
        [
            Fault("502-after", "POST", ISSUES),
            Fault("503", "GET", ISSUES, nth=2, times=50, query=NEWEST),
        ],
    ),
    Trouble(
        "comment: 502-after, and no look is answered",
        [Fault("502-after", "POST", COMMENTS), Fault("503", "GET", COMMENTS, times=50, query=ALL)],
    ),
    trouble("change", "502-after", "502-after all the time", times=5),
]

# More of them, for the whole product.
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
_KNOWN = {each.name for each in (*TROUBLES, *LOST)}
_LOST = ("drop-before", "drop-after", "html-200-after")
_EVERY = [
    *(trouble(target, what) for target in TARGETS for what in _WRITES),
    *(trouble(target, "429", ENDLESS, times=3) for target in TARGETS),
    *(trouble("change", what, f"{what} all the time", times=5) for what in _LOST),
    *(Trouble(f"list: {what}", [Fault(what, "GET", ISSUES, query=LIST)]) for what in _LIST),
    *(
        Trouble(f"list: {what} all the time", [Fault(what, "GET", ISSUES, times=50, query=LIST)])
        for what in _LIST
    ),
]
WIDE = [each for each in _EVERY if each.name not in _KNOWN]

"""All that is said to GitHub, in golden files to be read: what failed, what the tracker holds, and what goes wrong."""

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ci_stat import __version__
from ci_stat.errors import CiStatError
from tests.support import mariadb
from tests.support.filing import ENV, World, case, moment, race, world
from tests.support.github import CONTRACT, Fault
from tests.support.golden import Golden

CASE = "testSuite.TestFlaky"
DAY = 20
Do = Callable[[World], None]


@dataclass(frozen=True)
class Scenario:
    """`before`: what happened until the morning that is written down; `faults` of that morning."""

    name: str
    before: Sequence[Do] = ()
    faults: Sequence[Fault] = ()


def failing(*days: float, said: str = "") -> Do:
    return lambda it: it.runs(days, case(CASE, *([said] if said else [])))


TWICE = failing(DAY + 0.21, DAY + 0.43)
ONCE = failing(DAY + 0.21)
NEW = failing(DAY + 0.21, said="... Error: lease expired")


def green(it: World) -> None:
    it.green(DAY, DAY + 1, 5)


def ours(day: int, *then: Do) -> list[Do]:
    """An issue of ours, filed on the morning after that day, and what people did with it."""

    def of(it: World) -> None:
        it.runs([day + 0.21, day + 0.43], case(CASE))
        it.post(day)
        assert it.number(CASE) == 1

    return [of, *then]


def closed(day: float, reason: str = "completed") -> Do:
    return lambda it: it.github.close(1, reason=reason, at=moment(day))


def person(title: str, **more: Any) -> Do:
    """An issue of somebody else."""

    def of(it: World) -> None:
        it.github.issue(title, created_at=moment(DAY - 3), **more)

    return of


def moved(it: World) -> None:
    it.github.transfer(1, "pingcap/docs")


def runs(*said: str, at: Sequence[float] = (0.21, 0.43), **more: Any) -> Do:
    return lambda it: it.runs([DAY + each for each in at], *said, **more)


KINDS = [
    Scenario("a case", [green, TWICE]),
    Scenario("a data race", [green, runs(race())]),
    Scenario("an incident", [green, runs(*(case(f"broken{n}Suite.TestAll") for n in range(6)), at=[0.31])]),
    Scenario("the machines", [green, runs(ENV, case(CASE))]),
    Scenario("a log that is missing", [green, runs(status="FAILURE", log=False)]),
    Scenario(
        "a case that only the table knows",
        [green, runs(status="FAILURE", log=False, analysis_res={"case": [f"FAIL: a_test.go:7: {CASE}"]})],
    ),
    Scenario("too seldom", [green, ONCE]),
    Scenario(
        "a case in another job too",
        [green, TWICE, runs(case(CASE), at=[0.5], job="tidb_ghpr_check_2", branch="release-5.0")],
    ),
]

TRACKER = [
    Scenario("ours is open", [*ours(DAY - 2), TWICE]),
    Scenario("ours is open, and the message is new", [*ours(DAY - 2), NEW]),
    Scenario(
        "ours is open, and the branch is new", [*ours(DAY - 2), runs(case(CASE), at=[0.21], branch="release-5.0")]
    ),
    Scenario("ours is open, and it is back after a silence", [*ours(DAY - 9), green, ONCE]),
    Scenario(
        "ours is open, and quiet for long",
        [lambda it: it.green(0, DAY + 1), failing(*(0.11 + n / 60 for n in range(20))), *ours(1)],
    ),
    Scenario("ours was closed two days ago", [*ours(DAY - 4, closed(DAY - 1.1)), TWICE]),
    Scenario("ours was closed after the runs began", [*ours(DAY - 4, closed(DAY + 0.9)), TWICE]),
    Scenario("ours was closed long ago", [*ours(3, closed(5.1)), TWICE]),
    Scenario("ours was closed as not planned", [*ours(DAY - 4, closed(DAY - 1, "not_planned")), TWICE]),
    Scenario(
        "ours has the label that mutes us", [*ours(DAY - 2, lambda it: it.github.label(1, "ci_stat/mute")), TWICE]
    ),
    Scenario("ours was deleted", [*ours(DAY - 2, lambda it: it.github.remove(1)), person("another"), TWICE]),
    Scenario("ours was moved to another repository", [*ours(DAY - 2, moved), person("another"), TWICE]),
    Scenario("a person's is open", [person(f"{CASE} is flaky"), TWICE]),
    Scenario(
        "a person's was closed two days ago",
        [person(f"unstable test `{CASE}`", state="closed", closed_at=moment(DAY - 1.1)), TWICE],
    ),
]

ISSUES = "/issues$"
OPEN = ours(DAY - 2)
FAULTS = [
    *(
        Scenario(f"creation: {what}", [TWICE], [Fault(what, "POST", ISSUES)])
        for what in (
            *("502", "502-after", "drop-before", "drop-after", "html-200", "html-200-after"),
            *("secondary", "secondary-bare", "429", "429-retry-after"),
            *("403", "404", "410", "422-labels", "422-too-long"),
        )
    ),
    Scenario("creation: a limit that does not end", [TWICE], [Fault("429", "POST", ISSUES, times=3)]),
    Scenario("comment: 502-after", [*OPEN, NEW], [Fault("502-after", "POST")]),
    Scenario("comment: 403", [*OPEN, NEW], [Fault("403", "POST")]),
    Scenario("change: 502", [*OPEN, TWICE], [Fault("502", "PATCH")]),
    Scenario("change: 502 all the time", [*OPEN, TWICE], [Fault("502", "PATCH", times=5)]),
    Scenario("list: truncated", [*OPEN, TWICE], [Fault("truncated", "GET", ISSUES, nth=2)]),
    Scenario(
        "list: a short page, twice",
        [*OPEN, person("another"), TWICE],
        [Fault("short-page", "GET", ISSUES, nth=2), Fault("short-page", "GET", ISSUES, nth=5)],
    ),
    Scenario("list: a wrong count", [*OPEN, TWICE], [Fault("wrong-count", "GET", "tidb$", times=50)]),
    Scenario("list: a wrong token", [*OPEN, TWICE], [Fault("401", "GET", times=50)]),
    Scenario("list: no answer for long", [TWICE], [Fault("503", "GET", ISSUES, times=50)]),
]


@contextmanager
def place() -> Iterator[World]:
    folder = tempfile.TemporaryDirectory(dir=mariadb._home())
    with folder as name, world(Path(name), contract=CONTRACT if CONTRACT.exists() else None) as it:
        yield it


def told(it: World, day: float | None, writes_only: bool = False) -> str:
    """What one run says to the user, and to GitHub."""
    it.github.requests.clear()
    it.clock.waits.clear()
    try:
        screen = it.screen(*it.post(day))
    except CiStatError as error:
        screen = f"{type(error).__name__}: {error}"
    waited = ", ".join(f"{seconds:g}" for seconds in it.clock.waits)
    calls = it.github.transcript()
    if writes_only:
        calls = "".join(re.findall(r"(?m)^(?:POST|PATCH) .*\n(?: .*\n|\n)*", calls)) or "(nothing is written)\n"
    lines = [screen, "", *([f"(waited {waited} s)"] if waited and not writes_only else []), calls]
    text = "\n".join(lines).replace(it.github.url, "https://api.github.com")
    return re.sub(r"(?m) +$", "", text.replace(f"ci_stat {__version__}", "ci_stat VERSION"))


def short(text: str) -> str:
    """Issues' texts without what the other file shows; comments are whole."""
    return re.sub(r"(?s)(<!-- ci_stat:begin -->\n).*?( {4}<!-- ci_stat:issue:)", r"\1    [...]\n\2", text)


def shorter(text: str) -> str:
    """Readings in which nothing went wrong are counted, and issues' texts are left out."""
    text = re.sub(r"(?s) \|\n {4}<!-- ci_stat:begin -->.*?<!-- ci_stat:end -->\n", " (our part)\n", text)
    return re.sub(r"(?m)(?:^GET [^\[\n]*\n)+", lambda found: f"({found[0].count('GET ')} x GET, nothing wrong)\n", text)


def written(scenarios: Sequence[Scenario], whole: bool = False, again: bool = False) -> str:
    """`again`: what the run after it does, without faults."""
    parts = []
    for each in scenarios:
        with place() as it:
            for do in each.before:
                do(it)
            it.flush()
            it.github.fault(*each.faults)
            parts.append(f"{'=' * 20} {each.name}\n\n{told(it, DAY)}")
            it.github.faults.waiting.clear()
            if again:
                it.later(minutes=2)
                parts.append(f"{'-' * 20} two minutes later\n\n{told(it, None, writes_only=True)}")
            assert it.github.findings == [], each.name
            assert it.doubles() == [], each.name
            assert it.github.created_labels == [], each.name
    text = "\n".join(parts)
    return text if whole else shorter(text) if again else short(text)


def test_what_is_written_for_each_sort_of_failure(golden: Golden) -> None:
    golden.check("filing_kinds.txt", written(KINDS, whole=True))


def test_what_is_written_where_the_tracker_holds_something(golden: Golden) -> None:
    golden.check("filing_tracker.txt", written(TRACKER))


def test_what_is_written_when_something_goes_wrong(golden: Golden) -> None:
    golden.check("filing_faults.txt", written(FAULTS, again=True))

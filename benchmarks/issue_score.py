"""Compare an account with the truth: false issues, missed defects, wrong closes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from benchmarks.issue_account import Account, Deed
from benchmarks.issue_histories import DAY, Defect, Drawn, Sort
from ci_stat.records import IssueAction

RECENT = 8 * DAY  # failures before that did not lead to a filing
CLASSES = ((0.05, ">= 5 %"), (0.01, "1-5 %"), (0.001, "0.1-1 %"), (0.0, "< 0.1 %"))
WEEK = timedelta(weeks=1)


def rate_class(rate: float) -> str:
    return next(name for least, name in CLASSES if rate >= least)


@dataclass
class Score:
    """Sums over histories. `days`: delays in days, by name; `weeks`: total open time of issues."""

    counts: Counter[str] = field(default_factory=Counter)
    days: dict[str, list[float]] = field(default_factory=dict)
    weeks: float = 0.0
    histories: int = 0

    def add(self, other: "Score") -> None:
        self.counts.update(other.counts)
        self.weeks += other.weeks
        self.histories += other.histories
        for name, values in other.days.items():
            self.late(name, *values)

    def late(self, name: str, *days: float) -> None:
        self.days.setdefault(name, []).extend(days)

    @property
    def wrong_share(self) -> float | None:
        closes = self.counts["closes"]
        return self.counts["wrong closes"] / closes if closes else None


def score(drawn: Drawn, account: Account) -> Score:
    """Return the score of one account of one history."""
    judge = _Judge(drawn, account)
    judge.filings()
    judge.reported()
    judge.closes()
    judge.noise()
    return judge.result


@dataclass(frozen=True, slots=True)
class _Life:
    """An issue from one opening to the close; `end` is None while it is open."""

    number: int
    begin: datetime
    end: datetime | None


class _Judge:
    def __init__(self, drawn: Drawn, account: Account) -> None:
        self.drawn, self.account, self.result = drawn, account, Score(histories=1)
        self.lives = _lives(account.deeds)
        self.by_test: dict[str, list[Defect]] = defaultdict(list)
        self.wide = [defect for defect in drawn.defects if len(defect.tests) > 1]
        for defect in drawn.defects:
            if defect.sort is not Sort.BUILD:
                for test in defect.tests:
                    self.by_test[test].append(defect)
        self.causes: dict[int, Defect] = {}  # of what was filed
        self.issues_of: dict[str, list[int]] = defaultdict(list)
        for number, tests in account.about.items():
            for test in tests:
                self.issues_of[test].append(number)

    def filings(self) -> None:
        """Count filings: each needs a defect, and each defect needs one filing."""
        count, reported = self.result.counts, Counter[Defect]()
        for deed in self._of(IssueAction.FILE):
            count["filed"] += 1
            cause = self._cause(deed)
            if cause is None:
                count[
                    "false incidents" if deed.number in self.account.incidents else "innocent"
                ] += 1
            else:
                count["duplicates"] += cause in reported
                reported[cause] += 1
                self.causes[deed.number] = cause
        for deed in self._of(IssueAction.REOPEN):
            count["reopened"] += 1
            count["wrongly reopened"] += self._cause(deed) is None
        new = Counter(deed.at for deed in self._of(IssueAction.FILE))
        self.result.late("new in a day", *map(float, new.values()))

    def reported(self) -> None:
        """Count the defects that an issue reported, and the delays."""
        for defect in self.drawn.defects:
            first = next((at for at in defect.failed if at >= self.drawn.begin), None)
            if first is None:
                continue
            if defect.sort is Sort.BUILD:
                self._report_of_build(defect)
            else:
                what = (
                    defect.sort.value
                    if defect.sort is Sort.REGRESSION
                    else f"flaky {rate_class(defect.rate)}"
                )
                self._reported(defect, what, self._window_end(first))

    def _reported(self, defect: Defect, what: str, known: datetime) -> None:
        """Count one defect; its delay starts at the end of the first window with a failure."""
        count, last = self.result.counts, self._window_end(defect.failed[-1])
        count[what] += 1
        own = self._first_reported(defect, known, last, incidents=False)
        shared = self._first_reported(defect, known, last, incidents=True)
        if len(defect.tests) > 1:
            own, shared = min((time for time in (own, shared) if time), default=None), None
        if own is not None:
            count[f"{what} reported"] += 1
            self.result.late(what, (own - known) / DAY)
        elif shared is not None:
            count[f"{what} in an incident only"] += 1
        count[f"{what} of one window"] += own is None and known == last

    def _first_reported(
        self, defect: Defect, known: datetime, last: datetime, incidents: bool
    ) -> datetime | None:
        numbers = [
            number
            for number in self._issues(defect)
            if (number in self.account.incidents) == incidents
        ]
        begins = [
            max(life.begin, known)
            for number in numbers
            for life in self.lives[number]
            if life.begin <= last and (life.end is None or life.end > known)
        ]
        return min(begins, default=None)

    def _issues(self, defect: Defect) -> set[int]:
        """The issues of its tests, and incidents with at least half of its tests."""
        shared = Counter(number for test in defect.tests for number in self.issues_of[test])
        return {
            number
            for number, tests in shared.items()
            if number not in self.account.incidents or 2 * tests >= len(defect.tests)
        }

    def _report_of_build(self, build: Defect) -> None:
        """Count a broken build: an incident or an issue of its tests reports it."""
        self.result.counts["builds"] += 1
        known = self._window_end(build.failed[0])
        own = [deed for deed in self._of(IssueAction.FILE) if self.causes.get(deed.number) is build]
        self.result.counts["builds reported"] += any(deed.at - known <= 3 * DAY for deed in own)

    def closes(self) -> None:
        """Count closes. A close is wrong if the defect is not fixed."""
        count = self.result.counts
        closed = [deed for deed in self._of(IssueAction.CLOSE) if not deed.person]
        for deed in closed:
            count["closes"] += 1
            alive = self._alive(deed)
            count["wrong closes"] += alive is not None
            if alive:
                count[f"wrong: {_kind(alive)}"] += 1
        count["refailed"] += self.account.refailed
        for defect in self.drawn.defects:
            if defect.sort is not Sort.BUILD and defect.end is not None:
                self._closed_after(defect, defect.end)

    def _closed_after(self, defect: Defect, end: datetime) -> None:
        """Count the days from fix to close, for issues with 30 known days after the fix."""
        again = any(
            end < defect.begin < end + 30 * DAY
            for test in defect.tests
            for defect in self.by_test[test]
        )
        if end + 30 * DAY > self.drawn.end or again:
            return
        own = self._issues(defect) - (self.account.incidents if len(defect.tests) == 1 else set())
        lives = [life for number in sorted(own) for life in self.lives[number]]
        life = next(
            (
                candidate
                for candidate in lives
                if candidate.begin <= end + DAY and (not candidate.end or candidate.end >= end)
            ),
            None,
        )
        if life:
            self.result.counts["fixed with an issue"] += 1
            late = None if life.end is None else (life.end - end) / DAY
            if late is None or late > 30:
                self.result.counts["open 30 days after the fix"] += 1
            if late is not None:
                self.result.late("close after fix", late)

    def noise(self) -> None:
        """Count comments, edits, delayed issues and refused plans."""
        count, account = self.result.counts, self.account
        count["comments"] += sum(deed.comment for deed in account.deeds)
        count["edits"] += sum(deed.action is IssueAction.UPDATE for deed in account.deeds)
        count["open at the end"] += sum(lives[-1].end is None for lives in self.lives.values())
        count["windows"] += len(self.drawn.windows)
        count["stopped"] += account.stopped
        ends = [
            (life.begin, life.end or self.drawn.end)
            for lives in self.lives.values()
            for life in lives
        ]
        self.result.weeks += sum((end - begin) / WEEK for begin, end in ends)
        for delayed in account.waited:
            regression = any(known.sort is Sort.REGRESSION for known in self.by_test[delayed.test])
            name = "waited, regression" if regression else "waited"
            count[name] += 1
            count[f"{name}, never filed"] += delayed.days is None
            self.result.late(name, *([] if delayed.days is None else [float(delayed.days)]))

    def _of(self, action: IssueAction) -> list[Deed]:
        return [deed for deed in self.account.deeds if deed.action is action]

    def _window_end(self, moment: datetime) -> datetime:
        return self.drawn.begin + DAY * ((moment - self.drawn.begin) // DAY + 1)

    def _cause(self, deed: Deed) -> Defect | None:
        """The defect that a filing reports: it broke most of the tests in the last days."""
        tests = self.account.about[deed.number]
        known = self.wide
        if deed.number not in self.account.incidents:
            known = [defect for test in tests for defect in reversed(self.by_test[test])]
        else:
            known = [
                defect for defect in known if 2 * len(tests & defect.tests) >= len(defect.tests)
            ]
        return next(
            (defect for defect in known if _failed_in(defect, deed.at - RECENT, deed.at)), None
        )

    def _alive(self, deed: Deed) -> Defect | None:
        """The unfixed defect of a closed issue. A broken build ends with its runs."""
        if deed.number in self.account.incidents:
            cause = self.causes.get(deed.number)
            return (
                cause if cause and cause.sort is not Sort.BUILD and cause.alive(deed.at) else None
            )
        test = next(iter(self.account.about[deed.number]))
        return next(
            (defect for defect in self.by_test[test] if defect.alive(deed.at) and defect.rate > 0),
            None,
        )


def _kind(defect: Defect) -> str:
    if defect.sort is Sort.REGRESSION:
        return "regression"
    return "burst" if defect.burst else f"flaky {rate_class(defect.rate)}"


def _failed_in(defect: Defect, begin: datetime, end: datetime) -> bool:
    return any(begin <= at < end for at in defect.failed)


def _lives(deeds: Sequence[Deed]) -> Mapping[int, list[_Life]]:
    turns: dict[int, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.action in (IssueAction.FILE, IssueAction.REOPEN, IssueAction.CLOSE):
            turns[deed.number].append(deed)
    return {
        number: list(_lives_of(number, deeds_of_issue)) for number, deeds_of_issue in turns.items()
    }


def _lives_of(number: int, turns: Sequence[Deed]) -> Iterator[_Life]:
    for sooner, later in pairwise(turns):
        if sooner.action is not IssueAction.CLOSE:
            yield _Life(number, sooner.at, later.at)
    if turns[-1].action is not IssueAction.CLOSE:
        yield _Life(number, turns[-1].at, None)

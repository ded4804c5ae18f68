"""Deeds held against the truth: what should not have been filed, what was missed, which closes were wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from benchmarks.issue_account import Account, Deed
from benchmarks.issue_histories import DAY, Drawn, Sort, Trouble
from ci_stat.records import IssueAction

RECENT = 8 * DAY  # failures before that did not lead to a filing
CLASSES = ((0.05, ">= 5 %"), (0.01, "1-5 %"), (0.001, "0.1-1 %"), (0.0, "< 0.1 %"))
WEEK = timedelta(weeks=1)


def rate_class(rate: float) -> str:
    return next(name for least, name in CLASSES if rate >= least)


@dataclass
class Score:
    """Sums over histories. `counts` by name; `days`: delays by name, in days; `weeks`: that issues were open."""

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
    """One account of one history."""
    judge = _Judge(drawn, account)
    judge.filings()
    judge.told()
    judge.closes()
    judge.noise()
    return judge.made


@dataclass(frozen=True, slots=True)
class _Life:
    """An issue from one opening to the close; `end` is None while it is open."""

    number: int
    begin: datetime
    end: datetime | None


class _Judge:
    def __init__(self, drawn: Drawn, account: Account) -> None:
        self.drawn, self.account, self.made = drawn, account, Score(histories=1)
        self.lives = _lives(account.deeds)
        self.by_test: dict[str, list[Trouble]] = defaultdict(list)
        self.wide = [each for each in drawn.troubles if len(each.tests) > 1]
        for each in drawn.troubles:
            if each.sort is not Sort.BUILD:
                for test in each.tests:
                    self.by_test[test].append(each)
        self.causes: dict[int, Trouble] = {}  # of what was filed
        self.issues_of: dict[str, list[int]] = defaultdict(list)
        for number, tests in account.about.items():
            for test in tests:
                self.issues_of[test].append(number)

    def filings(self) -> None:
        """Each filing has a cause, and each cause one filing."""
        count, told = self.made.counts, Counter[Trouble]()
        for deed in self._of(IssueAction.FILE):
            count["filed"] += 1
            cause = self._cause(deed)
            if cause is None:
                count[
                    "false incidents" if deed.number in self.account.incidents else "innocent"
                ] += 1
            else:
                count["duplicates"] += cause in told
                told[cause] += 1
                self.causes[deed.number] = cause
        for deed in self._of(IssueAction.REOPEN):
            count["reopened"] += 1
            count["wrongly reopened"] += self._cause(deed) is None
        new = Counter(deed.at for deed in self._of(IssueAction.FILE))
        self.made.late("new in a day", *map(float, new.values()))

    def told(self) -> None:
        """What was broken, and when the tracker said so."""
        for each in self.drawn.troubles:
            first = next((at for at in each.failed if at >= self.drawn.begin), None)
            if first is None:
                continue
            if each.sort is Sort.BUILD:
                self._told_build(each)
            else:
                what = (
                    each.sort.value
                    if each.sort is Sort.REGRESSION
                    else f"flaky {rate_class(each.rate)}"
                )
                self._told(each, what, self._window_end(first))

    def _told(self, trouble: Trouble, what: str, known: datetime) -> None:
        """From the end of the first window with a failure to the issue that says it."""
        count, last = self.made.counts, self._window_end(trouble.failed[-1])
        count[what] += 1
        own = self._first_told(trouble, known, last, incidents=False)
        shared = self._first_told(trouble, known, last, incidents=True)
        if len(trouble.tests) > 1:
            own, shared = min((each for each in (own, shared) if each), default=None), None
        if own is not None:
            count[f"{what} told"] += 1
            self.made.late(what, (own - known) / DAY)
        elif shared is not None:
            count[f"{what} in an incident only"] += 1
        count[f"{what} of one window"] += own is None and known == last

    def _first_told(
        self, trouble: Trouble, known: datetime, last: datetime, incidents: bool
    ) -> datetime | None:
        numbers = [
            number
            for number in self._issues(trouble)
            if (number in self.account.incidents) == incidents
        ]
        begins = [
            max(life.begin, known)
            for number in numbers
            for life in self.lives[number]
            if life.begin <= last and (life.end is None or life.end > known)
        ]
        return min(begins, default=None)

    def _issues(self, trouble: Trouble) -> set[int]:
        """Those of its tests, and incidents with at least half of them."""
        shared = Counter(number for test in trouble.tests for number in self.issues_of[test])
        return {
            number
            for number, tests in shared.items()
            if number not in self.account.incidents or 2 * tests >= len(trouble.tests)
        }

    def _told_build(self, build: Trouble) -> None:
        """By an incident's issue, or by those of its tests."""
        self.made.counts["builds"] += 1
        known = self._window_end(build.failed[0])
        own = [deed for deed in self._of(IssueAction.FILE) if self.causes.get(deed.number) is build]
        self.made.counts["builds told"] += any(deed.at - known <= 3 * DAY for deed in own)

    def closes(self) -> None:
        """A close is wrong while the cause of the issue is not mended."""
        count = self.made.counts
        closed = [deed for deed in self._of(IssueAction.CLOSE) if not deed.person]
        for deed in closed:
            count["closes"] += 1
            alive = self._alive(deed)
            count["wrong closes"] += alive is not None
            if alive:
                count[f"wrong: {_kind(alive)}"] += 1
        count["refailed"] += self.account.refailed
        for trouble in self.drawn.troubles:
            if trouble.sort is not Sort.BUILD and trouble.end is not None:
                self._closed_after(trouble, trouble.end)

    def _closed_after(self, trouble: Trouble, end: datetime) -> None:
        """From the fix to the close, of issues that were open then and 30 days are known of."""
        again = any(
            end < each.begin < end + 30 * DAY
            for test in trouble.tests
            for each in self.by_test[test]
        )
        if end + 30 * DAY > self.drawn.end or again:
            return
        own = self._issues(trouble) - (self.account.incidents if len(trouble.tests) == 1 else set())
        lives = [life for number in sorted(own) for life in self.lives[number]]
        life = next(
            (
                each
                for each in lives
                if each.begin <= end + DAY and (not each.end or each.end >= end)
            ),
            None,
        )
        if life:
            self.made.counts["fixed with an issue"] += 1
            late = None if life.end is None else (life.end - end) / DAY
            if late is None or late > 30:
                self.made.counts["open 30 days after the fix"] += 1
            if late is not None:
                self.made.late("close after fix", late)

    def noise(self) -> None:
        """Comments, edits, what waited, and windows in which nothing was done."""
        count, account = self.made.counts, self.account
        count["comments"] += sum(each.comment for each in account.deeds)
        count["edits"] += sum(each.action is IssueAction.UPDATE for each in account.deeds)
        count["open at the end"] += sum(lives[-1].end is None for lives in self.lives.values())
        count["windows"] += len(self.drawn.windows)
        count["stopped"] += account.stopped
        ends = [
            (life.begin, life.end or self.drawn.end)
            for lives in self.lives.values()
            for life in lives
        ]
        self.made.weeks += sum((end - begin) / WEEK for begin, end in ends)
        for each in account.waited:
            regression = any(known.sort is Sort.REGRESSION for known in self.by_test[each.test])
            name = "waited, regression" if regression else "waited"
            count[name] += 1
            count[f"{name}, never filed"] += each.days is None
            self.made.late(name, *([] if each.days is None else [float(each.days)]))

    def _of(self, action: IssueAction) -> list[Deed]:
        return [deed for deed in self.account.deeds if deed.action is action]

    def _window_end(self, moment: datetime) -> datetime:
        return self.drawn.begin + DAY * ((moment - self.drawn.begin) // DAY + 1)

    def _cause(self, deed: Deed) -> Trouble | None:
        """What is behind a filing: something that made the test, or most of the tests, fail in the last days."""
        tests = self.account.about[deed.number]
        known = self.wide
        if deed.number not in self.account.incidents:
            known = [each for test in tests for each in reversed(self.by_test[test])]
        else:
            known = [each for each in known if 2 * len(tests & each.tests) >= len(each.tests)]
        return next((each for each in known if _failed_in(each, deed.at - RECENT, deed.at)), None)

    def _alive(self, deed: Deed) -> Trouble | None:
        """The cause of a closed issue that is not mended. A broken build is over when its runs are."""
        if deed.number in self.account.incidents:
            cause = self.causes.get(deed.number)
            return (
                cause if cause and cause.sort is not Sort.BUILD and cause.alive(deed.at) else None
            )
        test = next(iter(self.account.about[deed.number]))
        return next(
            (each for each in self.by_test[test] if each.alive(deed.at) and each.rate > 0), None
        )


def _kind(trouble: Trouble) -> str:
    if trouble.sort is Sort.REGRESSION:
        return "regression"
    return "burst" if trouble.burst else f"flaky {rate_class(trouble.rate)}"


def _failed_in(trouble: Trouble, begin: datetime, end: datetime) -> bool:
    return any(begin <= at < end for at in trouble.failed)


def _lives(deeds: Sequence[Deed]) -> Mapping[int, list[_Life]]:
    turns: dict[int, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.action in (IssueAction.FILE, IssueAction.REOPEN, IssueAction.CLOSE):
            turns[deed.number].append(deed)
    return {number: list(_lives_of(number, each)) for number, each in turns.items()}


def _lives_of(number: int, turns: Sequence[Deed]) -> Iterator[_Life]:
    for sooner, later in pairwise(turns):
        if sooner.action is not IssueAction.CLOSE:
            yield _Life(number, sooner.at, later.at)
    if turns[-1].action is not IssueAction.CLOSE:
        yield _Life(number, turns[-1].at, None)

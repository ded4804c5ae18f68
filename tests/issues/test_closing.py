"""Closing an open issue that did not fail: each rule, its bounds, and the reason it gives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from msgspec import structs

from ci_stat.issues.decisions.closing import quiet_decision, silence_of, silence_words
from ci_stat.issues.decisions.marker_updates import stamp
from ci_stat.issues.decisions.matching import mute_of
from ci_stat.issues.decisions.rules import Change, Decision, Rules
from ci_stat.issues.decisions.silence import Silence
from ci_stat.issues.evidence import Evidence, RunRef
from ci_stat.issues.model import Marker, Reason, TrackedIssue, masked_name
from ci_stat.records import IssueAction, Ledger, Mute
from tests.support.issues import DAY, JOB, ZONE, marker, moment, ours

CASE = "suite.TestFlaky"
NOW = moment(50)
SECOND = timedelta(seconds=1)
# Broken for a week, then quiet for forty days: long enough by every rule.
MARKER = marker(CASE, range(7), a_day=15, jobs=(JOB,))
CALL = stamp("close", 7, MARKER.last.isoformat())


def ref(started: datetime, job: str = JOB, branch: str = "master", shows: bool = True) -> RunRef:
    return RunRef(
        job, int(started.timestamp()), started, "", branch, "", succeeded=True, shows=shows
    )


def days(first: float, last: float, a_day: int = 20) -> list[RunRef]:
    return [ref(moment(first + n / a_day)) for n in range(int((last - first) * a_day))]


def of(runs: Sequence[RunRef], since: float = -40, until: float = 47) -> Evidence:
    return Evidence(
        moment(46),
        moment(47),
        moment(since),
        ZONE,
        (JOB,),
        {},
        (),
        tuple(runs),
        later=moment(until),
    )


def decision(
    issue: TrackedIssue,
    runs: Sequence[RunRef] = (),
    ledger: Ledger | None = None,
    commented: bool = False,
    rules: Rules | None = None,
    until: float = 47,
) -> Decision:
    decision = of(runs or days(0, 47), until=until)
    mute = mute_of(issue.marker, None, (ledger or Ledger()).mutes) if issue.marker else None
    return quiet_decision(issue, decision, mute, rules or Rules(), NOW, commented)


def closable(known: Marker = MARKER, title: str = "", **more: object) -> TrackedIssue:
    made = ours(7, known, **more)  # type: ignore[arg-type]
    return structs.replace(made, issue=structs.replace(made.issue, title=title)) if title else made


# --- what is decided


def test_an_issue_is_closed_with_the_numbers_of_its_silence() -> None:
    result = decision(closable())
    said = (
        "105 failures over 6 days, then none for 40 days in 809 runs; "
        "the chance of that without a fix is less than 0.01%"
    )
    assert (result.action, result.reason, result.why) == (
        IssueAction.CLOSE,
        None,
        f"#7: {said}",
    )
    assert result.changes == (Change("closed", said),)
    assert result.marker == structs.replace(MARKER, closed=CALL)
    assert (result.key, result.kind, result.name, result.runs) == (f"case:{CASE}", "case", CASE, 0)
    assert (result.last, result.stamp) == (MARKER.last, CALL)
    assert result.silence == silence_of(MARKER, of(days(0, 47)))


OPENED = structs.replace(MARKER, closed=CALL)


@pytest.mark.parametrize(
    ("issue", "reason", "why"),
    [
        (closable(labels=("ci_stat/mute",)), Reason.SWITCHED_OFF, "#7 has the label ci_stat/mute"),
        (closable(locked=True), Reason.LOCKED, "#7 is locked"),
        (
            structs.replace(closable(), marker=None),
            Reason.TAKEN_OVER,
            "#7 is ours, but its text has been replaced",
        ),
        (closable(OPENED), Reason.PERSON, "#7: a person reopened it after we had closed it"),
        (
            closable(structs.replace(MARKER, jobs=("one", "two"))),
            Reason.OTHER_JOB,
            "#7 is about one, two",
        ),
        (
            closable(person_wrote=NOW - 14 * DAY + SECOND),
            Reason.PERSON,
            "#7: a person commented in the last 14 days",
        ),
    ],
)
def test_why_an_issue_stays_open(issue: TrackedIssue, reason: Reason, why: str) -> None:
    result = decision(issue)
    assert (result.action, result.reason, result.why, result.issue) == (
        IssueAction.SKIP,
        reason,
        why,
        issue,
    )
    assert (result.marker, result.stamp, result.changes) == (None, "", ())


@pytest.mark.parametrize(
    "issue",
    [
        closable(labels=("bug",)),
        closable(structs.replace(MARKER, closed="of an earlier silence")),
        closable(structs.replace(MARKER, jobs=("one", JOB))),
        closable(structs.replace(MARKER, jobs=())),
        closable(person_wrote=NOW - 14 * DAY),
    ],
)
def test_what_does_not_keep_an_issue_open(issue: TrackedIssue) -> None:
    assert decision(issue).action is IssueAction.CLOSE


@pytest.mark.parametrize(
    ("until", "action"),
    [(50, IssueAction.CLOSE), (50.001, IssueAction.SKIP), (49.9, IssueAction.CLOSE)],
)
def test_a_mute_ends_at_its_moment(until: float, action: IssueAction) -> None:
    mute = Mute(MARKER.key, CASE, moment(until), "known", moment(1))
    result = decision(closable(), ledger=Ledger(mutes={MARKER.key: mute}))
    assert result.action is action
    if action is IssueAction.SKIP:
        assert (result.reason, result.mute, result.why) == (
            Reason.MUTED,
            mute,
            "muted until 2021-07-21: known",
        )


def test_a_silence_that_is_too_short_is_reported() -> None:
    short = marker(CASE, [40, 41, 42])
    result = decision(closable(short))
    assert (result.reason, result.silence) == (Reason.QUIET, silence_of(short, of(days(0, 47))))
    assert result.why.startswith(
        "#7: 3 failures over 2 days, then none for 4 days in 89 runs; the chance "
    )
    assert result.why.endswith("closing needs more than 7 quiet days")


@pytest.mark.parametrize(
    ("since", "reason"), [(48, Reason.FEW_RUNS), (49, Reason.FEW_RUNS), (50, None)]
)
def test_fifty_runs_are_needed(since: int, reason: Reason | None) -> None:
    runs = [*days(0, 6.5), *(ref(MARKER.last + n * SECOND) for n in range(1, since + 1))]
    result = decision(closable(), runs)
    assert result.reason is reason
    if reason:
        assert result.why == f"#7: only {since} runs since the last failure"


@pytest.mark.parametrize(
    ("commented", "announced", "reason"),
    [(False, (), None), (True, (), Reason.CAP), (True, (CALL,), None)],
)
def test_one_comment_a_day_unless_it_is_the_close_itself(
    commented: bool, announced: tuple[str, ...], reason: Reason | None
) -> None:
    result = decision(structs.replace(closable(), announced=announced), commented=commented)
    assert result.reason is reason
    assert (result.why == "#7: limited to one comment per day") == (reason is Reason.CAP)


def test_the_name_is_read_from_the_title_but_for_incidents() -> None:
    title = "unstable test `suite.TestX`"
    one = decision(closable(title=title))
    assert one.name == "suite.TestX"
    assert decision(closable(title="nothing of a name")).name == "nothing of a name"
    assert decision(closable(structs.replace(MARKER, kind="incident"), title=title)).name == title
    taken = decision(structs.replace(closable(title=title), marker=None))
    assert (taken.key, taken.kind, taken.name, taken.last) == ("", "", "suite.TestX", None)


# --- the silence


def test_a_silence_comes_from_the_marker() -> None:
    assert silence_of(MARKER, of(days(0, 47))) == Silence(
        105, 6 * DAY, 40.5 * DAY, DAY, runs=120, runs_since=809, bursts=1
    )


def test_failures_of_days_that_are_not_kept_are_one_more_burst() -> None:
    older = silence_of(structs.replace(MARKER, older=3), of([]))
    assert (older.failures, older.bursts) == (108, 2)
    assert silence_of(marker(CASE, [1, 2, 4, 5, 9]), of([])).bursts == 3


@pytest.mark.parametrize(("until", "quiet"), [(50, 43.5), (47, 40.5), (40, 40.5)])
def test_it_is_quiet_until_now(until: float, quiet: float) -> None:
    assert silence_of(MARKER, of([], until=until)).quiet == quiet * DAY


def test_a_failure_after_the_evidence_leaves_no_silence() -> None:
    assert silence_of(marker(CASE, [47]), of([])).quiet == timedelta(0)


@pytest.mark.parametrize(
    ("started", "runs", "runs_since"),
    [
        (MARKER.first - SECOND, 0, 0),
        (MARKER.first, 1, 0),
        (MARKER.last - SECOND, 1, 0),
        (MARKER.last, 0, 0),
        (MARKER.last + timedelta(microseconds=1), 0, 1),
    ],
)
def test_a_run_is_of_the_span_or_of_the_silence(
    started: datetime, runs: int, runs_since: int
) -> None:
    silence = silence_of(MARKER, of([ref(started)]))
    assert (silence.runs, silence.runs_since) == (runs, runs_since)


@pytest.mark.parametrize(
    ("known", "job", "branch", "shows", "counts"),
    [
        (MARKER, JOB, "master", True, True),
        (MARKER, JOB, "master", False, False),
        (MARKER, JOB, "dev", True, False),
        (MARKER, "other", "master", True, False),
        (structs.replace(MARKER, branches=()), JOB, "dev", True, True),
        (structs.replace(MARKER, branches=(), jobs=()), "other", "dev", True, True),
        (structs.replace(MARKER, branches=(masked_name("db1.corp"),)), JOB, "db1.corp", True, True),
        (
            structs.replace(MARKER, jobs=(masked_name("job.corp"),)),
            "job.corp",
            "master",
            True,
            True,
        ),
    ],
)
def test_only_runs_that_would_show_the_failure_count(
    known: Marker, job: str, branch: str, shows: bool, counts: bool
) -> None:
    runs = [ref(moment(day), job, branch, shows) for day in (3.3, 20)]
    silence = silence_of(known, of(runs))
    assert (silence.runs, silence.runs_since) == (int(counts), int(counts))


@pytest.mark.parametrize(
    ("since", "until", "runs"),
    [
        (0.5, 47, 120),  # all of it is known
        (0.0, 47, 120),
        (-9.0, 47, 120),
        (2.5, 46.5, 80 + 40),  # a day has 20 runs: two of the six days are before our history
        (7.5, 47.5, 0 + 140),
    ],
)
def test_runs_before_our_history_are_estimated(since: float, until: float, runs: int) -> None:
    known = [run for run in days(0.5, until) if run.started >= moment(since)]
    assert silence_of(MARKER, replace(of(known, since, until), end=moment(until))).runs == runs


# --- words


@pytest.mark.parametrize(
    ("silence", "words"),
    [
        (
            Silence(1, timedelta(0), DAY, timedelta(0), 1, 1),
            "1 failure over 1 day, then none for 1 day in 1 run; "
            "the chance of that without a fix is 100.00%",
        ),
        (
            Silence(3, 2 * DAY, 18.9 * DAY, DAY, 9, 1_400),
            "3 failures over 2 days, then none for 18 days in 1,400 runs; "
            "the chance of that without a fix is 0.92%",
        ),
        (
            Silence(3, DAY, 99 * DAY, DAY, 9, 70),  # a hundredth of a percent
            "3 failures over 1 day, then none for 99 days in 70 runs; "
            "the chance of that without a fix is 0.01%",
        ),
        (
            Silence(3, DAY, 100 * DAY, DAY, 9, 70),
            "3 failures over 1 day, then none for 100 days in 70 runs; "
            "the chance of that without a fix is less than 0.01%",
        ),
    ],
)
def test_a_silence_in_words(silence: Silence, words: str) -> None:
    assert silence_words(silence) == words

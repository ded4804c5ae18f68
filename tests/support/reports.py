"""Reports of any content and size, and the numbers that each channel must show."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ci_stat.records import Names, Provenance, Tally, Window
from ci_stat.reports import model as values
from ci_stat.reports.model import DailyReport, DataProblem, HourlyReport, Report
from tests.support.results import SHANGHAI
from tests.support.rows import BEGIN

# Each of them is more than text in one of the channels.
ATTACKS = (
    "<at id=all></at>",
    '<at user_id="all">all</at>',
    "<at email=a@b.c></at>",
    "[x](javascript:alert(1))",
    "![](img_v2_key)",
    "[evil](https://evil.example/)",
    "https://evil.example/a?b=c",
    "www.evil.example",
    "```",
    "```\n# big\n```",
    "&lt;at id=all&gt;",
    "&#60;at id=all&#62;",
    "</font><font color='red'>",
    "<font color=red>",
    "**bold",
    "__under__ ~~gone~~",
    "> quote",
    "# title",
    "- item",
    "1. item",
    "| a | b |",
    "---",
    "<script>alert(1)</script>",
    "\u202egnp.exe\u2066",
    "\u200b\ufeff\0\x1b[31m\x9b2J\x07",
    "two\r\nlines\u2028more",
    "<!channel> <!here> <@U123> <#C1>",
    "<https://evil.example|click>",
    "@everyone @org/team #1 o/r#2",
    "fixes #12",
    "/test all",
    "{{x}} ${y} %s {0}",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\ufe0f\U0001f1e8\U0001f1f3",
    "é\u0301" * 9,
    "中文标题，很长",
    "\ud800\udfff\ud83d",
    "x" * 10_000,
    "&" * 3_000,
    "*_`[]()<>#+-!|~\\/:$\"'" * 40,
    "",
    " ",
)

_WORDS = st.one_of(
    st.sampled_from(ATTACKS),
    st.text(max_size=60),
    st.sampled_from(["tidb_ghpr_unit_test", "testSuite.TestX"]),
)
_HOSTILE = st.one_of(_WORDS, st.builds("{}{}".format, _WORDS, _WORDS))
_LINKS = st.one_of(
    st.sampled_from(
        [
            "https://ci.example/job/1/",
            "http://h/(a)[b]?c=<d>&e='f'\"g\"|",
            "javascript:alert(1)",
            "",
            "ftp://x/",
            "https://",
            "https://h/a b",
            "https://h/\u202e",
            "lark://x",
            "data:text/html,x",
        ]
    ),
    _HOSTILE,
)
_COUNTS = st.integers(0, 10**9)
_TALLIES = st.builds(Tally, *[st.integers(0, 10**6)] * 4)
_RATES = st.none() | st.floats(0, 1)
_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1))
_RUNS = st.builds(values.RunRow, _HOSTILE, _COUNTS, _LINKS, st.none() | _TIMES, _HOSTILE, _HOSTILE)


def _named(names: st.SearchStrategy[str], most: int) -> st.SearchStrategy[Any]:
    """(name, count) with each name once."""
    pairs = st.tuples(names, _COUNTS)
    return st.lists(pairs, max_size=most, unique_by=lambda pair: pair[0]).map(tuple)


def _few(rows: st.SearchStrategy[object], most: int) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(rows, max_size=most).map(tuple)


_PR_TIMES = st.builds(values.PRTimes, _HOSTILE, _COUNTS, _LINKS, _COUNTS)
_FAILURES = st.builds(
    values.FailureRow,
    _HOSTILE,
    _HOSTILE,
    _HOSTILE,
    _COUNTS,
    _COUNTS,
    _few(_HOSTILE, 3),
    _COUNTS,
    _RUNS,
    st.none() | _TIMES,
    st.booleans(),
    _LINKS,
)
_OUTAGES = st.builds(
    values.OutageRow,
    _HOSTILE,
    st.sampled_from(["env", "case", "setup"]),
    _HOSTILE,
    _COUNTS,
    _COUNTS,
    _COUNTS,
    _COUNTS,
    _COUNTS,
    st.none() | _TIMES,
    st.none() | _TIMES,
    _RUNS,
    st.booleans(),
    st.none() | _TIMES,
    st.booleans(),
    _LINKS,
)
_PRS = st.builds(
    values.PRRow,
    _HOSTILE,
    _COUNTS,
    _HOSTILE,
    _HOSTILE,
    _HOSTILE,
    _LINKS,
    _TALLIES,
    _COUNTS,
    _few(_RUNS, 3),
    _COUNTS,
    _COUNTS,
)
_JOBS = st.builds(values.JobRow, _HOSTILE, _TALLIES, _few(_PR_TIMES, 4), _COUNTS, _RUNS, _COUNTS)
_RERUNS = st.builds(
    values.RerunRow,
    _HOSTILE,
    _COUNTS,
    _COUNTS,
    _few(st.tuples(_HOSTILE, _COUNTS), 4),
    _few(_PR_TIMES, 4),
    _COUNTS,
)
_SLOW = st.builds(
    values.DurationRow,
    _HOSTILE,
    _COUNTS,
    _COUNTS,
    _COUNTS,
    st.none() | _COUNTS,
    _COUNTS,
    st.none() | st.floats(-1, 50),
).map(lambda row: replace(row, before_runs=row.before_runs if row.before is not None else 0))
# A nightly job's failures hit that job and no pull request.
_OF_NIGHTLY = _FAILURES.map(lambda row: replace(row, prs=0, more_jobs=0))
_NIGHTLY = st.builds(values.NightlyRow, _HOSTILE, _TALLIES, _few(_OF_NIGHTLY, 5), _COUNTS, _RUNS)
_DAYS = st.builds(
    values.DayCount, st.sampled_from([f"2021-06-{day:02}" for day in range(1, 15)]), _COUNTS, _RATES
)
_NAMES = st.builds(Names, *[_few(_HOSTILE, 2)] * 5)
WINDOW = Window.of(BEGIN, BEGIN + timedelta(hours=1), SHANGHAI)
_SOURCES = st.builds(
    Provenance,
    st.just(WINDOW),
    _COUNTS,
    st.none() | _TIMES,
    _HOSTILE,
    _HOSTILE,
    _named(_HOSTILE, 4),
    _named(st.sampled_from(["read", "missing"]), 3),
    st.sampled_from(["", "1-abc"]),
)
_NUMBERS = st.builds(
    values.Compared,
    st.sampled_from(["runs", "failures"]),
    _COUNTS,
    st.tuples(*[st.none() | st.floats(0, 10**6)] * 2),
)


def _common(kind: str) -> dict[str, st.SearchStrategy[object]]:
    return {
        "kind": st.just(kind),
        "window": st.just(WINDOW),
        "made_at": _TIMES,
        "provenance": _SOURCES,
        "baselines": st.just(("before", "usual")),
        "numbers": _few(_NUMBERS, 5),
        "tally": _TALLIES,
        "miss_cnt": _COUNTS,
        "outages": _few(_OUTAGES, 3),
        "new_failures": _few(_FAILURES, 10),
        "more_new_failures": _COUNTS,
        "news_since": st.none() | _TIMES,
        "missed_failures": _few(_FAILURES, 10),
        "more_missed_failures": _COUNTS,
        "seen_failures": _few(_FAILURES, 10),
        "more_seen_failures": _COUNTS,
        "prs": _few(_PRS, 8),
        "more_prs": _COUNTS,
        "jobs": _few(_JOBS, 8),
        "more_jobs": _COUNTS,
        "history_since": st.none() | _TIMES,
        "late": st.none() | st.builds(values.LateRuns, st.integers(1, 10**6), _COUNTS),
        "names": _NAMES,
        "name": st.just("") | _HOSTILE,
        "version": st.just("0.1.0"),
    }


def _consistent(report: Any) -> Any:
    """The report with the runs by outcome among its numbers; it missed only what it may miss.

    An outage has no more runs of the window than it has runs.
    """
    tally = report.tally
    named = {
        "runs": tally.total,
        "successes": tally.success,
        "failures": tally.failure,
        "aborts": tally.aborted,
        "other ends": tally.other,
    }
    rows = tuple(values.Compared(name, now, (None, 0.5)) for name, now in named.items())
    outages = tuple(
        replace(row, runs=max(row.runs, row.runs_here), runs_here=min(row.runs, row.runs_here))
        for row in report.outages
    )
    report = replace(report, numbers=(*rows, *report.numbers), outages=outages)
    if report.news_since:
        return report
    return replace(report, missed_failures=(), more_missed_failures=0)


HOURLY = st.builds(HourlyReport, **_common("hourly")).map(_consistent)
DAILY = st.builds(
    DailyReport,
    **_common("daily"),
    reruns=_few(_RERUNS, 6),
    more_reruns=_COUNTS,
    slowest=_few(_SLOW, 8),
    more_slowest=_COUNTS,
    nightly=_few(_NIGHTLY, 4),
    more_nightly=_COUNTS,
    days=st.lists(_DAYS, max_size=14, unique_by=lambda day: day.label).map(tuple),
).map(_consistent)
PROBLEMS = st.builds(
    DataProblem,
    st.sampled_from(["hourly", "daily"]),
    st.just(WINDOW),
    _TIMES,
    st.sampled_from(["database", "no data", "old data"]),
    _HOSTILE,
    _HOSTILE,
    st.none() | _TIMES,
    _HOSTILE,
    _NAMES,
    st.just("") | _HOSTILE,
    st.just("0.1.0"),
)
ANY: st.SearchStrategy[Report] = st.one_of(HOURLY, DAILY, PROBLEMS)


_MILLISECONDS = ("median", "longest", "before")


def numbers(value: object) -> Iterator[int]:
    """Every whole number of a report that is shown: not zeroes, durations and times."""
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        if value:
            yield value
    elif isinstance(value, tuple):
        for entry in value:
            yield from numbers(entry)
    elif is_dataclass(value) and not isinstance(value, Window):
        skipped = _MILLISECONDS if isinstance(value, values.DurationRow) else ()
        for field in fields(value):
            if field.name not in skipped:
                yield from numbers(getattr(value, field.name))


def compared(report: Report) -> list[float]:
    """The numbers of the baselines of a report."""
    rows = () if isinstance(report, DataProblem) else report.numbers
    return [other for row in rows for other in row.others if other is not None]

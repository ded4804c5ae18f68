"""The tables of jobs, pull requests and failures at the widths of terminals."""

import io
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import RenderableType

from ci_stat.records import CaseFailure, JobCount, PeriodCount, PRCount, PRFacts, Tally, WindowCount
from ci_stat.rendering.terminal.screen import show
from ci_stat.result import Result
from ci_stat.runs.views import cells, failures, tables
from tests.support.results import provenance, result
from tests.support.rows import row

WIDTHS = [80, 100, 120, 200]
MOMENT = datetime(2021, 6, 19, 8, 1)
JOBS = ("tidb_ghpr_integration_common_test", "tidb_ghpr_integration_copr_test", "CI / test (3.13)")
CASES = ("testJoinSpillSuite.TestSpillPartitionBoundary", "testPlanMemoSuite.TestReplayAcross")
MESSAGE = "obtained 3, expected 2: rows of the partition"


def _shown(table: RenderableType, width: int) -> str:
    out = io.StringIO()
    show(table, out, color=False, width=width)
    return out.getvalue()


def _job(name: str) -> JobCount:
    return JobCount(name, Tally(244, 70, 45), 78, 32, 281, 0, MOMENT, MOMENT)


def _pr(number: int) -> PRCount:
    facts = PRFacts("planner: replay the memo across schemas after restart", "cobalt-heron")
    return PRCount("pingcap/tidb", number, Tally(25, 90, 0), 12, 2, 103, MOMENT, facts)


def _failures() -> Result:
    res = result([row("tidb_ghpr_unit_test", number, "FAILURE", pr=7) for number in (1, 2)])
    runs = [
        replace(run, failures=(CaseFailure("case", case, MESSAGE, source="log"),))
        for run, case in zip(res.all_runs, CASES, strict=True)
    ]
    return Result(runs, res.provenance)


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ((1, 1), "2 failed runs with failures of the table only, one for each run: a lower bound"),
        ((2, 3), "2 failed runs with failures of the table only: a lower bound"),
        ((1, 1, 2), "3 failed runs with failures of the table only, one for each of 2 runs: a l"),
    ],
    ids=str,
)
def test_how_many_failures_the_table_has_for_a_run(counts: tuple[int, ...], says: str) -> None:
    res = result([row("unit", number, "FAILURE") for number in range(len(counts))])
    runs = [
        replace(run, failures=tuple(CaseFailure("case", f"Test{n}", "") for n in range(count)))
        for run, count in zip(res.all_runs, counts, strict=True)
    ]
    assert says in _shown(failures.failures(Result(runs, res.provenance)), 120)


@pytest.mark.parametrize("width", WIDTHS)
def test_names_of_jobs_are_whole(width: int) -> None:
    table = tables.jobs([_job(name) for name in JOBS], provenance(3))
    lines = _shown(table, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert all(any(line.startswith(f" {name} ") for line in lines) for name in JOBS)


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_of_pull_requests_are_whole(width: int) -> None:
    numbers = (25036, 25254)
    table = tables.prs([_pr(number) for number in numbers], 2, provenance(3))
    lines = _shown(table, width).splitlines()
    assert all(any(f"pingcap/tidb#{number} " in line for line in lines) for number in numbers)
    assert "planner: replay the memo" in "\n".join(lines)


@pytest.mark.parametrize("width", WIDTHS)
def test_failures_show_their_names_and_then_what_tells_most(width: int) -> None:
    text = _shown(failures.failures(_failures()), width)
    assert all(case in text for case in CASES)
    assert "first seen" in text
    assert ("kind" in text) == (width >= 100)
    assert (MESSAGE[:20] in text) == (width >= 120)
    assert ("broke, newest first" in text) == (width >= 200)


def test_a_name_that_is_too_long_keeps_its_end() -> None:
    names = [f"{'pipeline/' * 60}{end}" for end in ("linux", "windows")]
    text = _shown(tables.jobs([_job(name) for name in names], provenance(3)), 80)
    assert "linux" in text
    assert "windows" in text


def test_one_row_that_is_left_out_is_one_row() -> None:
    text = _shown(tables.jobs([_job(name) for name in JOBS], provenance(3), limit=2), 80)
    assert "… and 1 more job (--limit)" in text


def _summary(periods: Sequence[PeriodCount], width: int = 80) -> str:
    count = WindowCount(Tally(9, 1), Tally(), 1, 1, 0, 1, 1, 0, periods=tuple(periods))
    return _shown(tables.summary(count, provenance(10)), width)


def _hours(day: int, *runs: int) -> list[PeriodCount]:
    return [
        PeriodCount(f"2021-06-{day} {hour:02d}", Tally(number)) for hour, number in enumerate(runs)
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_empty_hours_fold_into_one_line(width: int) -> None:
    text = _summary([*_hours(19, 5, 0, 4), *_hours(20, *[0] * 24), *_hours(21, 1)], width)
    table = text[text.index("fail rate", text.index("fail rate") + 1) :]
    lines = [line for line in table.splitlines() if line.startswith(" 2021")]
    labels = [line.rstrip(" █")[:20].rstrip() for line in lines]
    assert labels == [
        " 2021-06-19 00",
        " 2021-06-19 01",
        " 2021-06-19 02",
        " 2021-06-20 00 to 23",
        " 2021-06-21 00",
    ]
    assert "24 hours without runs" in lines[3]
    assert "█" in lines[0]


def test_empty_days_fold_into_one_line() -> None:
    days = [PeriodCount(f"2021-06-{day}", Tally(0)) for day in range(11, 21)]
    text = _summary([*days, PeriodCount("2021-06-21", Tally(3))])
    assert "2021-06-11 to 2021-06-20" in text
    assert "2021-06-15" not in text
    assert "2021-06-21 Mon" in text


@pytest.mark.parametrize(
    ("shown", "said"),
    [(1, "… and 2 more failures (--limit)"), (2, "… and 1 more failure (--limit)")],
)
def test_rows_that_are_left_out_are_counted(shown: int, said: str) -> None:
    (text,) = cells.omitted(shown, 3, "failure")
    assert text.plain == said
    assert cells.omitted(3, 3, "failure") == []


def test_no_caller_names_what_it_omits_in_the_plural() -> None:
    """`omitted` makes the plural: `failures` became `failuress`."""
    package = Path(cells.__file__).parents[1]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    things = re.findall(r'[^_]omitted\([^"\n]*"([^"]*)"\)', sources)
    assert len(things) >= 6
    assert [thing for thing in things if thing.endswith("s")] == []


_NO_RUNS = "No runs in this window; the newest row is from 2021-06-19 12:00:00."


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (tables.jobs([], provenance(0, datetime(2021, 6, 19, 12))), _NO_RUNS),
        (tables.prs([], 0, provenance(0, datetime(2021, 6, 19, 12))), _NO_RUNS),
        (tables.prs([], 0, provenance(5)), "Of 5 runs in this window, none belongs to a pull req"),
        (failures.failures(Result([], provenance(3))), "Of 3 runs in this window, none failed."),
    ],
    ids=["jobs", "prs", "only nightly runs", "failures"],
)
def test_without_rows_it_says_why_and_has_no_titles(table: RenderableType, says: str) -> None:
    title, reason, source, query, *rest = _shown(table, 200).splitlines()
    assert title.endswith("[2021-06-19 00:00:00, 2021-06-20 00:00:00) Asia/Shanghai  1 day")
    assert reason.startswith(says)
    assert source.startswith("[2021-06-19 00:00:00")
    assert query.startswith("query: ")
    assert rest == []


def test_unknown_failures_say_that_no_log_was_read() -> None:
    res = result([row("unit", 1, "FAILURE", pr=7)])
    assert "1 failed run without a known failure; no log was read" in _shown(
        failures.failures(res), 99
    )

"""`ci-stat compare`: planted changes are found, chance is said to be chance."""

import io
import json
import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.context import Context
from ci_stat.records import (
    CaseFailure,
    Extraction,
    FailureKind,
    LogState,
    RunFilter,
    RunRow,
    Window,
)
from ci_stat.rendering.terminal.screen import show
from ci_stat.result.comparing import Change, Comparison
from ci_stat.result.comparing.rates import CHANCE, Sample, compare_rates
from ci_stat.runs.comparing.service import Comparer
from ci_stat.runs.comparing.tables import comparison_table
from ci_stat.runs.database import Source
from ci_stat.store.engine import open_engine
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.setup import prepare_state
from tests.conftest import SHANGHAI, Fill
from tests.support import hostile
from tests.support.command import Call
from tests.support.rows import row

NOW, BEFORE = datetime(2021, 6, 19), datetime(2021, 6, 12)
WEEK = ["--begin", "2021-06-19", "--end", "2021-06-26"]
_ids = count(10)


def runs(
    begin: datetime,
    passed: int,
    failed: int,
    case: str | None = None,
    job: str = "unit",
    seconds: int = 600,
    pr: int | None = None,
    **more: object,
) -> list[RunRow]:
    """Runs of a week; each has a pull request of its own, or all have `pr`."""
    rows = []
    for place in range(passed + failed):
        number = next(_ids)
        is_failed = place < failed
        rows.append(
            row(
                job,
                number,
                "FAILURE" if is_failed else "SUCCESS",
                pr=pr or number,
                time=begin + timedelta(minutes=number % 9_000),
                duration=(seconds + place) * 1000,
                analysis_res={"case": [case]} if case and is_failed else None,
                **more,
            )
        )
    return rows


def week(begin: datetime, **names: tuple[str, ...]) -> RunFilter:
    return RunFilter(Window.of(begin, begin + timedelta(days=7), SHANGHAI), **names)


def compared(source: Source, state: ExtractionStore | None = None) -> Comparison:
    return Comparer(source, state).compare(week(NOW), week(BEFORE))


def found(comparison: Comparison) -> dict[str, str]:
    """The failures that changed beyond chance."""
    changes = [failure for failure in comparison.failures if not failure.rates.by_chance]
    return {failure.name: str(failure.rates.change) for failure in changes}


def test_what_changed_is_found_and_the_rest_is_chance(source: Source, fill: Fill) -> None:
    fill(
        [
            *runs(NOW, 80, 20, "S.New"),
            *runs(BEFORE, 100, 0),
            *runs(BEFORE, 80, 20, "S.Gone", "check"),
            *runs(NOW, 100, 0, job="check"),
            *runs(NOW, 60, 40, "S.Worse", "worse"),
            *runs(BEFORE, 90, 10, "S.Worse", "worse"),
            *runs(NOW, 95, 5, "S.Better", "better"),
            *runs(BEFORE, 70, 30, "S.Better", "better"),
            *runs(NOW, 97, 3, "S.Noise", "noise"),
            *runs(BEFORE, 98, 2, "S.Noise", "noise"),
            *runs(NOW, 50, 1, "S.Once", "once"),
            *runs(BEFORE, 50, 0, job="once"),
        ]
    )
    comparison = compared(source)
    assert found(comparison) == {
        "S.Worse": "worse",
        "S.Better": "better",
        "S.New": "new",
        "S.Gone": "gone",
    }
    sizes = [failure.rates.interval.least for failure in comparison.failures]
    assert sizes[:4] == sorted(sizes[:4], reverse=True), "the largest change first"
    once = next(failure for failure in comparison.failures if failure.name == "S.Once")
    assert (once.rates.change, once.rates.by_chance, once.rates.decidable) == ("new", True, False)
    jobs = {job.name: job.rates for job in comparison.jobs}
    assert (jobs["worse"].change, jobs["worse"].by_chance) == (Change.WORSE, False)
    assert (jobs["noise"].change, jobs["noise"].by_chance) == (Change.WORSE, True)
    assert [total.rates.now.runs for total in comparison.totals] == [551, 0, 551]


def test_one_pull_request_that_fails_often_is_no_change_of_the_ci(
    source: Source, fill: Fill
) -> None:
    fill([*runs(NOW, 80, 0), *runs(NOW, 0, 20, "S.Own", pr=77), *runs(BEFORE, 100, 0)])
    comparison = compared(source)
    (failure,) = comparison.failures
    assert (failure.rates.now.count, failure.rates.now.prs) == (20, 1)
    assert (failure.rates.change, failure.rates.by_chance) == (Change.NEW, True)
    fill([*runs(NOW, 80, 0), *runs(NOW, 0, 20, "S.All"), *runs(BEFORE, 100, 0)])
    assert found(compared(source)) == {"S.All": "new"}


def test_jobs_that_became_slower(source: Source, fill: Fill) -> None:
    fill(
        [
            *runs(NOW, 30, 0, job="slow", seconds=1_200),
            *runs(BEFORE, 30, 0, job="slow", seconds=900),
            *runs(NOW, 30, 0, job="fast", seconds=300),
            *runs(BEFORE, 30, 0, job="fast", seconds=900),
            *runs(NOW, 30, 0, job="same"),
            *runs(BEFORE, 30, 0, job="same"),
            *runs(NOW, 5, 0, job="few", seconds=9_000),
            *runs(BEFORE, 5, 0, job="few"),
            # These ended at once, because their commit was tested before.
            *runs(NOW, 30, 0, job="cheap", seconds=2_000),
            *runs(BEFORE, 40, 0, job="cheap", seconds=10),
            *runs(BEFORE, 30, 0, job="cheap", seconds=2_000),
        ]
    )
    durations = {change.job: change for change in compared(source).durations}
    certain = [job for job, change in durations.items() if not change.by_chance]
    assert certain == ["fast", "slow"], "the largest change first"
    assert durations["slow"].change is Change.SLOWER
    interval = durations["slow"].interval
    assert interval is not None
    assert 0.28 < interval.low < durations["slow"].change_of_median < interval.high < 0.37
    assert durations["cheap"].by_chance
    assert "few" not in durations


def test_of_failures_that_did_not_change_few_are_called_changed() -> None:
    """One in ten weeks without any change may have a false alarm, not one in ten failures."""
    draw = random.Random(3)
    weeks_with_alarms = single_tests = 0
    for _ in range(100):
        pairs = [(_chance(draw), _chance(draw)) for _ in range(100)]
        rates = compare_rates(pairs)
        weeks_with_alarms += any(not rate.by_chance for rate in rates)
        single_tests += any(rate.p_value <= CHANCE for rate in rates)
    assert weeks_with_alarms <= 15
    assert single_tests == 100, "without correction, every week would have false alarms"


def _chance(draw: random.Random) -> Sample:
    return Sample(sum(draw.random() < 0.1 for _ in range(60)), 60)


# Logs


@pytest.fixture
def state(tmp_path: Path) -> ExtractionStore:
    store = ExtractionStore(open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}"), "ci")
    prepare_state(store.engine)
    return store


def keep(state: ExtractionStore, rows: Sequence[RunRow], *names: str) -> None:
    failures = tuple(CaseFailure(FailureKind.CASE.value, name, source="log") for name in names)
    failed = [run for run in rows if run.status == "FAILURE"]
    extraction = Extraction(LogState.READ, failures, 10, 100)
    state.keep({(run.job, run.job_id): extraction for run in failed}, "rules")


def test_failures_are_those_of_logs_that_were_read(
    source: Source, fill: Fill, state: ExtractionStore
) -> None:
    now, before = runs(NOW, 80, 20, "S.First"), runs(BEFORE, 80, 20, "S.First")
    fill([*now, *before])
    keep(state, now, "S.First", "S.Second")
    keep(state, before, "S.First")
    comparison = compared(source, state)
    assert (comparison.by_logs, comparison.uneven) == (True, False)
    assert found(comparison) == {"S.Second": "new"}
    assert compared(source).by_logs is False


def test_a_window_whose_logs_were_not_read_is_compared_by_the_table(
    source: Source, fill: Fill, state: ExtractionStore
) -> None:
    now, before = runs(NOW, 80, 20, "S.First"), runs(BEFORE, 80, 20, "S.First")
    fill([*now, *before])
    keep(state, now, "S.First", "S.Second")
    comparison = compared(source, state)
    assert (comparison.by_logs, comparison.uneven) == (False, False)
    assert found(comparison) == {}


def test_failures_that_are_known_on_one_side_only_are_no_news(
    source: Source, fill: Fill, state: ExtractionStore, call: Call
) -> None:
    now, before = runs(NOW, 80, 20), runs(BEFORE, 80, 20)
    fill([*now, *before])
    keep(state, now, "S.First")
    assert (compared(source, state).by_logs, compared(source, state).uneven) == (True, True)


# The tables


def _shown(comparison: Comparison, width: int | None) -> str:
    out = io.StringIO()
    show(comparison_table(comparison, 9, everything=True), out, color=False, width=width)
    return out.getvalue()


def test_names_are_never_cut(source: Source, fill: Fill) -> None:
    message = f"curl: {'a/long/folder/' * 16}cannot be reached"
    failed = row("unit", 5, "FAILURE", pr=5, time=NOW, analysis_res={"env": [message]})
    fill([failed, *runs(NOW, 20, 9), *runs(BEFORE, 20, 9)])
    for width in (80, 120, None):
        text = _shown(compared(source), width)
        assert "…" not in text
        assert "".join(message.split()) in "".join(text.split())


def test_both_rates_are_shown_or_none(source: Source, fill: Fill) -> None:
    fill([*runs(NOW, 20, 9), *runs(BEFORE, 20, 9)])
    comparison = compared(source)
    for width in range(60, 130, 4):
        lines = _shown(comparison, width).splitlines()
        heads = [line for line in lines if re.search(r" now .* before ", line)]
        assert heads
        for head in heads:
            assert head.count(" rate ") in (0, 2), width
            assert head[20:].count(" runs ") in (0, 2), width


def test_without_durations_it_says_what_is_needed(source: Source, fill: Fill) -> None:
    fill([*runs(NOW, 7, 9), *runs(BEFORE, 20, 9)])
    text = _shown(compared(source), None)
    *_, durations = text.partition("Durations of successful runs: ")
    assert durations.startswith("no job has 8 successful runs on each side, which are needed\n")
    assert "before" not in durations.splitlines()[1]
    assert "within chance" not in durations.splitlines()[0]


# The command


@pytest.fixture
def database(engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("CI_STAT_URL", url)
    return engine


def test_the_table_and_json_of_the_command(database: Engine, fill: Fill, call: Call) -> None:
    hostile_name = "S.New\x1b[31m\n=cmd()"
    fill(
        [
            *runs(NOW, 80, 20, hostile_name),
            *runs(BEFORE, 100, 0),
            *runs(NOW, 97, 3, "S.Noise", "noise"),
            *runs(BEFORE, 98, 2, "S.Noise", "noise"),
            row("unit", 1, pr=1, time=BEFORE - timedelta(days=30)),
        ]
    )
    shown = call("compare", *WEEK)
    assert (shown.code, shown.err) == (0, "")
    assert not hostile.raw(shown.out)
    assert "Failures: 1 new, 1 unchanged or within chance" in shown.out
    assert re.search(r"chance +S\.Noise +case", shown.out)
    assert re.search(r"new .*20 of 100 +20\.0% +13\.3–28\.9%", shown.out)

    data = json.loads(call("compare", *WEEK, "--json", "--limit", "1").out)
    (first,) = data["failures"]["rows"]
    assert (data["failures"]["total"], data["failures"]["shown"]) == (2, 1)
    assert (first["change"], first["may_be_chance"]) == ("new", False)
    assert first["now"] == {
        "failed": 20,
        "runs": 100,
        "rate": 0.2,
        "interval": [0.1334, 0.2888],
        "prs": 20,
        "nightly_runs": 0,
    }
    assert data["before"]["source"]["begin"] == "2021-06-12T00:00:00+08:00"
    assert {total["name"] for total in data["totals"]} == {"pull requests", "nightly", "together"}


@pytest.mark.parametrize(
    ("arguments", "begin", "end"),
    [
        ([], "2021-06-12", "2021-06-19"),
        (["--with", "4w"], "2021-05-22", "2021-06-19"),
        (["--with", "2021-06-05"], "2021-06-05", "2021-06-12"),
        (["--with", "2021-06-01..2021-06-03"], "2021-06-01", "2021-06-03"),
    ],
)
def test_the_window_to_compare_with(
    database: Engine, fill: Fill, call: Call, arguments: list[str], begin: str, end: str
) -> None:
    fill([*runs(NOW, 3, 1), *runs(datetime(2021, 6, 1), 3, 1), *runs(datetime(2021, 6, 10), 3, 1)])
    answer = call("compare", *WEEK, *arguments, "--json")
    source = json.loads(answer.out)["before"]["source"]
    assert (source["begin"][:10], source["end"][:10]) == (begin, end)


def test_two_branches_in_one_window(database: Engine, fill: Fill, call: Call) -> None:
    fill(
        [
            *runs(NOW, 50, 50, "S.Branch", branch="release-5.1"),
            *runs(NOW, 100, 0, branch="master"),
        ]
    )
    both = ("--branch", "release-5.1", "--with-branch", "master")
    data = json.loads(call("compare", *WEEK, *both, "--json").out)
    assert (data["now"]["branches"], data["before"]["branches"]) == (["release-5.1"], ["master"])
    assert data["now"]["source"]["begin"] == data["before"]["source"]["begin"]
    assert data["failures"]["rows"][0]["change"] == "new"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--with-branch", "master"], "--with-branch needs a branch"),
        (["--with", "2021-06-20"], "contain the same runs"),
        (["--branch", "a", "--with-branch", "a"], "contain the same runs"),
        (["--with", "yesterdy"], "--with 'yesterdy' is not a time"),
        (["--with", "0d"], "--with '0d' is too short"),
        (["--with", "..2021-06-01"], "--with '' is not a time"),
        (["--with", "999999w"], "beyond the years"),
    ],
)
def test_windows_that_cannot_be_compared(
    database: Engine, call: Call, arguments: list[str], said: str
) -> None:
    answer = call("compare", *WEEK, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_window_without_runs_cannot_be_compared(database: Engine, fill: Fill, call: Call) -> None:
    fill(runs(NOW, 3, 1))
    answer = call("compare", *WEEK)
    assert answer.code == 12
    assert "nothing can be compared" in answer.err
    assert "Compare" in answer.out
    assert json.loads(call("compare", *WEEK, "--json").out)["before"]["runs"] == 0


def test_data_that_begins_in_the_window_before_is_said(
    database: Engine, fill: Fill, call: Call
) -> None:
    late = row("unit", 1, pr=1, time=BEFORE + timedelta(days=3))
    fill([*runs(NOW, 3, 1), late])
    answer = call("compare", *WEEK)
    assert answer.code == 0
    assert "the data begins at 2021-06-15" in answer.err
    assert "what is new may be older" in answer.err
    assert json.loads(call("compare", *WEEK, "--json").out)["data_begins"][:10] == "2021-06-15"
    older = row("unit", 2, pr=2, time=BEFORE - timedelta(days=30))
    fill([*runs(NOW, 3, 1), late, older])
    assert call("compare", *WEEK).err == ""


def test_an_unknown_job_is_said_once(database: Engine, fill: Fill, call: Call) -> None:
    fill([*runs(NOW, 3, 1), *runs(BEFORE, 3, 1)])
    answer = call("compare", *WEEK, "--job", "units")
    assert answer.code == 12
    assert answer.err.count("'units'") == 1
    assert "similar: unit" in answer.err


def test_it_reads_the_state_of_logs_and_creates_none(
    database: Engine, fill: Fill, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_url = f"sqlite:///{tmp_path}/state.sqlite"
    monkeypatch.setenv("CI_STAT_STATE_URL", state_url)
    now, before = runs(NOW, 80, 20), runs(BEFORE, 80, 20)
    fill([*now, *before])
    assert json.loads(call("compare", *WEEK, "--json").out)["failures_from"] == "table"
    assert not list(tmp_path.glob("state*"))
    with Context() as context:
        keep(ExtractionStore(context.state, context.source.name), [*now, *before], "S.Log")
    data = json.loads(call("compare", *WEEK, "--json").out)
    assert data["failures_from"] == "logs"
    assert data["failures"]["rows"][0]["name"] == "S.Log"

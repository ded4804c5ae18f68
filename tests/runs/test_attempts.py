"""Attempts: a rerun under the same build number is a run of its own, and is shown as `7.2`."""

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.records import Run, build_id
from ci_stat.result import Result
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import export_rows, read_rows
from ci_stat.runs.import_runs import import_lines
from ci_stat.runs.views.listings import run_lines
from tests.conftest import SHANGHAI, Fill, day
from tests.support.command import Call
from tests.support.rows import row

PAGE = "https://ci.example/runs/7/attempts/2"


def line(**more: Any) -> bytes:
    values = {"job_name": "unit", "job_id": 7, "status": "FAILED", "time": "2021-06-19T08:30:00"}
    return json.dumps(values | more).encode()


def loaded(source: Source) -> Result:
    return source.load(day())


def runs_of(source: Source) -> list[Run]:
    return list(loaded(source).all_runs)


def test_an_attempt_never_replaces_the_failure_that_it_repeats(
    engine: Engine, source: Source
) -> None:
    pull = {"repo": "o/r", "pr_number": 7, "commit": "c"}
    first = line(**pull)
    second = line(**pull, attempt=2, status="SUCCESS", url=PAGE, time="2021-06-19T09:30:00")
    for _ in range(2):  # once more on top: nothing changes
        assert import_lines(engine, [first, second], SHANGHAI).stored == 2

    result = loaded(source)
    runs = list(result.all_runs)
    assert [(run.status, run.number, run.attempt) for run in runs] == [
        ("FAILURE", 7, 1),
        ("SUCCESS", 7, 2),
    ]
    assert [run.build for run in runs] == ["7", "7.2"]
    assert runs[1].link == PAGE
    assert "/7/" in runs[0].link
    assert result.pr_map["o/r", 7].total_rerun_cnt == 1
    assert result.attempt_cnt == 1
    assert source.count_window(day())[0].rerun_cnt == 1


def test_export_and_import_keep_attempts_and_pages(engine: Engine, fill: Fill) -> None:
    lines = [
        line(),
        line(attempt=2, url=PAGE),
        line(attempt=3, description={"a": 1}, repo="o/r", pr_number=3),
        line(job_id=8, attempt=1, url=PAGE),
    ]
    import_lines(engine, lines, SHANGHAI)
    before = list(read_rows(engine, None))
    out = io.StringIO()
    export_rows(engine, None, out, lambda _n: None)
    written = [json.loads(text) for text in out.getvalue().splitlines()]
    assert [(record["job_id"], record.get("attempt")) for record in written] == [
        (7, None),
        (8, None),
        (7, 2),
        (7, 3),
    ]
    assert [record.get("url") for record in written] == [None, PAGE, PAGE, None]
    assert "ci_stat_" not in out.getvalue()

    fill([])
    import_lines(engine, out.getvalue().encode().splitlines(), SHANGHAI)
    assert list(read_rows(engine, None)) == before


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"attempt": 0}, "attempt is 0, not a number from 1 to 9,222"),
        ({"attempt": 9_223}, "attempt is 9223, not"),
        ({"attempt": "2"}, 'attempt is "2", not a whole number'),
        ({"attempt": 2, "job_id": 10**15}, "with an attempt it must be below 10^15"),
        ({"url": "javascript:alert(1)"}, 'url is "javascript:alert(1)", not an absolute http(s)'),
        ({"url": 7}, "url is 7, not a string"),
        ({"attempt": 2, "description": "text"}, "description is a string"),
    ],
)
def test_what_is_no_attempt_and_no_page(engine: Engine, more: dict[str, Any], reason: str) -> None:
    result = import_lines(engine, [line(**more)], SHANGHAI)
    assert result.stored == 0
    assert reason in result.skipped[0][1]


def test_a_stored_number_of_its_own_keeps_it(fill: Fill, source: Source) -> None:
    """GitHub's job ids differ by attempt, so only the attempt is in the description."""
    own = {"ci_stat_attempt": 2, "ci_stat_run": 5, "ci_stat_url": PAGE}
    fill([row("build / linux", 70_123_456_789, description=own)])
    (run,) = runs_of(source)
    assert (run.number, run.attempt, run.build) == (70_123_456_789, 2, "70123456789")
    assert run.link == PAGE


@pytest.mark.parametrize(
    "own",
    [
        {"ci_stat_attempt": "two", "ci_stat_url": "javascript:alert(1)"},
        {"ci_stat_attempt": -1, "ci_stat_url": 7},
        {"ci_stat_attempt": True, "ci_stat_url": None},
        {"ci_stat_attempt": [2], "ci_stat_url": "https://e.x/a b"},
        {"ci_stat_attempt": 1e300},
        '{"ci_stat_attempt": 2',
    ],
)
@pytest.mark.parametrize("repo", ["o/r", None])
def test_odd_values_of_other_writers_are_ignored(
    fill: Fill, source: Source, own: object, repo: str | None
) -> None:
    if isinstance(own, str) and source.engine.dialect.name != "sqlite":
        pytest.skip("the column accepts JSON only")
    fill([row("unit", 7, description=own, repo=repo)])
    result = loaded(source)
    (run,) = result.all_runs
    assert (run.attempt, run.url, run.number, run.build) == (1, None, 7, "7")
    # Without a repository no pull request can be hidden: no warning, as where SQL counts.
    assert len(result.provenance.warnings) == (isinstance(own, str) and repo is not None)
    assert source.count_window(day())[1].warnings == result.provenance.warnings


def test_every_list_shows_number_and_attempt(
    engine: Engine, source: Source, call: Call, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = line(attempt=2, case=["TestX"], url=PAGE, time="2021-06-19T23:30:00")
    import_lines(engine, [late], SHANGHAI)
    result = loaded(source)
    (run,) = result.all_runs
    assert "unit #7.2" in repr(run)
    (first, *_) = run_lines(run, 0, with_job=True)
    assert "#7.2 " in "".join(text for text, _ in first.parts)
    assert "unit #7.2" in result.job_map["unit"]._repr_html_()

    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "Asia/Shanghai")
    window = ("--since", "24h", "--end", "2021-06-20")
    assert "unit #7.2" in call("failures", *window).out
    (failure,) = json.loads(call("failures", *window, "--json").out)["failures"]
    assert failure["broke"] == ["unit#7.2"]
    assert failure["newest_run"] == PAGE
    report = call("report", "daily", "--end", "2021-06-20").out
    assert "#7.2" in report


def test_frames_have_number_attempt_and_page(engine: Engine, source: Source) -> None:
    import_lines(engine, [line(), line(attempt=2, url=PAGE)], SHANGHAI)
    frame = loaded(source).to_frame()
    assert list(frame["number"]) == [7, 7]
    assert list(frame["attempt"]) == [1, 2]
    assert frame["url"].notna().tolist() == [False, True]
    assert frame["job_id"].is_unique


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("7", 7),
        ("#7", 7),
        ("7.1", 7),
        ("7.2", 2 * 10**15 + 7),
        ("70123456789", 70_123_456_789),
        ("7.0", None),
        ("7.", None),
        ("7.9999", None),
        ("9" * 19, None),
        ("٧", None),
        ("-7", None),
        ("unit", None),
    ],
)
def test_a_build_as_people_write_it(text: str, id: int | None) -> None:
    assert build_id(text) == id


def test_the_log_of_an_attempt(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "logs" / "unit"
    folder.mkdir(parents=True)
    (folder / "7.log").write_text("--- FAIL: TestFirst (0.1s)\nFinished: FAILURE\n")
    (folder / "7.2.log").write_text("--- FAIL: TestSecond (0.1s)\nFinished: FAILURE\n")
    monkeypatch.setenv("CI_STAT_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("CI_STAT_LOG_TEMPLATE", "{job}/{number}.log")
    first, second = call("explain", "unit", "7"), call("explain", "unit", "7.2")
    assert "TestFirst" in first.out
    assert "unit #7.2" in second.out
    assert "TestSecond" in second.out


def test_a_time_of_day_keeps_attempts_in_order(engine: Engine, source: Source) -> None:
    lines = [line(attempt=attempt) for attempt in (3, 1, 2)]
    import_lines(engine, lines, SHANGHAI)
    runs = runs_of(source)
    assert [run.attempt for run in runs] == [1, 2, 3]
    assert {run.time for run in runs} == {datetime(2021, 6, 19, 8, 30)}

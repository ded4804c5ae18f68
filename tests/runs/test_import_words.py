"""An import understands the words of other CIs, and failures with message, place and page."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.records import CaseFailure
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import read_rows
from ci_stat.runs.import_runs import ImportResult, import_lines
from ci_stat.store.engine import open_engine
from tests.conftest import SHANGHAI, Fill, day
from tests.support.command import Call
from tests.support.rows import row

FAILURE = {
    "name": "TestCargo",
    "kind": "panic",
    "message": "3 crates,\nwant 4",
    "file": "cargo_test.go",
    "line": 31,
    "link": "https://ci.example/runs/7#TestCargo",
}


def line(**more: Any) -> bytes:
    values = {"job_name": "unit", "job_id": 7, "status": "failed", "time": "2021-06-19T08:30:00"}
    return json.dumps(
        {name: value for name, value in (values | more).items() if value != ...}
    ).encode()


def imported(engine: Engine, *lines: bytes) -> ImportResult:
    return import_lines(engine, lines, SHANGHAI)


def status_of(engine: Engine, **words: Any) -> str:
    """The stored status, or why the line is not stored."""
    result = imported(engine, line(**words))
    (outcome,) = (
        *(f"unfinished {word}" for word in result.unfinished),
        *(f"skipped {word}" for word in result.not_run),
        *(reason for _, reason in result.skipped),
        *(found.status for found in read_rows(engine, None)),
    )
    return outcome


GITHUB = {
    "success": "SUCCESS",
    "failure": "FAILURE",
    "timed_out": "FAILURE",
    "startup_failure": "FAILURE",
    "cancelled": "ABORTED",
    "skipped": "skipped skipped",
    "neutral": "skipped neutral",
    "stale": "skipped stale",
    "action_required": "unfinished action_required",
}
GITLAB = {
    "success": "SUCCESS",
    "failed": "FAILURE",
    "canceled": "ABORTED",
    **{word: f"skipped {word}" for word in ("skipped",)},
    **{
        word: f"unfinished {word}"
        for word in ("manual", "created", "pending", "running", "preparing", "scheduled")
    },
}
BUILDKITE = {
    "passed": "SUCCESS",
    "failed": "FAILURE",
    "timed_out": "FAILURE",
    "canceled": "ABORTED",
    "blocked": "unfinished blocked",
    "failing": "unfinished failing",
    "not_run": "skipped not_run",
    "broken": "skipped broken",
}
CIRCLECI = {
    "success": "SUCCESS",
    "failed": "FAILURE",
    "error": "FAILURE",
    "infrastructure_fail": "FAILURE",
    "timedout": "FAILURE",
    "canceled": "ABORTED",
    "unauthorized": "skipped unauthorized",
    "not_run": "skipped not_run",
    "on_hold": "unfinished on_hold",
    "running": "unfinished running",
    "queued": "unfinished queued",
}


@pytest.mark.parametrize(
    ("word", "outcome"),
    sorted({*GITHUB.items(), *GITLAB.items(), *BUILDKITE.items(), *CIRCLECI.items()}),
)
@pytest.mark.parametrize("field", ["status", "conclusion"])
def test_the_words_of_four_systems(tmp_path: Any, field: str, word: str, outcome: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'ci.sqlite'}")
    words = {"status": ..., field: word.title()}
    assert status_of(engine, **words) == outcome


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ({"status": "completed", "conclusion": "failure"}, "FAILURE"),
        ({"status": "completed"}, "SUCCESS"),
        ({"status": "in_progress", "conclusion": None}, "unfinished in_progress"),
        ({"status": "queued", "conclusion": ""}, "unfinished queued"),
        ({"status": "success", "conclusion": "SUCCESS"}, "SUCCESS"),
        (
            {"status": "completed", "conclusion": None},
            "status is completed, but conclusion is missing: the outcome is unknown",
        ),
        (
            {"status": "success", "conclusion": "failure"},
            'status "success" and conclusion "failure" differ',
        ),
        ({"status": ..., "conclusion": ...}, "missing status"),
        ({"status": ..., "conclusion": 7}, "conclusion is 7, not a string"),
        (
            {"conclusion": "x", "status_is_raw": True},
            "conclusion with status_is_raw: write the word as status",
        ),
        ({"status": "running", "status_is_raw": True}, "running"),
        ({"status": "UNSTABLE"}, "UNSTABLE"),
    ],
)
def test_status_and_conclusion(engine: Engine, words: dict[str, Any], outcome: str) -> None:
    assert status_of(engine, **words) == outcome


def test_a_run_that_does_not_count_needs_no_time(engine: Engine) -> None:
    result = imported(engine, line(status="queued", time=...), line(status="queued"))
    assert (result.stored, result.skipped) == (0, [])
    assert dict(result.unfinished) == {"queued": 2}


def test_the_command_says_what_it_does_not_count(
    engine: Engine, call: Call, url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("failed", "running", "Running", "queued", "skipped", "neutral", "success")
    file = tmp_path / "runs.jsonl"
    lines = [line(job_id=number, status=word) for number, word in enumerate(words)]
    file.write_bytes(b"\n".join(lines))
    monkeypatch.setenv("CI_STAT_URL", url)
    answer = call("import", "--strict", str(file))
    assert answer.code == 0
    assert (
        "3 runs not stored: not finished; import them again when they have ended "
        "(2 running, 1 queued)" in answer.err
    )
    assert (
        "2 runs not stored: skipped by the CI, which does not count as a run "
        "(1 skipped, 1 neutral)" in answer.err
    )
    assert "7 lines read, 2 runs stored, 0 lines skipped" in answer.out


# Failures


def test_a_failure_with_message_place_and_page(engine: Engine, source: Source) -> None:
    other = {"name": "gofmt", "kind": "check"}
    result = imported(engine, line(case=["TestA"], failures=[FAILURE, other]))
    assert result.skipped == []
    (stored,) = read_rows(engine, None)
    assert isinstance(stored.analysis_res, dict)
    # What other readers of the table see, and what SQL counts.
    assert stored.analysis_res["case"] == ["TestA", "TestCargo"]
    assert stored.analysis_res["check"] == ["gofmt"]

    res = source.load(day())
    assert res.all_runs[0].failures == (
        CaseFailure("check", "gofmt"),
        CaseFailure("case", "TestA"),
        CaseFailure(
            "panic",
            "TestCargo",
            "3 crates,\nwant 4",
            file="cargo_test.go",
            line=31,
            link="https://ci.example/runs/7#TestCargo",
        ),
    )
    assert (res.miss_cnt, source.count_window(day())[0].miss_cnt) == (0, 0)
    frame = res.failures_frame().set_index("case")
    assert frame.loc["TestCargo", "message"] == "3 crates,\nwant 4"
    assert frame.loc["TestCargo", "line"] == 31
    assert frame.loc["TestCargo", "link"] == FAILURE["link"]


def test_commands_and_cards_show_the_message_and_the_page(
    engine: Engine, call: Call, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(engine, line(failures=[FAILURE], time="2021-06-19T23:30:00"))
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "Asia/Shanghai")
    window = ("--since", "24h", "--end", "2021-06-20")
    assert "3 crates" in call("failures", *window).out
    (failure,) = json.loads(call("failures", *window, "--json").out)["failures"]
    assert {name: failure[name] for name in ("message", "file", "line", "link")} == {
        name: FAILURE[name] for name in ("message", "file", "line", "link")
    }
    run = call("run", "unit", "7").out
    assert "cargo_test.go:31" in run
    assert str(FAILURE["link"]) in run
    (of_run,) = json.loads(call("run", "unit", "7", "--json").out)["failures"]
    assert (of_run["file"], of_run["line"], of_run["link"]) == (
        "cargo_test.go",
        31,
        FAILURE["link"],
    )
    card = call("report", "daily", "--end", "2021-06-20", "--as", "markdown").out
    assert "3 crates" in card
    assert "](https://ci.example/runs/7#TestCargo)" in card


@pytest.mark.parametrize(
    ("failures", "reason"),
    [
        ("TestX", 'failures is "TestX", not a list of objects'),
        ([7], "failures[0] is 7, not an object"),
        ([{}], "failures[0] has no name"),
        ([{"name": ""}], "failures[0] has no name"),
        ([{"name": 7}], "failures[0].name is 7, not a string"),
        ([{"name": "a", "mesage": "b"}], "unknown field 'mesage', did you mean 'message'?"),
        ([{"name": "a", "kind": "unknown"}], 'failures[0].kind is "unknown", not one of compile'),
        ([{"name": "a", "line": "31"}], 'failures[0].line is "31", not a whole number'),
        ([{"name": "a", "line": True}], "failures[0].line is true, not a whole number"),
        ([{"name": "a", "link": "javascript:x"}], "not an absolute http(s) address"),
        ([{"name": "a"}, {"name": "\ud800"}], "failures[1].name contains a lone surrogate"),
    ],
)
def test_what_is_no_failure(engine: Engine, failures: object, reason: str) -> None:
    result = imported(engine, line(failures=failures))
    assert result.stored == 0
    assert reason in result.skipped[0][1]


@pytest.mark.parametrize(
    "details",
    [
        "text",
        [7, None, [], "text"],
        [{"name": ["TestA"], "kind": {"a": 1}}],
        [{"name": "TestA", "kind": ["case"]}, {"name": "TestA", "kind": "nonsense"}],
        [{"name": "TestB", "message": "not in an array"}],
        [{"name": "TestA", "kind": "env", "message": "in another array"}],
    ],
)
def test_odd_details_of_other_writers_change_no_count(
    fill: Fill, source: Source, details: object
) -> None:
    analysis = {"case": ["TestA"], "ci_stat_failures": details}
    only_details = {"ci_stat_failures": [{"name": "TestC"}]}
    fill(
        [
            row("unit", 1, "FAILURE", analysis_res=analysis),
            row("unit", 2, "FAILURE", analysis_res=only_details),
        ]
    )
    res = source.load(day())
    assert [run.failures for run in res.all_runs] == [(CaseFailure("case", "TestA"),), ()]
    assert res.miss_cnt == source.count_window(day())[0].miss_cnt == 1


def test_odd_values_of_a_detail_are_left_out(fill: Fill, source: Source) -> None:
    detail = {"name": "TestA", "message": 7, "file": None, "line": -1, "link": "javascript:x"}
    analysis = {"case": ["TestA"], "ci_stat_failures": [detail, {"name": "TestA", "line": 2}]}
    fill([row("unit", 1, "FAILURE", analysis_res=analysis)])
    (run,) = source.load(day()).all_runs
    assert run.failures == (CaseFailure("case", "TestA"), CaseFailure("case", "TestA", line=2))

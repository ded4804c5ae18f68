"""From rows and build logs to named failures: `get_result`, the frames, and `ci-stat failures`."""

import csv
import io
import json
import logging
import os
import re
import select
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ci_stat.ci_stat as stat
from ci_stat.config import Jenkins, Logs, Secret
from ci_stat.errors import SettingsError
from ci_stat.logs.setup import places_key
from ci_stat.records import Run, RunRow
from ci_stat.rendering.terminal import screen
from ci_stat.result import Result
from ci_stat.runs.views import failures
from tests.conftest import Fill
from tests.support.command import Call, terminal
from tests.support.golden import Golden
from tests.support.hostile import ATTACKS, raw
from tests.support.logs import go_test, gocheck, opened, write_log
from tests.support.rows import row

RESOLVE = "lock_test.go:655: testLockSuite.TestResolve"
COMPILE = "a.c:3:5: error: 'x' undeclared\n    3 | x = 1;\n      |     ^\n"
DAY = ("--begin", "2021-06-19", "--end", "2021-06-20")
RULE = (
    '[[rule]]\nname = "mine"\nkind = "env"\nanchors = ["make: ***"]\n'
    'pattern = "^make: (?P<name>.*)$"\n'
)


def moment(minute: int) -> datetime:
    return datetime(2021, 6, 19, 8, minute)


def failed(number: int, *cases: str, job: str = "unit", pr: int | None = 7, **more: Any) -> RunRow:
    analysis = {"case": list(cases)} if cases else None
    return row(job, number, "FAILURE", pr=pr, time=moment(number), analysis_res=analysis, **more)


ROWS = [
    failed(1, RESOLVE),
    failed(2, RESOLVE),
    failed(3),
    failed(4, "T.Table"),  # its log was deleted
    failed(5),  # so was this one, and the table has no failure
    row("unit", 6, "ABORTED", pr=7, time=moment(6)),
    row("unit", 7, "SUCCESS", pr=7, time=moment(7)),
    row("unit", 8, "UNSTABLE", pr=8, time=moment(8)),
    failed(9, job="nightly", pr=None),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Write logs for ROWS that show more failures than the table, in other spellings."""
    home = tmp_path / "home"
    write_log(home, "unit", 1, gocheck(RESOLVE, "... value = first"), go_test("TestApply"))
    write_log(home, "unit", 2, gocheck(RESOLVE.replace("655", "660"), "... value = second"))
    write_log(home, "unit", 3, go_test("TestApply", "apply_test.go:18: got 3, want 2"))
    for number in (6, 7):
        write_log(home, "unit", number, go_test("TestNobodyReads"))
    write_log(home, "unit", 8, go_test("TestUnstable"))
    write_log(home, "nightly", 9, COMPILE)
    return home


@pytest.fixture
def environment(home: Path, url: str, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(ROWS)
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_LOG_DIR", str(home))


lite = pytest.mark.parametrize(
    "url", ["sqlite"], indirect=True
)  # the state is tested on both databases


def get(**more: Any) -> Result:
    return stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20), [], **more)


def runs(result: Result) -> dict[int, Run]:
    return {run.job_id: run for run in result.all_runs}


@pytest.mark.usefixtures("environment")
def test_names_messages_and_kinds_come_from_the_logs() -> None:
    result = get()
    by_number = runs(result)
    assert [
        (failure.kind, failure.name, failure.message, failure.source)
        for failure in by_number[1].failures
    ] == [
        ("case", RESOLVE, "value = first", "log"),
        ("case", "TestApply", "apply_test.go:17: got 1, want 2", "log"),
    ]
    assert by_number[3].fail_info == [("TestApply", "apply_test.go:18: got 3, want 2")]
    assert by_number[3].case == ["TestApply"]
    assert [(failure.kind, failure.file, failure.line) for failure in by_number[9].failures] == [
        ("compile", "a.c", 3)
    ]
    assert by_number[8].fail_info == [("TestUnstable", "apply_test.go:17: got 1, want 2")]
    assert {number: run.log for number, run in by_number.items()} == {
        1: "read",
        2: "read",
        3: "read",
        4: "missing",
        5: "missing",
        6: "",
        7: "",
        8: "read",
        9: "read",
    }
    assert result.log_states == {"read": 5, "missing": 2}
    assert result.provenance.logs == (("read", 5), ("missing", 2))
    assert re.fullmatch(r"\d+-[0-9a-f]{12}", result.provenance.rule_set)


@pytest.mark.usefixtures("environment")
def test_without_a_log_the_failures_of_the_table_stay() -> None:
    result = get()
    by_number = runs(result)
    assert [(failure.name, failure.source) for failure in by_number[4].failures] == [
        ("T.Table", "analysis_res")
    ]
    assert by_number[5].failures == ()
    assert result.miss_cnt == 1
    assert get(logs=False).miss_cnt == 3


@lite
@pytest.mark.usefixtures("environment")
def test_failures_add_up_over_runs_pull_requests_and_jobs() -> None:
    result = get()
    assert {
        name: [run.job_id for run in info.run_list] for name, info in result.fail_info_map.items()
    } == {
        "TestApply": [1, 3],
        "testLockSuite.TestResolve": [1, 2],
        "T.Table": [4],
        "'x' undeclared": [9],
    }
    info = result.fail_info_map["testLockSuite.TestResolve"]
    assert (info.kind, info.fail_cnt(), info.prs, info.message) == (
        "case",
        2,
        [("o/r", 7)],
        "value = second",
    )
    assert info.newest is not None
    assert (info.newest.source, info.newest.line, len(info.seen)) == ("log", 660, 2)
    pr = result.pr_map["o/r", 7]
    assert list(pr.fail_info_map) == ["TestApply", "testLockSuite.TestResolve", "T.Table"]
    assert list(result.job_map["nightly"].fail_info_map) == ["'x' undeclared"]
    assert result.pr_map["o/r", 8].fail_info_map == {}  # unstable is not failed


@lite
@pytest.mark.usefixtures("environment")
def test_a_case_of_the_table_and_of_a_log_is_one_failure(home: Path) -> None:
    (home / "jobs/unit/builds/2/log").unlink()
    info = get().fail_info_map["testLockSuite.TestResolve"]
    assert [
        (run.job_id, seen.source) for run, seen in zip(info.run_list, info.seen, strict=True)
    ] == [
        (1, "log"),
        (2, "analysis_res"),
    ]
    assert info.message == "value = first"
    assert info.newest is not None
    assert info.newest.source == "log"


@lite
@pytest.mark.usefixtures("environment")
def test_a_log_without_a_failure_leaves_those_of_the_table(home: Path) -> None:
    log = write_log(home, "unit", 4)
    log.write_text("Started\nall is well\nFinished: SUCCESS\n")
    run = runs(get())[4]
    assert (run.log, [failure.name for failure in run.failures]) == ("read", ["T.Table"])


@lite
@pytest.mark.usefixtures("environment")
def test_logs_of_runs_that_did_not_fail_are_not_opened(home: Path) -> None:
    for number in (6, 7):
        path = home / f"jobs/unit/builds/{number}/log"
        path.unlink()
        path.mkdir()  # would be "unreadable"
    assert get().log_states == {"read": 5, "missing": 2}
    assert "TestNobodyReads" not in str(get().fail_info_map)


@lite
@pytest.mark.usefixtures("environment")
def test_without_logs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for result in (get(logs=False), _without_place(monkeypatch)):
        assert list(result.fail_info_map) == ["testLockSuite.TestResolve", "T.Table"]
        assert (result.log_states, result.provenance.logs, result.provenance.rule_set) == (
            {},
            (),
            "",
        )
        assert {run.log for run in result.all_runs} == {""}
    assert not (tmp_path / "data-home").exists()  # no state is created without need


def _without_place(monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.delenv("CI_STAT_LOG_DIR")
    return get()


@lite
@pytest.mark.usefixtures("environment")
def test_a_missing_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_LOG_DIR", str(tmp_path / "nowhere"))
    result = get()
    assert result.log_states == {"missing": 7}
    assert list(result.fail_info_map) == ["testLockSuite.TestResolve", "T.Table"]


def _remembered(home: Path) -> None:
    """Delete all logs with their folder."""
    home.rename(home.with_name("moved"))


@pytest.mark.usefixtures("environment")
def test_the_second_time_no_log_is_read(
    home: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not url.startswith("sqlite"):
        monkeypatch.setenv("CI_STAT_STATE_URL", url)
    first = get()
    _remembered(home)
    second = get()
    assert [run.failures for run in second.all_runs] == [run.failures for run in first.all_runs]
    assert second.log_states == first.log_states


@lite
@pytest.mark.usefixtures("environment")
def test_a_missing_log_is_searched_again(home: Path) -> None:
    assert get().log_states == {"read": 5, "missing": 2}
    write_log(home, "unit", 5, go_test("TestLate"))
    write_log(home, "unit", 4, go_test("TestFresh"), finished=False)
    result = get()
    assert result.log_states == {"read": 6, "still being written": 1}
    assert "TestLate" in result.fail_info_map


@lite
@pytest.mark.usefixtures("environment")
def test_changed_rules_read_logs_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = get()
    rules = tmp_path / "rules.toml"
    rules.write_text(RULE)
    monkeypatch.setenv("CI_STAT_RULES", str(rules))
    first = get()
    assert first.provenance.rule_set != before.provenance.rule_set
    assert any(seen.rule == "mine" for info in first.fail_info_map.values() for seen in info.seen)
    rules.write_text(RULE.replace("mine", "yours"))
    assert any(seen.rule == "yours" for info in get().fail_info_map.values() for seen in info.seen)
    _remembered(home)
    assert any(seen.rule == "yours" for info in get().fail_info_map.values() for seen in info.seen)


@lite
@pytest.mark.usefixtures("environment")
def test_a_greater_limit_reads_what_was_too_big(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = home / "jobs/unit/builds/3/log"
    noise = "noise, and more noise\n" * 60_000
    log.write_text(noise + go_test("TestBehind") + log.read_text())
    monkeypatch.setenv("CI_STAT_LOG_LIMIT", "1")
    assert runs(get())[3].log == "too big"
    assert runs(get())[3].log == "too big"
    monkeypatch.setenv("CI_STAT_LOG_LIMIT", "2")
    assert "TestBehind" in dict(runs(get())[3].fail_info)


@lite
@pytest.mark.usefixtures("environment")
def test_invalid_log_settings_do_not_stop_other_reports(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_RULES", str(tmp_path / "gone.toml"))
    for command in (["summary"], ["jobs"], ["failures", "--no-logs"]):
        assert call(*command, *DAY).code == 0
    answer = call("failures", *DAY)
    assert (answer.code, "gone.toml" in answer.err) == (4, True)
    with pytest.raises(SettingsError):
        get()
    assert get(logs=False).total_cnt == 8


@lite
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("broken", ["file", "server", "folder", "driver"])
def test_an_unusable_state_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    (tmp_path / "broken.sqlite").write_text("no database, but text " * 100)
    urls = {
        "file": f"sqlite:///{tmp_path / 'broken.sqlite'}",
        "server": "mysql+pymysql://u:secret@127.0.0.1:1/x",
        "folder": f"sqlite:///{tmp_path / 'broken.sqlite' / 'x' / 'state.sqlite'}",
        "driver": "postgresql://u:secret@127.0.0.1/x",
    }
    monkeypatch.setenv("CI_STAT_STATE_URL", urls[broken])
    assert get().log_states == {"read": 5, "missing": 2}
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Our own state" in caplog.text
    assert "secret" not in caplog.text


@lite
@pytest.mark.usefixtures("environment")
def test_many_logs(home: Path, fill: Fill, caplog: pytest.LogCaptureFixture) -> None:
    """More logs than are read in one process."""
    fill([failed(n % 60, job=f"job{n}") for n in range(30)])
    for n in range(30):
        write_log(home, f"job{n}", n % 60, go_test("TestAll"), go_test(f"Test{n % 3}"))
    caplog.set_level(logging.INFO)
    result = get()
    assert {name: info.fail_cnt() for name, info in result.fail_info_map.items()} == {
        "TestAll": 30,
        "Test0": 10,
        "Test1": 10,
        "Test2": 10,
    }
    assert "30 logs read" in caplog.text


# Frames


@lite
@pytest.mark.usefixtures("environment")
def test_a_frame_has_the_failures_of_each_run() -> None:
    frame = get().failures_frame()
    assert list(frame.columns[-9:]) == [
        "message",
        "rule",
        "source",
        "fingerprint",
        "file",
        "line",
        "first_line",
        "last_line",
        "link",
    ]
    resolve = frame[frame["case"] == "testLockSuite.TestResolve"]
    assert resolve["message"].tolist() == ["value = first", "value = second"]
    assert resolve[["job_id", "line", "first_line"]].values.tolist() == [[1, 655, 5], [2, 660, 5]]
    assert (resolve["last_line"] > resolve["first_line"]).all()
    assert set(resolve["fingerprint"].str[:3]) == {"v1:"}
    table = frame[frame["case"] == "T.Table"].iloc[0]
    assert (table["source"], table["rule"], table["message"], table["file"]) == (
        "analysis_res",
        "",
        "",
        "",
    )
    assert table[["line", "first_line", "last_line"]].isna().all()
    assert (
        frame["line"].dtype
        == frame["first_line"].dtype
        == frame["last_line"].dtype
        == pd.Int64Dtype()
    )
    assert str(frame["rule"].dtype) == str(frame["source"].dtype) == "category"


# The command


def without_rules(text: str) -> str:
    """The version of the rules changes with every rule."""
    return re.sub(r"rules \d+-[0-9a-f]{12}", "rules VERSION", text)


@lite
@pytest.mark.usefixtures("environment")
def test_the_table_of_failures(call: Call, golden: Golden, url: str) -> None:
    answer = call("failures", *DAY, "--color", "never")
    assert (answer.code, answer.err) == (0, "")
    golden.check("failures_logs.txt", without_rules(answer.out.replace(url, "sqlite:///ci.sqlite")))


@lite
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_table_fits(golden: Golden, width: int) -> None:
    out = io.StringIO()
    result = get()
    result.provenance = replace(result.provenance, database="sqlite:///ci.sqlite")
    screen.show(failures.failures(result, 3), out, color=False, width=width)
    table = out.getvalue().partition("logs read")[0]
    assert max(map(len, table.splitlines()[2:])) <= width
    assert "TestApply" in table
    assert "1 more failure " in out.getvalue()
    if width == 80:
        golden.check("failures_narrow.txt", without_rules(out.getvalue()))


@lite
@pytest.mark.usefixtures("environment")
def test_json_has_all_fields_of_a_failure(call: Call) -> None:
    answer = call("failures", *DAY, "--json")
    data = json.loads(answer.out)
    assert data["source"]["logs"] == {"read": 4, "missing": 2}
    assert data["source"]["rule_set"].startswith("1-") or data["source"]["rule_set"][0].isdigit()
    by_case = {failure["case"]: failure for failure in data["failures"]}
    resolve = by_case["testLockSuite.TestResolve"]
    assert {
        key: resolve[key]
        for key in ("kind", "message", "rule", "source", "file", "line", "runs", "broke")
    } == {
        "kind": "case",
        "message": "value = second",
        "rule": "gocheck-fail",
        "source": "log",
        "file": "lock_test.go",
        "line": 660,
        "runs": 2,
        "broke": ["unit#1", "unit#2"],
    }
    assert re.fullmatch("v1:[0-9a-f]{32}", resolve["fingerprint"])
    table = by_case["T.Table"]
    assert {
        key: table[key]
        for key in ("message", "rule", "source", "fingerprint", "file", "line", "broke")
    } == {
        "message": "",
        "rule": "",
        "source": "analysis_res",
        "fingerprint": "",
        "file": "",
        "line": None,
        "broke": ["unit#4"],
    }


@lite
@pytest.mark.usefixtures("environment")
def test_csv_has_the_same(call: Call) -> None:
    rows = list(csv.DictReader(io.StringIO(call("failures", *DAY, "--csv").out)))
    assert {"message", "rule", "source", "fingerprint", "broke", "file", "line"} <= set(rows[0])
    resolve = next(row for row in rows if row["case"] == "testLockSuite.TestResolve")
    assert (resolve["broke"], resolve["line"]) == ("unit#1 unit#2", "660")


@lite
@pytest.mark.usefixtures("environment")
def test_the_option_no_logs_reads_no_log(call: Call, tmp_path: Path) -> None:
    data = json.loads(call("failures", *DAY, "--json", "--no-logs").out)
    assert [failure["case"] for failure in data["failures"]] == [
        "testLockSuite.TestResolve",
        "T.Table",
    ]
    assert (data["source"]["logs"], data["source"]["rule_set"]) == ({}, None)
    assert not re.search(
        "logs? (read|missing)", call("failures", *DAY, "--no-logs", "--color", "never").out
    )


@lite
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("color", ["never", "always"])
def test_hostile_log_lines_cannot_act_on_the_terminal(
    call: Call, home: Path, fill: Fill, color: str
) -> None:
    fill([failed(number) for number in range(1, len(ATTACKS) + 1)])
    for number, attack in enumerate(ATTACKS, 1):
        text = attack.replace("\n", " ").replace("\r", " ")
        write_log(
            home,
            "unit",
            number,
            f"--- FAIL: Test{text}x (0.1s)\n    x_test.go:1: {text}\n",
            f"Error: {text}\n",
        )
    for limit in ("1", "20"):
        out = call("failures", *DAY, "--color", color, "--limit", limit).out
        assert raw(out) <= ({"\x1b"} if color == "always" else set())
        assert "\x1b[2J" not in out
        assert "\x1b]" not in out
        assert "Test" in out
    assert call("failures", *DAY, "--json").out.isascii()
    assert not raw(call("failures", *DAY, "--csv").out)


@lite
@pytest.mark.usefixtures("environment")
def test_the_summary_counts_logs_by_state(call: Call, home: Path) -> None:
    out = " ".join(call("failures", *DAY, "--color", "never").out.split())
    assert "4 logs read; 2 logs missing" in out
    assert "1 failed run with failures of the table only" in out
    assert "1 failed run without a known failure" in out


# On a terminal


def _on_a_terminal(code: str, **variables: str) -> tuple[int, str, str]:
    """Exit code, standard output, and what the terminal on standard error got."""
    ours, theirs = terminal()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **variables},
    )
    os.close(theirs)
    shown = bytearray()
    while select.select([ours], [], [], 30)[0]:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    out = process.communicate(timeout=30)[0]
    return process.returncode, out.decode(), shown.decode()


@lite
@pytest.mark.usefixtures("environment")
def test_progress_on_a_terminal(home: Path, tmp_path: Path, fill: Fill) -> None:
    """One line for the rows, then one for the logs; both disappear. Processes read the logs."""
    count = 60
    fill([failed(n % 60, job=f"job{n}") for n in range(count)])
    (tmp_path / "opened").mkdir()
    for n in range(count):
        write_log(home, f"job{n}", n % 60, go_test("TestAll"))
    code = f"""
import os, sys
from datetime import datetime
from pathlib import Path
from ci_stat import context
from ci_stat.logs import reader as log_reader
from tests.support.logs import Watched
log_reader.cpu_count = lambda: 3
place = Watched(Path({str(home)!r}), Path({str(tmp_path / "opened")!r}))
context.folder_place = lambda _logs: place
import ci_stat.ci_stat as stat
result = stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20))
print(os.getpid(), result.log_states["read"])
"""
    exit_code, out, shown = _on_a_terminal(code)
    assert exit_code == 0, shown
    main, read = out.split()
    assert int(read) == count
    assert "Reading logs" in shown
    assert re.search(rf"\d+/{count}", shown)
    assert "Traceback" not in shown
    assert int(main) not in {pid for _, _, pid in opened(tmp_path / "opened")}


@lite
@pytest.mark.usefixtures("environment")
def test_no_progress_where_nobody_watches(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    get()
    get(progress=True)
    assert capsys.readouterr().err == ""


def test_a_token_leaves_no_trace_in_the_state() -> None:
    """Whether a log can be read depends on its places; this hash is their key in the state."""
    plain = places_key(Logs(), Jenkins())
    assert plain == "1b51dba5aed2"
    assert places_key(Logs(), Jenkins(token=Secret("7f3a"))) == plain
    others = [Logs(folder=Path("/logs")), Logs(template="{job}/{number}"), Logs(megabytes=1)]
    keys = {places_key(logs, Jenkins()) for logs in others}
    keys |= {places_key(Logs(), place) for place in (Jenkins(url="x"), Jenkins(user="x"))}
    assert len(keys | {plain}) == 6

"""The `ci-stat` command: help, exit codes, formats, colours, and hostile texts."""

import csv
import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from ci_stat import __version__
from ci_stat.cli import Commands, cli
from ci_stat.errors import CiStatError
from ci_stat.formats.jsonl_rows import encode_row
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from tests.conftest import Fill
from tests.support import hostile
from tests.support.command import Answer, Call, terminal
from tests.support.forks import fork_command
from tests.support.rows import history, row

REPORTS = ["summary", "jobs", "prs", "failures"]
DAY = ["--begin", "2021-06-19", "--end", "2021-06-20"]
COMMANDS = cli.list_commands(None)  # type: ignore[arg-type]
SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """SQLite only: that both engines count alike is tested with the store."""
    return f"sqlite:///{tmp_path / 'ci.sqlite'}"


@pytest.fixture
def database(engine: Engine, url: str, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The settings point at a table with a small history."""
    fill(
        [
            *history("P F P | A", pr=7),
            *history("F F U", job="check", pr=8, first=20),
            *history("F P", job="nightly", pr=None, first=40),
            row("check", 90, "FAILURE", pr=8, analysis_res={"case": ["T.A"], "env": ["timeout"]}),
        ]
    )
    monkeypatch.setenv("CI_STAT_URL", url)
    return engine


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The settings point at an empty SQLite table."""
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    engine = open_engine(url)
    prepare(engine)
    monkeypatch.setenv("CI_STAT_URL", url)
    return engine


def own_process(
    *arguments: str, code: str = "from ci_stat.cli import main; main()", **variables: str
) -> Answer:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        timeout=60,
        env={**os.environ, **variables},
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


# Help and start


def test_help_names_every_command_and_the_exit_codes(call: Call) -> None:
    shown = call("--help")
    assert shown.code == 0
    assert all(re.search(rf"^  {name} +\S", shown.out, re.M) for name in COMMANDS)
    assert re.search(r"Examples:\n +ci-stat ", shown.out)
    for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 130, 143):
        assert re.search(rf"\b{number}  \S", shown.out), number
    codes = {error.exit_code for error in _errors(CiStatError)}
    assert codes == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}


def _errors(kind: type[CiStatError]) -> set[type[CiStatError]]:
    return {kind}.union(*map(_errors, kind.__subclasses__()))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command(call: Call, name: str) -> None:
    for option in ("--help", "-h"):
        shown = call(name, option)
        assert (shown.code, shown.err) == (0, "")
    assert f"Usage: ci-stat {name}" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 120
    if name in (*REPORTS, "export"):
        assert re.search(rf"Examples:\n +ci-stat {name}", shown.out)
        assert "--since" in shown.out
    if name == "import":
        line = shown.out.partition("Example of a line:")[2].partition("Options:")[0]
        assert json.loads(line)["job_name"] == "unit"


def test_the_example_of_a_line_can_be_imported(call: Call, empty: Engine, tmp_path: Path) -> None:
    line = call("import", "--help").out.partition("Example of a line:")[2].partition("Options:")[0]
    (tmp_path / "a.jsonl").write_text(" ".join(line.split()))
    assert call("import", "--strict", str(tmp_path / "a.jsonl")).code == 0
    assert "me/app#12" in call("prs", *DAY).out


def test_short_helps_say_what_the_commands_say() -> None:
    assert list(Commands._helps) == list(Commands._modules) == COMMANDS


def test_version(call: Call) -> None:
    assert call("--version").out == f"ci-stat, version {__version__}\n"


HEAVY = (
    "import sys\n"
    "heavy = {'pandas', 'sqlalchemy', 'rich', 'pymysql', 'numpy', 'urllib3'}\n"
    "loaded = heavy & set(sys.modules)"
)


def test_pr_loads_neither_test_results_nor_the_filer_of_issues() -> None:
    needless = (
        "import sys, ci_stat.cli.work.questions, ci_stat.questions.service\n"
        "import ci_stat.issues.ledgers\n"
        "needless = ('ci_stat.test_results', 'ci_stat.issues.service', 'urllib3', 'numpy')\n"
        "print([name for name in needless if name in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", needless], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


def test_the_door_imports_nothing_heavy_and_opens_nothing() -> None:
    watch = (
        "import sys; seen = []\n"
        "def hook(event, args):\n"
        "    name = str(args[0]) if args else ''\n"
        "    opens_connection = event.startswith(('socket.', 'sqlite3.', 'subprocess.'))\n"
        "    if opens_connection or (event == 'open' and 'env.json' in name):\n"
        "        seen.append((event, name))\n"
        "    is_code = name.endswith(('.py', '.pyc', '.so'))\n"
        "    if event == 'open' and not is_code and args[1] not in ('r', 'rb', None):\n"
        "        seen.append((event, name, args[1]))\n"
        "sys.addaudithook(hook)\n"
        "import ci_stat.ci_stat\n"
        f"{HEAVY}\n"
        "print(sorted(loaded), [event for event in seen if '__pycache__' not in event[1]])"
    )
    answer = own_process(
        code=watch, STAT_ENV_PATH="/nowhere/env.json", CI_STAT_URL="mysql://x:y@127.0.0.1:1/z"
    )
    assert answer == (0, "[] []\n", "")


def test_help_imports_nothing_heavy() -> None:
    """Of any command."""
    calls = [["--help"]] + [[*words.split(), "--help"] for words, _ in _declared()]
    code = f"""
import sys
from ci_stat.cli import run
for arguments in {calls}:
    assert run(arguments) == 0
{HEAVY}
print(sorted(loaded))
"""
    answer = own_process(code=code, STAT_ENV_PATH="/nowhere/env.json")
    assert answer.code == 0, answer.err
    assert answer.out.endswith("\n[]\n")


def test_an_abbreviated_or_unknown_command_is_a_usage_error(call: Call) -> None:
    for arguments in (
        ["sumary"],
        ["summary", "--sinc", "1h"],
        ["summary", "extra"],
        ["jobs", "--limit", "0"],
    ):
        answer = call(*arguments)
        assert (answer.code, answer.out) == (2, "")
        assert "Usage: ci-stat" in answer.err


# Exit codes


def test_exit_0(database: Engine, call: Call) -> None:
    for name in REPORTS:
        assert call(name, *DAY).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--begin", "2021-06-20", "--end", "2021-06-19"], "They look swapped"),
        (["--begin", "2021-06-20", "--end", "2021-06-20"], "would be empty"),
        (["--begin", "yesterdy"], "--begin 'yesterdy' is not a time"),
        (["--end", "25:00"], "--end '25:00' is not a time"),
        (["--since", "1y"], "--since '1y' is not a length"),
        (["--since", "0d"], "is too short"),
        (["--since", "-1d"], "is too short"),
        (["--since", "1d", "--begin", "2021-06-19"], "both set the start of the window"),
        (["--since", "999999w"], "beyond the year 1"),
        (["--begin", "0001-01-01T00:00:00+14:00"], "beyond the years"),
        (["--begin", "\x1b[31m"], "\\x1b[31m"),
    ],
)
@pytest.mark.parametrize("name", ["summary", "export"])
def test_exit_2_arguments_that_cannot_be_meant(
    empty: Engine, call: Call, name: str, arguments: list[str], said: str
) -> None:
    answer = call(name, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err.replace("'\\\\x1b", "'\\x1b").replace("\\\\x1b", "\\x1b")
    assert answer.err.startswith("ci-stat: ")
    assert answer.err.count("\n") == 2, "what happened, and the next step"
    assert not hostile.raw(answer.err)


def test_exit_2_the_latest_row_of_an_empty_table(empty: Engine, call: Call) -> None:
    assert call("summary", "--end", "latest") == (
        2,
        "",
        "ci-stat: The table is empty, so there is no latest row.\n"
        "  Fill it with `ci-stat import FILE`.\n",
    )


def test_exit_143_a_command_that_gets_sigterm(empty: Engine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "runs.jsonl")
    process = fork_command({}, "import", str(tmp_path / "runs.jsonl"))
    with open(tmp_path / "runs.jsonl", "w"):  # returns once the command reads
        os.kill(process.pid, signal.SIGTERM)
        code, said = process.finish()
    assert (128 - code, said) == (143, "")


def test_exit_3_no_database_yet(call: Call, tmp_path: Path) -> None:
    for name in (*REPORTS, "export"):
        answer = call(name)
        assert (answer.code, answer.out) == (3, "")
        assert "There is no database yet" in answer.err
        assert "ci-stat demo" in answer.err
    assert not list(tmp_path.rglob("*.sqlite")), "asking must create nothing"


def test_exit_3_before_an_export_touches_its_file(call: Call, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    assert call("export", str(tmp_path / "out")).code == 3
    assert (tmp_path / "out").read_text() == "old"


@pytest.mark.parametrize("name", [*REPORTS, "export", "config", "import"])
def test_exit_4_settings(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("STAT_ENV_PATH", str(tmp_path / "absent"))
    answer = call(name, *(["x"] if name == "import" else []))
    assert (answer.code, answer.out) == (4, "")
    assert "STAT_ENV_PATH" in answer.err


def test_exit_5_a_bad_record_with_strict(empty: Engine, call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"{encode_row(row())}\n{{}}\n")
    answer = call("import", "--strict", str(tmp_path / "a.jsonl"))
    assert (answer.code, answer.out) == (5, "")
    assert answer.err == (
        "ci-stat: Line 2: missing job_name, job_id, status, time.\n"
        "  Stored rows: 1. Correct the line and import again.\n"
    )


def test_exit_0_bad_records_without_strict(empty: Engine, call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\x1b[31m\n" * 25)
    answer = call("import", str(tmp_path / "a.jsonl"))
    assert answer.code == 0
    assert answer.out.startswith("25 lines read, 0 runs stored, 25 lines skipped.")
    assert answer.err.count(" skipped: ") == 20
    assert answer.err.endswith("ci-stat: … and 5 more lines skipped\n")
    assert not hostile.raw(answer.err)


def test_exit_6_files(empty: Engine, call: Call, tmp_path: Path) -> None:
    for arguments in (
        ["import", "absent.jsonl"],
        ["import", "."],
        ["export", f"{tmp_path}/absent/out"],
    ):
        answer = call(*arguments)
        assert (answer.code, answer.out) == (6, "")
        assert re.fullmatch(r"ci-stat: \S+ cannot be (read|written): [\w ]+\.\n", answer.err)


def test_dry_run_creates_nothing(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(encode_row(row()))
    answer = call("import", "--dry-run", str(file))
    assert answer.out.startswith("1 line read, 1 run would be stored, 0 lines skipped.")
    assert sorted(tmp_path.rglob("*")) == [file]


def test_an_import_makes_the_embedded_database_and_its_folder(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(encode_row(row(pr=7)))
    assert call("import", str(tmp_path / "a.jsonl")).code == 0
    assert (tmp_path / "data-home/ci_stat/ci.sqlite").is_file()
    assert "o/r#7" in call("prs", *DAY).out


# JSON and CSV


@pytest.mark.parametrize("name", REPORTS)
def test_json_says_where_its_numbers_come_from(database: Engine, call: Call, name: str) -> None:
    answer = call(name, *DAY, "--json")
    source = json.loads(answer.out)["source"]
    assert source == {
        "begin": "2021-06-19T00:00:00+08:00",
        "end": "2021-06-20T00:00:00+08:00",
        "time_zone": "Asia/Shanghai",
        "rows": 10,
        "newest_row": "2021-06-19T00:41:00+08:00",
        "warnings": {},
        "note": "Old data: the newest row is from 2021-06-19 00:41:00, "
        "23 h 19 min before the window's end.",
        "logs": {},
        "rule_set": None,
        "database": source["database"],
        "query": source["query"],
    }
    assert source["query"].startswith(
        "SELECT * FROM ci_data WHERE time >= '2021-06-19 00:00:00' AND time < '2021-06-20 00:00:00'"
    )
    assert answer.out.isascii()


def test_json_numbers(database: Engine, call: Call) -> None:
    summary = json.loads(call("summary", *DAY, "--json").out)
    assert summary["pull_request_runs"] == {
        "runs": 8,
        "success": 2,
        "failure": 4,
        "aborted": 1,
        "other": 1,
        "fail_rate": 0.5714,
    }
    assert summary["nightly_runs"]["runs"] == 2
    assert summary["other_statuses"] == {"UNSTABLE": 1}
    assert sum(period["runs"] for period in summary["over_time"]) == 10
    jobs = json.loads(call("jobs", *DAY, "--json", "--limit", "1").out)
    assert (jobs["total"], [job["job_name"] for job in jobs["jobs"]]) == (3, ["check"])
    prs = json.loads(call("prs", *DAY, "--json").out)
    assert [(pr["repo"], pr["pr_number"], pr["failure"]) for pr in prs["prs"]] == [
        ("o/r", 8, 3),
        ("o/r", 7, 1),
    ]
    failures = json.loads(call("failures", *DAY, "--json").out)
    assert {each["case"]: each["kind"] for each in failures["failures"]} == {
        "T.A": "case",
        "timeout": "env",
    }


@pytest.mark.parametrize("name", REPORTS)
def test_csv_has_the_rows_of_json(database: Engine, call: Call, name: str) -> None:
    answer = call(name, *DAY, "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    content = json.loads(call(name, *DAY, "--json").out)["over_time" if name == "summary" else name]
    assert [list(each) for each in rows] == [list(each) for each in content]
    assert [each["runs"] for each in rows] == [str(each["runs"]) for each in content]
    assert answer.err.startswith("ci-stat: Old data: the newest row is from 2021-06-19 00:41:00")


def test_formats_exclude_nothing_silently(database: Engine, call: Call) -> None:
    assert call("jobs", *DAY, "--csv", "--limit", "2").out.count("\n") == 3


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "\t=1",
    '=HYPERLINK("http://evil","x")',
]


def test_no_cell_of_a_csv_is_a_formula(database: Engine, call: Call, fill: Fill) -> None:
    fill(
        [
            row(
                formula,
                number,
                "FAILURE",
                pr=number,
                repo=formula,
                branch=formula,
                analysis_res={"case": [formula]},
                description={
                    "ghprbPullId": str(number),
                    "ghprbPullTitle": formula,
                    "ghprbPullAuthorLogin": formula,
                    "ghprbPullLink": formula,
                },
            )
            for number, formula in enumerate(FORMULAS, 1)
        ]
    )
    for name in REPORTS:
        rows = list(csv.reader(io.StringIO(call(name, *DAY, "--csv").out)))
        cells = [cell for each in rows[1:] for cell in each]
        assert not [cell for cell in cells if cell.lstrip(" \t\r\n")[:1] in tuple("=+-@")]
        assert name == "summary" or any("1+1" in cell for cell in cells)


# Colours


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize(
    ("choice", "variables", "colored"),
    [
        ([], {}, False),
        (["--color", "auto"], {}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, False),
        ([], {"TERM": "dumb"}, False),
    ],
)
def test_colors_of_what_is_no_terminal(
    database: Engine,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    choice: list[str],
    variables: dict[str, str],
    colored: bool,
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    answer = call(name, *DAY, *choice)
    assert bool(SGR.search(answer.out)) == colored
    plain = [line.rstrip() for line in SGR.sub("", answer.out).splitlines()]
    assert plain == call(name, *DAY).out.splitlines()


@pytest.mark.parametrize(
    ("choice", "no_color", "colored"),
    [
        ([], "", True),
        ([], "1", False),
        (["--color", "never"], "", False),
        (["--color", "always"], "1", True),
    ],
)
def test_colors_of_a_terminal(
    tmp_path: Path, choice: list[str], no_color: str, colored: bool
) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    engine = open_engine(url)
    prepare(engine)
    write_rows(engine, history("P F"))
    ours, theirs = terminal()
    process = subprocess.Popen(
        [sys.executable, "-c", "from ci_stat.cli import main; main()", "jobs", *DAY, *choice],
        stdout=theirs,
        env={**os.environ, "CI_STAT_URL": url, "TERM": "xterm", "NO_COLOR": no_color},
    )
    assert process.wait(timeout=60) == 0
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "unit" in shown
    assert ("\x1b[" in shown) == colored


# Empty and stale windows


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_an_empty_window_does_not_look_like_a_quiet_day(
    database: Engine, call: Call, name: str, form: list[str]
) -> None:
    answer = call(name, *form, "--begin", "2022-01-01", "--end", "2022-01-02")
    assert answer.code == 0
    said = "No runs in this window; the newest row is from 2021-06-19 00:41:00."
    assert (answer.err if form == ["--csv"] else answer.out).count(said) == 1


@pytest.mark.parametrize("name", REPORTS)
def test_an_empty_table_says_so(empty: Engine, call: Call, name: str) -> None:
    assert "No runs in this window: the table is empty." in call(name).out


@pytest.mark.parametrize("name", REPORTS)
def test_a_stale_window_says_so(database: Engine, call: Call, name: str) -> None:
    answer = call(name, "--begin", "2021-06-19", "--end", "2021-06-21 12:00")
    assert "Old data: the newest row is from 2021-06-19 00:41:00, 2 days 11 h before" in answer.out
    assert "Old data" not in call(name, "--since", "24h", "--end", "latest").out


def test_latest_holds_the_newest_row(database: Engine, call: Call) -> None:
    source = json.loads(call("summary", "--since", "90m", "--end", "latest", "--json").out)[
        "source"
    ]
    assert (source["begin"], source["end"]) == (
        "2021-06-18T23:11:01+08:00",
        "2021-06-19T00:41:01+08:00",
    )
    assert source["rows"] == 10
    assert (
        json.loads(call("summary", "--since", "1m", "--end", "latest", "--json").out)["source"][
            "rows"
        ]
        == 1
    )


@pytest.mark.parametrize(
    ("begin", "shown"),
    [
        ("2021-06-19", "2021-06-19T00:00:00+08:00"),
        ("2021-06-18T16:00Z", "2021-06-19T00:00:00+08:00"),
        ("20210619T000000", "2021-06-19T00:00:00+08:00"),
        ("2021-06-19 00:00:00", "2021-06-19T00:00:00+08:00"),
    ],
)
def test_ways_to_write_a_time(database: Engine, call: Call, begin: str, shown: str) -> None:
    answer = call("summary", "--begin", begin, "--end", "2021-06-20", "--json")
    assert json.loads(answer.out)["source"]["begin"] == shown


@pytest.mark.parametrize("word", ["now", "today", "yesterday"])
def test_words_for_times(database: Engine, call: Call, word: str) -> None:
    assert call("summary", "--end", word).code == 0


def test_names_narrow_the_window(database: Engine, call: Call) -> None:
    def rows(*options: str) -> int:
        found = json.loads(call("summary", *DAY, "--json", *options).out)["source"]["rows"]
        assert isinstance(found, int)
        return found

    assert rows("--job", "unit") == 4
    assert rows("--job", "unit", "--job", "check") == 8
    assert rows("--job", "UNIT") == 0
    assert rows("--job", "unit ") == 0
    assert rows("--repo", "o/r") == 8
    assert rows("--repo", "o/r", "--branch", "master", "--job", "nightly") == 0
    assert rows("--job", "' OR 1=1 --") == 0
    assert rows("--job", "%") == 0


# config and completion


def test_config_check_that_goes_well(database: Engine, call: Call) -> None:
    answer = call("config", "--check")
    assert answer.code == 0
    assert re.search(
        r"^CI database: ok, \S+, newest row 2021-06-19 00:41:00 Asia/Shanghai$", answer.out, re.M
    )
    assert re.search(
        r"^own state: ok, sqlite:///\S+ will be created when it is needed$", answer.out, re.M
    )
    assert "settings file: none (STAT_ENV_PATH is not set)" in answer.out


def test_config_check_of_an_empty_table(empty: Engine, call: Call) -> None:
    assert re.search(r"^CI database: ok, \S+, empty$", call("config", "--check").out, re.M)


def test_config_check_that_fails_says_which(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_STATE_URL", "mysql://root:7f3a@127.0.0.1:1/state")
    answer = call("config", "--check")
    assert answer.code == 3
    assert "CI database: FAILED: There is no database yet" in answer.err
    assert (
        "own state: FAILED: mysql+pymysql://root:***@127.0.0.1:1/state cannot be reached"
        in answer.err
    )
    assert answer.err.endswith("ci-stat: Not usable: CI database, own state.\n")
    assert "7f3a" not in answer.out + answer.err


def test_config_check_goes_on_after_bad_settings(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "Mars/Olympus")
    answer = call("config", "--check")
    assert answer.code == 3
    assert (
        "CI database: FAILED: time_zone (from variable CI_STAT_TIME_ZONE) is 'Mars/Olympus'"
        in answer.err
    )
    assert "own state: ok" in answer.out


def test_config_of_hostile_settings(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "a\x1b[31m\u202e"
    folder.mkdir()
    content = {
        "run_url": hostile.ANSI,
        "log_dir": hostile.ATTACKS[1],
        hostile.ANSI: 1,
        "url": f"sqlite:///{folder}/x",
    }
    (folder / "env.json").write_text(json.dumps(content))
    monkeypatch.setenv("STAT_ENV_PATH", str(folder))
    answer = call("config", "--check")
    assert not hostile.raw(answer.out + answer.err)
    assert "\\x1b[31m" in answer.out
    assert call("config", "--json").out.isascii()


def test_a_hostile_name_of_a_database(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/\x1b[31m\u202e.sqlite"
    monkeypatch.setenv("CI_STAT_URL", url)
    monkeypatch.setenv("CI_STAT_STATE_URL", url)
    for there in (False, True):
        if there:
            prepare(open_engine(url))
        for arguments in (["summary"], ["config", "--check"]):
            answer = call(*arguments)
            assert answer.code == (0 if there else 3)
            assert not hostile.raw(answer.out + answer.err)
            assert ".sqlite" in answer.out + answer.err


def test_a_warning_of_the_settings_is_on_stderr(
    database: Engine, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_TIMEZONE", "UTC")
    answer = call("summary", *DAY, "--json")
    assert json.loads(answer.out)
    assert answer.err == (
        "ci-stat: warning: Unknown setting 'CI_STAT_TIMEZONE' in the environment: "
        "did you mean 'CI_STAT_TIME_ZONE'?\n"
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    answer = own_process("completion", shell)
    assert answer.code == 0, answer.err
    assert f"_CI_STAT_COMPLETE={shell}_complete" in answer.out
    assert "ci-stat" in answer.out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=answer.out, text=True, check=True)


def test_completion_of_commands_and_options() -> None:
    answer = own_process(
        code="from ci_stat.cli import main; main()",
        _CI_STAT_COMPLETE="bash_complete",
        COMP_WORDS="ci-stat su",
        COMP_CWORD="1",
    )
    assert answer.out == "plain,summary\n"
    options = own_process(
        _CI_STAT_COMPLETE="bash_complete", COMP_WORDS="ci-stat jobs --", COMP_CWORD="2"
    ).out
    assert {"plain,--since", "plain,--json", "plain,--limit"} <= set(options.splitlines())


# Pipes and encodings


@pytest.fixture
def many(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'many.sqlite'}"
    engine = open_engine(url)
    prepare(engine)
    write_rows(engine, [row(f"job {n}", n, "FAILURE", pr=n) for n in range(1, 3_000)])
    return url


@pytest.mark.parametrize(
    "arguments", [["export"], ["jobs", "--limit", "5000", "--json", *DAY], ["prs", *DAY, "--json"]]
)
def test_a_reader_that_leaves_is_no_error(many: str, arguments: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from ci_stat.cli import main; main()", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "CI_STAT_URL": many},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    if arguments == ["export"]:
        assert process.stdout.readline().startswith(b'{"job_name"')
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert (process.wait(timeout=60), said) == (0, "")


def test_a_terminal_that_knows_only_ascii(many: str) -> None:
    answer = own_process("prs", *DAY, CI_STAT_URL=many, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.isascii()


# Hostile names


@pytest.mark.parametrize("color", ["never", "always"])
@pytest.mark.parametrize("name", REPORTS)
def test_hostile_names_never_reach_the_screen(
    database: Engine, call: Call, fill: Fill, name: str, color: str
) -> None:
    fill(hostile.rows())
    limit = [] if name == "summary" else ["--limit", "100"]
    answer = call(name, *DAY, "--color", color, *limit, "--job", "x", "--job", hostile.ANSI)
    whole = call(name, *DAY, "--color", color, *limit)
    for each in (answer, whole):
        assert each.code == 0
        assert not hostile.raw(SGR.sub("", each.out) if color == "always" else each.out)
        assert not hostile.raw(each.err)
    assert name == "summary" or "\\x1b[2J" in whole.out
    assert "\\x1b[2J" in answer.out, "the query and the filters are shown too"


@pytest.mark.parametrize("arguments", [*([name, *DAY, "--json"] for name in REPORTS), ["export"]])
def test_hostile_names_in_json(
    database: Engine, call: Call, fill: Fill, arguments: list[str]
) -> None:
    fill(hostile.rows())
    answer = call(*arguments)
    assert not hostile.raw(answer.out)
    assert json.loads(answer.out.splitlines()[0] if arguments == ["export"] else answer.out)


@pytest.mark.parametrize("name", ["jobs", "prs", "failures"])
def test_hostile_names_in_csv(database: Engine, call: Call, fill: Fill, name: str) -> None:
    fill(hostile.rows())
    answer = call(name, *DAY, "--csv", "--limit", "100")
    assert not hostile.raw(answer.out)
    assert "\\x1b[2J" in answer.out, "shown, not dropped"


@settings(max_examples=10)
@given(data=st.data())
def test_whatever_a_name_is_it_stays_off_the_terminal(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    from click.testing import CliRunner

    letters = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.text(
        st.characters(categories=["Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=6
    )
    title, job, status, branch = (data.draw(letters) for _ in range(4))
    url = f"sqlite:///{tmp_path_factory.mktemp('names') / 'a.sqlite'}"
    engine = open_engine(url)
    prepare(engine)
    some = [
        row(
            job,
            1,
            "FAILURE",
            pr=1,
            branch=branch,
            repo=title,
            comment=title,
            analysis_res={"case": [title]},
            description={
                "ghprbPullId": "1",
                "ghprbPullTitle": title,
                "ghprbPullAuthorLogin": branch,
            },
        ),
        row(job, 2, status),
    ]
    assert write_rows(engine, some) == []
    for arguments in (*([name, *DAY] for name in REPORTS), ["export"], ["prs", "--json", *DAY]):
        shown = CliRunner(env={"CI_STAT_URL": url}).invoke(cli, arguments)
        assert shown.exit_code == 0, shown.output
        assert not hostile.raw(shown.output)


def test_a_hostile_error_of_the_database(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    monkeypatch.setenv("CI_STAT_URL", url)
    engine = open_engine(url)
    prepare(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into ci_data (job, job_id, status, time) "
                "values (cast(:job as text), 1, 'x', :time)"
            ),
            {"job": b"\xff\x1b[31m\x9b", "time": "2021-06-19 01:00:00"},
        )
    for name in (*REPORTS, "export"):
        answer = call(name, *DAY)
        assert answer.code in (0, 3)
        assert "Traceback" not in answer.err
        assert not hostile.raw(answer.out + answer.err)


def test_verbose_says_nothing_secret(database: Engine, call: Call) -> None:
    answer: Any = call("-v", "summary", *DAY)
    assert answer.code == 0


def _declared() -> Iterator[tuple[str, click.Command]]:
    """All commands that do something, by the words that a user types."""
    for name in COMMANDS:
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {word}", each) for word, each in inner.items())


@pytest.mark.parametrize(("words", "command"), list(_declared()), ids=str)
def test_a_command_hands_its_work_what_it_declares(words: str, command: click.Command) -> None:
    """The work is imported when a command is called, so nothing else checks its arguments."""
    assert command.callback is not None
    work = inspect.getclosurevars(command.callback).nonlocals
    module = import_module(f"ci_stat.cli.work.{work['module']}")
    function = getattr(module, work["declared"].__name__)
    declared = {parameter.name: None for parameter in command.params}
    inspect.signature(function).bind(**declared)


@pytest.mark.parametrize(
    ("length", "why"),
    [
        ("0h", "is too short: it must be above 0"),
        ("000d", "is too short"),
        ("-1h", "is too short"),
        ("99999999999d", "is too long: its number may have 6 digits"),
        ("h", "is not a length of time"),
        ("1.5h", "is not a length of time"),
        ("٣h", "is not a length of time"),
    ],
)
def test_a_length_that_cannot_be_used_says_why(
    database: Engine, call: Call, length: str, why: str
) -> None:
    answer = call("summary", "--since", length)
    assert (answer.code, why in answer.err) == (2, True)
    assert "90m, 24h, 7d, 2w" in answer.err

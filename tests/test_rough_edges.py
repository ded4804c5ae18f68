"""Regression tests: unusual output files, options and clocks."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

import ci_stat.ci_stat as stat
from ci_stat.cli.work.windows import run_filter
from ci_stat.config import Settings, Value, load
from ci_stat.context import Context
from ci_stat.errors import SettingsError, UsageError, WriteError
from ci_stat.formats.files import open_output
from ci_stat.records import Origin, Window
from ci_stat.runs.database import Source
from ci_stat.runs.export_runs import export_rows
from ci_stat.runs.import_runs import import_lines
from ci_stat.store.engine import open_engine
from tests.conftest import SHANGHAI, Fill, day
from tests.support import mariadb
from tests.support.results import result
from tests.support.rows import history, pull, row

BERLIN = ZoneInfo("Europe/Berlin")
HOSTILE = "x\x1b[31m\u202e"


def _run(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from ci_stat.cli import main; main()", *arguments]
    environment = os.environ | options.pop("env", {})  # type: ignore[operator]
    run = partial(subprocess.run, command, text=True, capture_output=True, env=environment)
    return run(**options)


def test_an_export_writes_through_a_link(engine: Engine, fill: Fill, tmp_path: Path) -> None:
    fill(history("P F"))
    target, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    target.write_text("old")
    link.symlink_to(target)
    with open_output(str(link)) as out:
        export_rows(engine, None, out, lambda _n: None)
    assert link.is_symlink()
    assert len(target.read_text().splitlines()) == 2


def test_an_export_into_a_pipe_leaves_the_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_text()))
    reader.start()
    with open_output(str(pipe)) as out:
        out.write("a line\n")
    reader.join(timeout=10)
    assert seen == ["a line\n"]
    assert pipe.is_fifo()


def test_a_full_device_is_an_error_of_ours(tmp_path: Path) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full here")
    with pytest.raises(WriteError, match="No space left"), open_output("/dev/full") as out:
        out.write("x" * 100_000)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from ci_stat.cli import main; main()", "config"],
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert done.returncode == 6
    assert b"cannot write the output: No space left" in done.stderr


def test_an_error_of_something_else_is_not_called_one_of_the_output() -> None:
    """Networks, files and programs raise OSErrors too."""
    program = (
        "import ci_stat.cli as cli\n"
        "def refused(*_): raise ConnectionRefusedError(111, 'Connection refused')\n"
        "cli.run = refused\n"
        "cli.main(['summary'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "ci-stat: the system refused an operation: [Errno 111] Connection refused",
        "  ci-stat -v shows where.",
    ]


def test_closed_streams_are_no_traceback(engine: Engine, url: str, fill: Fill) -> None:
    fill(history("P"))
    program = f'"{sys.executable}" -c "from ci_stat.cli import main; main()"'
    environ = os.environ | {"CI_STAT_URL": url}
    closed = subprocess.run(
        f"{program} config >&-", shell=True, env=environ, capture_output=True, text=True
    )
    assert (closed.returncode, closed.stderr) == (0, "")
    unread = subprocess.run(
        f"{program} import - <&-", shell=True, env=environ, capture_output=True, text=True
    )
    assert unread.returncode == 6
    assert "Standard input is closed" in unread.stderr


def test_a_raw_status_comes_back_raw(engine: Engine, fill: Fill, tmp_path: Path) -> None:
    """FAILED in the table is a state of its own; FAILED in an import means FAILURE."""
    fill(
        [
            row(job_id=1, status="FAILED"),
            row(job_id=2, status="FAILURE"),
            row(job_id=3, status="completed"),
        ]
    )
    path = tmp_path / "runs.jsonl"
    with open_output(str(path)) as out:
        export_rows(engine, None, out, lambda _n: None)
    before = Source(engine, Origin(SHANGHAI)).count_window(day())[0]
    assert (before.special.failure, before.special.other) == (1, 2)
    fill([])
    done = import_lines(engine, path.read_bytes().splitlines(), SHANGHAI)
    assert done.skipped == []
    assert Source(engine, Origin(SHANGHAI)).count_window(day())[0] == before


def test_a_row_over_the_packet_size_costs_itself_only() -> None:
    if reason := mariadb.missing():
        pytest.skip(reason)
    with mariadb.running("--max-allowed-packet=1M") as server:
        server.sql("create database ci")
        engine = open_engine(server.url("ci"))
        record = {"status": "SUCCESS", "time": "2021-06-19T08:00:00", "repo": "o/r", "pr_number": 7}
        titles = ["small", "x" * 2_000_000, "small"]
        lines = [
            json.dumps(record | {"job_name": "unit", "job_id": n, "pr_title": title}).encode()
            for n, title in enumerate(titles, 1)
        ]
        done = import_lines(engine, lines, SHANGHAI)
        assert done.stored == 2
        assert [number for number, _ in done.skipped] == [2]
        assert "max_allowed_packet" in done.skipped[0][1]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host/db?user=u&password=hunter2@x",
        "mysql://u:hunter2@/x@host/db",
        "sqlite+pysqlcipher://:hunter2@/foo.db",
        "mysql://u:hunter2@host/db?ssl_key=hunter2",
    ],
)
def test_no_part_of_a_url_that_may_be_secret_is_shown(url: str) -> None:
    settings = load({"CI_STAT_URL": url})
    assert "hunter2" not in str(settings.shown()) + repr(settings)


def test_a_source_does_not_show_its_options() -> None:
    source = Context(
        Settings({"url": Value("mysql+pymysql://u:p@h/d?ssl_key=hunter2", "test")})
    ).source
    assert "hunter2" not in repr(source)


@pytest.mark.parametrize(
    "option", ["ssl_ca=/missing", "foo=bar", "local_infile=abc", "read_timeout=x"]
)
def test_an_option_that_cannot_be_used_is_a_setting_that_cannot(option: str) -> None:
    settings = Settings({"url": Value(f"mysql://u:p@127.0.0.1:1/d?{option}", "test")})
    with pytest.raises(SettingsError, match="URL"):
        Context(settings).source.newest()


@pytest.mark.parametrize("url", ["mysql://u:p@127.0.0.1:1", "sqlite://", "sqlite:///:memory:"])
def test_a_url_without_a_database_says_so(url: str) -> None:
    with pytest.raises(SettingsError, match="has no database name"):
        open_engine(url)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    done = _run("summary", env={"CI_STAT_URL": f"sqlite:///{tmp_path}"})
    assert done.returncode == 3
    assert "is a folder, not a SQLite file" in done.stderr


def test_variables_that_name_a_server_are_stronger_than_a_url_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "env.json"
    file.write_text('{"url": "sqlite:////old"}')
    environ = {
        "STAT_ENV_PATH": str(file),
        "CI_STAT_HOST": "h",
        "CI_STAT_USER": "u",
        "CI_STAT_DATABASE": "d",
    }
    assert load(environ).ci_data.url.reveal() == "mysql+pymysql://u:@h:3306/d"
    newer = load(environ | {"CI_STAT_URL": "sqlite:////new"})
    assert newer.ci_data.url.reveal() == "sqlite:////new"


def test_the_hour_that_clocks_show_twice_is_named() -> None:
    begin, end = (
        datetime(2021, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2021, 10, 31, 1, 30, tzinfo=UTC),
    )
    with pytest.raises(UsageError, match="clocks of Europe/Berlin go back"):
        Window.of(begin, end, BERLIN)
    assert Window.of(begin, datetime(2021, 10, 31, 3, tzinfo=UTC), BERLIN)


def test_since_is_a_length_of_real_time(tmp_path: Path) -> None:
    source = Source(open_engine(f"sqlite:///{tmp_path / 'x'}"), Origin(BERLIN))
    window = run_filter(source, None, "2021-03-28T03:10", "1h", (), (), ()).window
    assert window.begin.isoformat() == "2021-03-28T01:10:00+01:00"


@pytest.mark.parametrize(
    "arguments",
    [["jobs", "--limit", "9" * 20], ["demo", "--days", "3000000"], ["summary", "--begin", ""]],
)
def test_numbers_and_times_that_cannot_be_meant(arguments: list[str]) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_demo_folder_that_a_url_cannot_name(tmp_path: Path) -> None:
    done = _run("demo", str(tmp_path / "what?x"))
    assert done.returncode == 6
    assert list(tmp_path.iterdir()) == []


def test_state_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    done = _run(
        "config", "--check", env={"CI_STAT_STATE_URL": f"sqlite:///{folder / 'state.sqlite'}"}
    )
    assert "may not be written" in done.stderr


def test_what_a_prompt_shows_is_harmless() -> None:
    bad = row(HOSTILE, 1, HOSTILE, repo=HOSTILE, commit=HOSTILE, description=pull(7))
    res = result([bad])
    shown = repr((res.job_map, res.pr_map, res.commit_hash_map, res.run_list, res))
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_an_unknown_setting_is_said_to_a_notebook_too(
    url: str, fill: Fill, caplog: pytest.LogCaptureFixture
) -> None:
    fill(history("P"))
    settings = Settings(
        {"url": Value(url, "test")},
        warnings=("Unknown setting 'passwrd': did you mean 'password'?",),
    )
    stat.get_result(datetime(2021, 6, 19), datetime(2021, 6, 20), settings=settings)
    assert "did you mean 'password'" in caplog.text

"""`ci-stat tests run` with a command that no adapter knows: retries, budgets, what is unknown."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import junitparser
import pytest

from ci_stat.formats.result_file import ResultFile
from tests.support.command import Call
from tests.support.drawn import FULL
from tests.test_results.running.support import (
    calls,
    junit,
    outcomes,
    program,
    run_tests,
    shell,
)

# Fails `flaky` the first time; as a retry it takes names behind `--only` and reports these.
FLAKY = """
names = words[words.index("--only") + 1:] if "--only" in words else ["good", "flaky", "bad"]
first = "--only" not in words
def element(name):
    fails = name == "bad" or (name == "flaky" and first)
    return '<testcase classname="C" name="%s" time="1.5">%s</testcase>' % (
        name, '<failure message="no &lt;b&gt;"/>' if fails else "")
body = "".join(map(element, names))
pathlib.Path(words[0]).write_text('<testsuite name="s">%s</testsuite>' % body)
sys.exit(1 if "<failure" in body else 0)
"""


@pytest.fixture
def flaky(tmp_path: Path) -> tuple[str, ...]:
    """Options and command of a runner with a flaky and a bad test."""
    runner = program(tmp_path, "runner", FLAKY)
    return "--retry-command", f"{runner} {{results}} --only {{name}}", "--", runner, "{results}"


def test_only_what_failed_is_retried(call: Call, tmp_path: Path, flaky: tuple[str, ...]) -> None:
    answer, data = run_tests(call, "--retries", "2", *flaky)
    assert answer.code == 11
    assert outcomes(data) == {
        "good": ["passed"],
        "flaky": ["failed", "passed"],
        "bad": ["failed", "failed", "failed"],
    }
    assert [words[1:] for words in calls(tmp_path)] == [
        [],
        ["--only", "flaky", "bad"],
        ["--only", "bad"],
    ]
    counts = {name: data["counts"][name] for name in ("tests", "passed", "failed", "flaky", "runs")}
    assert counts == {"tests": 3, "passed": 2, "failed": 1, "flaky": 1, "runs": 6}
    assert (data["complete"], data["retried"], data["total_missing"]) == (True, 3, 0)
    assert "1 test failed" in answer.out
    assert "C :: flaky  (failed, passed)" in answer.out


def test_the_junit_file_keeps_every_attempt(
    call: Call, tmp_path: Path, flaky: tuple[str, ...]
) -> None:
    run_tests(call, "--retries", "2", *flaky)
    content = Path("out.xml").read_bytes()
    attempts = [(case.name, str(case.outcome)) for case in ResultFile([content])]
    assert attempts == [
        ("good", "passed"),
        ("flaky", "failed"),
        ("flaky", "passed"),
        *[("bad", "failed")] * 3,
    ]
    suites = list(junitparser.JUnitXml.fromstring(content))
    assert [(suite.tests, suite.failures, suite.errors) for suite in suites] == [(3, 1, 0)]


def test_a_flaky_test_passes_and_stays_visible(call: Call, tmp_path: Path) -> None:
    runner = program(tmp_path, "runner", FLAKY.replace('"bad"', '"x"'))
    retry = f"{runner} {{results}} --only {{name}}"
    command = ("--retry-command", retry, "--", runner, "{results}")
    answer, data = run_tests(call, "--retries", "2", *command)
    assert outcomes(data)["flaky"] == ["failed", "passed"]
    assert answer.code == 11  # `x` fails each time
    answer, data = run_tests(call, *command)
    assert answer.code == 11
    assert outcomes(data)["flaky"] == ["failed"]


def test_an_outage_is_not_retried(call: Call, tmp_path: Path) -> None:
    Path("r.xml").write_text(junit("!a", "!b", "!c", "d", "e", "f"))
    runner = program(tmp_path, "runner", "os.utime('r.xml'); sys.exit(1)\n")
    answer, data = run_tests(
        call, "--retries", "3", "--results", "*.xml", "--retry-command", runner, "--", runner
    )
    assert answer.code == 11
    assert len(calls(tmp_path)) == 1
    assert data["notes"] == [
        "3 of 6 tests failed (50%, more than 25%): this looks like an outage, so nothing is retried"
    ]


def test_the_budget_is_kept_and_said(call: Call, tmp_path: Path, flaky: tuple[str, ...]) -> None:
    _, data = run_tests(call, "--retries", "5", "--retry-budget", "3", *flaky)
    assert data["retried"] == 3
    assert data["notes"] == ["1 failed test not retried: the limit is 3 retries"]


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("kill -9 $$", "shard 1: killed by SIGKILL"),
        ("exit 0", "shard 1: exit code 0"),
        ("exit 3", "shard 1: exit code 3"),
        ("cp good.xml $1; exit 3", "shard 1: exit code 3, but none of 1 result failed"),
        ("cp good.xml $1; kill -9 $$", "shard 1: killed by SIGKILL"),
        ("head -c 40 good.xml > $1; exit 0", "shard 1: cut: "),
        (": > $1", "shard 1: empty: the file is empty"),
        ("echo '<testsuite/>' > $1", "shard 1: no test cases: "),
        ("cp good.xml $1; sleep 60", "shard 1: ended by the time limit after 1s"),
    ],
)
def test_a_run_that_is_not_whole_is_no_pass(
    call: Call, tmp_path: Path, script: str, problem: str
) -> None:
    Path("good.xml").write_text(junit("a"))
    runner = shell(tmp_path, "runner", script)
    answer, data = run_tests(call, "--timeout", "1s", "--", runner, "{results}")
    assert answer.code == 12
    assert not data["complete"]
    assert any(one.startswith(problem) for one in data["problems"]), data["problems"]
    assert "It is unknown whether all tests passed" in answer.err


def test_a_runner_that_is_missing(call: Call) -> None:
    answer, data = run_tests(call, "--", "./no-such-runner", "{results}")
    assert answer.code == 12
    assert data["problems"] == ["shard 1: ./no-such-runner: No such file or directory"]


def test_files_of_an_earlier_run_do_not_count(call: Call, tmp_path: Path) -> None:
    Path("old.xml").write_text(junit("a"))
    answer, data = run_tests(call, "--results", "*.xml", "--", shell(tmp_path, "runner", "true"))
    assert answer.code == 12
    assert data["problems"] == ["shard 1: no result file was written (exit code 0)"]


def test_a_test_that_a_retry_skips_stays_failed(call: Call, tmp_path: Path) -> None:
    """Some runners report what they did not select as skipped."""
    Path("first.xml").write_text(junit("a", "!b"))
    Path("second.xml").write_text(junit("~a", "~b"))
    runner = shell(tmp_path, "runner", 'cp first.xml "$1"; exit 1')
    retry = shell(tmp_path, "retry", 'cp second.xml "$1"')
    answer, data = run_tests(
        call, "--retries", "1", "--retry-command", f"{retry} {{results}}", "--", runner, "{results}"
    )
    assert answer.code == 11
    assert outcomes(data) == {"a": ["passed"], "b": ["failed"]}
    assert data["notes"] == ["1 test not reported by retry 1"]


def test_hostile_names_are_no_options(call: Call, tmp_path: Path) -> None:
    Path("first.xml").write_text(junit("!--delete", "a", "!$(touch x)", "b", "c", "d", "e", "f"))
    runner = program(
        tmp_path, "runner", "import shutil; shutil.copy('first.xml', words[0]); sys.exit(1)"
    )
    retry = f"{runner} {{results}} {{name}}"
    _, data = run_tests(call, "--retries", "1", "--retry-command", retry, "--", runner, "{results}")
    assert [words[1:] for words in calls(tmp_path)] == [[], ["$(touch x)"]]
    assert not Path("x").exists()
    assert data["notes"] == ["1 failed test not retried: its name looks like an option"]


def test_escapes_in_names_do_not_act(call: Call, tmp_path: Path) -> None:
    Path("first.xml").write_text(junit("!\u202ea&lt;script&gt;"))
    runner = shell(tmp_path, "runner", 'cp first.xml "$1"; exit 1')
    answer, _ = run_tests(call, "--", runner, "{results}")
    assert "\u202e" not in answer.out + Path("out.json").read_text()
    assert "\\u202ea<script>" in answer.out


def test_retry_only_runs_what_failed_in_a_file(
    call: Call, tmp_path: Path, flaky: tuple[str, ...]
) -> None:
    answer, before = run_tests(call, *flaky)
    assert (answer.code, outcomes(before)["flaky"]) == (11, ["failed"])
    Path("calls.txt").unlink()
    answer, data = run_tests(call, "--retry-only", "out.json", *flaky)
    assert [words[1:] for words in calls(tmp_path)] == [["--only", "flaky", "bad"]]
    assert outcomes(data) == {
        "good": ["passed"],
        "flaky": ["failed", "passed"],
        "bad": ["failed", "failed"],
    }
    assert data["repeats"] == before["id"] != data["id"]
    assert answer.code == 11


def test_retry_only_does_not_make_a_broken_run_whole(call: Call, tmp_path: Path) -> None:
    runner = shell(tmp_path, "runner", "kill -9 $$")
    run_tests(call, "--", runner, "{results}")
    answer, data = run_tests(call, "--retry-only", "out.json", "--", runner, "{results}")
    assert answer.code == 12
    assert "earlier run: shard 1: killed by SIGKILL" in data["problems"]


def test_a_file_that_is_no_run(call: Call, tmp_path: Path) -> None:
    Path("other.json").write_text("{}")
    answer = call("tests", "run", "--retry-only", "other.json", "--", "r", "{results}")
    assert answer.code == 12
    assert "is no output of `ci-stat tests run`" in answer.err


def test_the_gate_decides(call: Call, tmp_path: Path, flaky: tuple[str, ...]) -> None:
    Path("gates.toml").write_text(
        '[[may_fail]]\ncase = "bad"\nreason = "known"\nowner = "me"\n'
        'issue = "https://ci.example/1"\nexpires = 2999-01-01\n'
    )
    answer, data = run_tests(call, "--retries", "1", "--policy", "gates.toml", *flaky)
    assert answer.code == 0
    assert data["gate"]["decision"] == "pass"
    runner = shell(tmp_path, "dead", "kill -9 $$")
    answer, data = run_tests(call, "--policy", "gates.toml", "--", runner, "{results}")
    assert answer.code != 0
    assert data["gate"]["decision"] != "pass"


def test_a_run_can_be_imported(call: Call, flaky: tuple[str, ...]) -> None:
    run_tests(call, "--retries", "1", "--import", "--label", "db=tidb", *flaky)
    data = json.loads(call("tests", "--json").out)
    assert data["run"]["labels"] == {"db": "tidb"}
    assert (data["counts"]["tests"], data["counts"]["runs"], data["counts"]["flaky"]) == (3, 5, 1)


def test_many_failures_are_counted_and_capped(call: Call, tmp_path: Path) -> None:
    failed = 10_000 if FULL else 500
    names = [f"t{number}" for number in range(failed * 5)]
    Path("r.xml").write_text(junit(*[f"!{name}" for name in names[:failed]], *names[failed:]))
    runner = shell(tmp_path, "runner", 'cp r.xml "$1"; exit 1')
    retry = program(tmp_path, "retry", "pathlib.Path(words[0]).write_text('<testsuite/>')")
    answer, data = run_tests(
        call, "--retries", "1", "--retry-command", f"{retry} {{results}} {{name}}", "--", runner,
        "{results}",
    )  # fmt: skip
    assert answer.code == 11  # although the retry had no result
    assert "Not all results are known: " in answer.err
    assert len(calls(tmp_path)[0]) == 101
    note = f"{failed - 100:,} failed tests not retried: the limit is 100 retries"
    assert note in data["notes"]
    assert f"… and {failed - 20:,} more failed tests" in answer.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--timeout", "soon", "--", "x", "{results}"), "not a length of time"),
        (("--retry-budget", "-1", "--", "x", "{results}"), "not a length of time"),
        (("--label", "x", "--", "x", "{results}"), "Invalid label"),
        (("--", "make", "check"), "not known where this command writes its results"),
        (("--files", "*.py", "--", "x", "{results}", "{files}"), "No test file"),
        (("--files", "*.py", "--", "x", "{results}"), "needs the word {files}"),
        (("--retry-command", "'", "--", "x", "{results}"), "No closing quotation"),
        (("--runner", "go", "--", "make"), "needs `go test`"),
        (("--retries", "1", "--", "go", "test", "-failfast"), "leaves tests out"),
    ],
)
def test_arguments_that_mean_nothing(call: Call, arguments: tuple[str, ...], message: str) -> None:
    answer = call("tests", "run", *arguments)
    assert answer.code == 2
    assert message in answer.err


def test_the_last_lines_of_a_broken_runner_are_shown(call: Call, tmp_path: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    runner = shell(tmp_path, "runner", f"echo cannot open the display; echo token={token}; exit 3")
    answer, data = run_tests(call, "--", runner, "{results}")
    assert data["shards"][0]["output"][0] == "cannot open the display"
    assert "cannot open the display" in answer.out
    assert token not in answer.out + Path("out.json").read_text()


def test_outputs_are_checked_before_the_tests_run(call: Call, tmp_path: Path) -> None:
    runner = program(tmp_path, "runner", FLAKY)
    answer = call("tests", "run", "--junit", "nowhere/out.xml", "--", runner, "{results}")
    assert (answer.code, "nowhere/out.xml cannot be written" in answer.err) == (6, True)
    assert not Path("calls.txt").exists()


def test_a_database_that_does_not_answer_hides_no_result(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("broken.sqlite").write_text("no database at all, but long enough to be read as one" * 20)
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path}/broken.sqlite")
    Path("good.xml").write_text(junit("a"))
    runner = shell(tmp_path, "runner", 'cp good.xml "$1"')
    answer, data = run_tests(call, "--workers", "2", "--import", "--", runner, "{results}")
    assert (answer.code, data["counts"]["passed"], data["complete"]) == (3, 1, True)
    assert "not imported" in answer.err
    Path("good.xml").write_text(junit("!a"))
    answer, _ = run_tests(call, "--import", "--", runner, "{results}")
    assert answer.code == 11


def test_sigterm_ends_the_runners_and_keeps_what_was_finished(tmp_path: Path) -> None:
    Path("good.xml").write_text(junit("a"))
    script = (
        'echo $$ > pid$2; if [ "$2" = a.test ]; then cp good.xml "$1"; exit 0; fi; exec sleep 60'
    )
    runner = shell(tmp_path, "runner", script)
    for name in "ab":
        Path(f"{name}.test").touch()
    files = ("--files", "*.test", "--workers", "2", "--output", "out.json", "--logs", "logs")
    process = subprocess.Popen(
        [Path(sys.executable).parent / "ci-stat", "tests", "run", *files, "--", runner, "{results}",
         "{files}"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if "1 result" in line:
            break
    _wait_for(tmp_path / "pidb.test")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    data = json.loads(Path("out.json").read_text())
    assert data["interrupted"]
    assert outcomes(data) == {"a": ["passed"]}
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pidb.test").read_text()), 0)


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)

"""`ci-stat gate` as a user runs it: files, stored runs, histories, and a replay."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Answer, Call
from tests.test_results.gates.support import may_fail

OUTCOMES = {"P": "", "F": '<failure message="got 17"/>', "S": "<skipped/>"}
NOW = ("--now", "2026-11-20T12:00:00Z")
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(autouse=True)
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path}/results.sqlite")
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def junit(path: str, cases: str, markers: str = "") -> str:
    """Write `a:P b:FP` as a file: two letters are two attempts."""
    properties = ""
    if markers:
        properties = f'<properties><property name="marker" value="{markers}"/></properties>'
    inside = "".join(
        f'<testcase classname="C" name="{name}" time="0.5">{OUTCOMES[letter]}{properties}'
        "</testcase>"
        for name, letters in (pair.split(":") for pair in cases.split())
        for letter in letters
    )
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(f'<testsuite name="s">{inside}</testsuite>')
    return path


def policy(text: str) -> tuple[str, str]:
    Path("p.toml").write_text(text)
    return "--policy", "p.toml"


def store(call: Call, number: int, cases: str, *more: str, markers: str = "") -> None:
    junit("import.xml", cases, markers)
    time = ("--time", f"2026-11-{number:02}T10:00:00Z")
    answer = call(
        "tests", "import", "import.xml", "--job", "unit", "--number", str(number), *time, *more
    )
    assert answer.code == 0, answer.err


def data(answer: Answer) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(answer.out)
    assert value["exit_code"] == answer.code
    return value


def test_files_without_a_policy(call: Call) -> None:
    assert call("gate", junit("a.xml", "x:P y:FP")).code == 0
    failed = call("gate", junit("a.xml", "x:P y:PF"))
    assert failed.code == 11
    assert "The gate fails: a.xml" in failed.out
    assert "C :: y: got 17" in failed.out
    assert failed.err == "ci-stat: The gate fails: 1 must-pass test failed.\n"


def test_json_and_output_say_the_same(call: Call) -> None:
    answer = call("gate", junit("a.xml", "x:P y:F z:F"), "--json", "--limit", "1", "--output", "o")
    value = data(answer)
    assert value == json.loads(Path("o").read_text())
    assert (value["decision"], value["total_failed"]) == ("fail", 2)
    assert [one["name"] for one in value["failed"]] == ["y"]
    (reason,) = value["reasons"]
    assert (reason["rule"], reason["total"], reason["names"]) == ("failed tests", 2, ["C :: y"])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<testsuite/>",
        '<testsuite><testcase name="a"/>',
        '<testsuite><testcase name="a"/></testsuit>',
        "<html/>",
        '<!DOCTYPE x [<!ENTITY y "z">]><testsuite><testcase name="&y;"/></testsuite>',
    ],
)
def test_a_file_that_is_not_whole_is_never_green(call: Call, content: str) -> None:
    junit("good.xml", "x:P")
    Path("bad.xml").write_text(content)
    answer = call("gate", "good.xml", "bad.xml")
    assert answer.code == 12
    assert "bad.xml" in answer.out
    assert call("gate", "good.xml", "none.xml").code == 12
    assert call("gate", "good.xml").code == 0


def test_other_files_in_a_folder_do_not_count(call: Call) -> None:
    junit("out/a.xml", "x:P")
    Path("out/pom.xml").write_text("<project/>")
    answer = call("gate", "out")
    assert answer.code == 0
    assert "Left out, 1 other file without test results: out/pom.xml" in answer.out
    assert data(call("gate", "out", "--json"))["left_out"] == ["out/pom.xml"]
    assert call("gate", "out/pom.xml").code == 12


def test_a_pass_in_another_file_undoes_no_failure(call: Call) -> None:
    files = junit("1.xml", "x:F y:P"), junit("2.xml", "x:P")
    assert call("gate", *files).code == 11
    assert call("gate", *reversed(files)).code == 11
    retried = call("gate", *files, "--retries", "--json")
    assert retried.code == 0
    assert [one["flaky"] for one in data(retried)["levels"]] == [1]
    assert call("gate", *reversed(files), "--retries").code == 11


def test_a_skipped_retry_undoes_no_failure(call: Call) -> None:
    assert call("gate", junit("a.xml", "x:FS y:P")).code == 11
    store(call, 1, "x:FS y:P")
    assert call("gate", "--job", "unit").code == 11


def test_folders_are_labels_and_matrix_entries_are_required(call: Call) -> None:
    matrix = '[dimensions]\ndb = ["my/sql", "tidb"]\n[types.smoke]\ndb = "tidb"\n[types.full]\n'
    Path("matrix.toml").write_text(matrix)
    junit("out/db=tidb/a.xml", "x:P")
    required = ("--matrix", "matrix.toml")
    missing = call("gate", "out", *required, "--json")
    assert missing.code == 12
    assert data(missing)["reasons"][0]["names"] == ["db=my/sql"]
    assert call("gate", "out", *required, "--type", "smoke").code == 0
    assert call("gate", "out", *required, "--type", "smok").code == 2
    junit("out/db=my%2Fsql/a.xml", "x:P")
    assert call("gate", "out", *required).code == 0
    by_policy = policy('[rules]\nrequired_from = "matrix.toml"\n')
    assert call("gate", "out", *by_policy).code == 0
    assert call("gate", "out/db=tidb/a.xml", *by_policy).code == 12


def test_a_stored_run_with_its_entries_and_attempts(call: Call) -> None:
    store(call, 1, "x:P y:F", "--label", "db=mysql")
    store(call, 1, "x:P y:P", "--label", "db=tidb")
    answer = call("gate", "--job", "unit", "--json")
    assert answer.code == 11
    assert data(answer)["reasons"][0]["names"] == ["C :: y (db=mysql)"]
    assert call("gate", "--job", "unit", "--label", "db=tidb").code == 0
    store(call, 1, "y:P", "--label", "db=mysql", "--attempt", "2")
    again = data(call("gate", "--job", "unit", "--json"))
    assert (again["decision"], again["tests"]) == ("pass", 4)
    assert call("gate", "--job", "unit", "--run", "2").code == 2
    assert call("gate", "--job", "unti").code == 2


def test_a_stored_run_whose_file_was_cut(call: Call) -> None:
    store(call, 1, "x:P")
    Path("cut.xml").write_text('<testsuite><testcase name="a"/>')
    assert call("tests", "import", "cut.xml", "--job", "unit", "--number", "2").code == 12
    assert call("gate", "--job", "unit", "--run", "2").code == 12
    assert call("gate", "--job", "unit", "--run", "1").code == 0


def test_caps_and_proposals_need_history(call: Call) -> None:
    rules = policy("[rules]\npropose_after = 3\n" + may_fail("C.x", "cap = 2"))
    for number, letter in enumerate("FFPPP", 1):
        store(call, number, f"x:{letter}")
    # Runs of pull requests are no history.
    store(call, 6, "x:F", "--pr", "7")

    def judged(letter: str) -> dict[str, Any]:
        file = junit("now.xml", f"x:{letter}")
        return data(call("gate", file, *rules, "--job", "unit", "--json", *NOW))

    assert judged("P")["entries"][0]["proposes_removal"] is True
    assert judged("P")["total_unexpected_passes"] == 1
    assert judged("F")["decision"] == "pass"
    assert call("gate", "--job", "unit", "--run", "2", *rules, *NOW).code == 0
    store(call, 7, "x:F")
    store(call, 8, "x:F")
    assert judged("F")["reasons"][0]["rule"] == "cap exceeded"
    alone = call("gate", "now.xml", *rules, *NOW)
    assert alone.code == 0
    assert "Caps are checked against this run only: there is no history." in alone.out


def test_a_run_is_not_a_part_of_its_own_history(call: Call) -> None:
    rules = policy(may_fail("C.x", "cap = 2"))
    store(call, 1, "x:F")
    store(call, 2, "x:F")
    judge = ("gate", junit("now.xml", "x:F"), "--job", "unit", *rules, *NOW)
    assert call(*judge, "--run", "2").code == 0
    assert call(*judge).code == 11


def test_markers_of_stored_runs(call: Call) -> None:
    rules = policy(may_fail("C.*").replace('case = "C.*"', 'marker = "chaos"'))
    store(call, 1, "x:F", markers="chaos")
    assert call("gate", "--job", "unit", *rules, *NOW).code == 0
    store(call, 2, "x:F")
    assert call("gate", "--job", "unit", *rules, *NOW).code == 11


def test_replay_says_what_a_policy_would_have_said(call: Call) -> None:
    runs = ["x:P y:P", "x:F y:P", "x:F y:P", "x:P y:F", "x:F y:P", "x:F y:P", "x:F y:P"]
    for number, cases in enumerate(runs, 1):
        store(call, number, cases)
    rules = policy(may_fail("C.x", "cap = 2") + may_fail("C.?"))
    answer = call("gate", "--replay", "30d", *rules, *NOW, "--json")
    assert answer.code == 0, answer.err
    value = json.loads(answer.out)
    assert value["decisions"] == {"pass": 6, "fail": 1, "cannot tell": 0}
    assert value["rules"] == {"cap exceeded": 1}
    assert [run["decision"] for run in value["runs"]] == ["fail"] + ["pass"] * 6
    assert value["never_needed"] == []
    assert [day["day"] for day in value["days"]] == [f"2026-11-{day:02}" for day in range(1, 8)]

    strict = json.loads(call("gate", "--replay", "30d", *NOW, "--json").out)
    assert strict["decisions"] == {"pass": 1, "fail": 6, "cannot tell": 0}
    assert strict["tests"] == [{"name": "C :: x", "runs": 5}, {"name": "C :: y", "runs": 1}]

    unused = policy(may_fail("C.z", table="quarantine") + may_fail("C.x"))
    shown = call("gate", "--replay", "3w", *unused, *NOW)
    assert "quarantine #1: case C.z" in shown.out
    assert "The gate would have failed all 7 runs" in shown.out


def test_a_replay_begins_with_the_history_before_it(call: Call) -> None:
    for number in (10, 11, 12, 13):
        store(call, number, "x:F")
    rules = policy(may_fail("C.x", "cap = 3"))
    value = json.loads(call("gate", "--replay", "9d", *rules, *NOW, "--json").out)
    assert [run["decision"] for run in value["runs"]] == ["fail", "pass"]


def test_a_replay_without_runs_cannot_tell(call: Call) -> None:
    assert call("gate", "--replay", "30d", *NOW).code == 12
    store(call, 1, "x:P")
    assert call("gate", "--replay", "1d", *NOW).code == 12
    assert call("gate", "--replay", "30d", "--job", "other", *NOW).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a.xml", "--run", "1"),
        ("a.xml", "--replay", "3d"),
        ("--job", "unit", "--retries"),
        ("a.xml", "--type", "smoke"),
        ("--replay", "soon"),
        ("a.xml", "--now", "soon"),
        ("a.xml", "--label", "x"),
        ("a.xml", "--output", "-"),
    ],
)
def test_arguments_that_do_not_fit(call: Call, arguments: tuple[str, ...]) -> None:
    assert call("gate", *arguments).code == 2


def test_an_invalid_policy_ends_with_4(call: Call) -> None:
    answer = call("gate", junit("a.xml", "x:P"), *policy("[rules]\nmin_test = 1"))
    assert (answer.code, answer.out) == (4, "")
    assert "p.toml:2: unknown key `min_test` in [rules]." in answer.err


def test_init_prints_the_example_and_its_comments_are_a_policy(call: Call) -> None:
    shown = call("gate", "--init").out
    assert shown == (EXAMPLES / "gates.toml").read_text(encoding="utf-8")
    lines = [
        line.removeprefix("# ") if "=" in line or line.startswith("# [") else line
        for line in shown.splitlines()
    ]
    full = "\n".join(line for line in lines if "`" not in line and "ci-stat" not in line)
    Path("matrix.toml").write_text((EXAMPLES / "matrix.toml").read_text())
    rules = policy(full.replace('required_type = "nightly"', 'required_type = "smoke"'))
    assert "not valid TOML" not in call("gate", junit("a.xml", "x:P"), *rules).err
    assert call("gate", "a.xml", *rules, *NOW).code == 11


def test_hostile_names_are_escaped(call: Call) -> None:
    name = "&#27;[31m&lt;b&gt;\u202ex"
    Path("a.xml").write_text(
        f'<testsuite><testcase classname="C" name="{name}"><failure message="{name}"/></testcase>'
        "</testsuite>",
        encoding="utf-8",
    )
    answer = call("gate", "a.xml")
    assert answer.code == 11
    assert "\x1b" not in answer.out + answer.err
    assert "\u202e" not in answer.out + answer.err

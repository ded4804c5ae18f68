"""`ci-stat publish` as a person runs it."""

import json
import random
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ci_stat.connectors.github.pull_requests import PullRequests
from tests.support.command import Answer, Call
from tests.support.github import CONTRACT, GitHub, github_server
from tests.support.published import COMMIT

ON = ("--job", "unit", "--run", "7", "--pr", "12", "--repo", "me/app", "--commit", COMMIT)
OUTCOMES = {"P": "", "F": '<failure message="got 17"/>', "S": "<skipped/>"}


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "GITHUB_BASE_REF", "CHANGE_TARGET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the pauses between requests."""
    quick = partial(PullRequests, between_reads=0.0, between_writes=0.0)
    monkeypatch.setattr("ci_stat.test_results.publishing.setup.PullRequests", quick)


@pytest.fixture
def hub(_no_pauses: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    contract = CONTRACT if CONTRACT.exists() else None
    with github_server(contract, repo="me/app", login="ci-bot") as github:
        github.issue("A change", pull=True, number=12)
        monkeypatch.setenv("CI_STAT_GITHUB_URL", github.url)
        monkeypatch.setenv("CI_STAT_GH_TOKEN", github.token)
        yield github
        assert github.findings == []


def write(name: str = "r.xml", **cases: str) -> str:
    inside = "".join(
        f'<testcase classname="C" name="{case}" time="1">{OUTCOMES[letter]}</testcase>'
        for case, letters in cases.items()
        for letter in letters
    )
    Path(name).write_text(f'<testsuite name="s">{inside}</testsuite>')
    return name


def stored(call: Call, number: int, branch: str = "main", pull: int = 0, **cases: str) -> None:
    of_pull = ("--pr", str(pull)) if pull else ()
    answer = call(
        *("tests", "import", write(**cases), "--job", "unit", "--number", str(number)),
        *("--branch", branch, "--commit", f"c{number}", *of_pull),
        *("--url", f"https://ci.example/{number}"),
    )
    assert answer.code == 0, answer.err


def draft(call: Call, *arguments: str) -> str:
    answer = call("publish", "comment", *arguments, "--dry-run")
    assert answer.code == 0, answer.err
    return answer.out


def test_a_draft_needs_no_settings(call: Call, tmp_path: Path) -> None:
    text = draft(call, write(a="P", b="F"))
    assert "**Failed: 1.** There is no history" in text
    assert not (tmp_path / "data-home").exists()


def test_new_failures_come_first(call: Call) -> None:
    stored(call, 1, a="P", b="P", c="P")
    stored(call, 2, a="P", b="F", c="P")
    stored(call, 3, branch="feature", pull=9, a="P", b="F", c="FP")
    text = draft(call, write(a="F", b="F", c="F", d="F"), *ON)
    titles = re.findall(r"\*\*(.*?)\.\*\*", text)
    assert titles == [
        "Broken by this pull request: 2",
        "Failed on `main` before: 1",
        "Known to be flaky: 1",
    ]
    assert text.index("`C :: a`") < text.index("`C :: b`") < text.index("`C :: c`")
    assert "passed in [run 2](https://ci.example/2)" in text
    assert "`C :: d`: new test: no run of `main` has it" in text


def test_a_stored_run_says_the_same_as_its_files(call: Call) -> None:
    stored(call, 1, a="P", b="P")
    stored(call, 2, branch="feature", pull=12, a="F", b="P")
    from_files = draft(
        call, "r.xml", "--job", "unit", "--run", "2", "--pr", "12", "--commit", "c2", "--url",
        "https://ci.example/2", "--base", "main",
    )  # fmt: skip
    assert draft(call, "--job", "unit", "--run", "2", "--base", "main") == from_files
    assert draft(call) == from_files


def test_runs_without_a_number_have_a_history(call: Call) -> None:
    local = ("--job", "unit", "--branch", "main")
    for name, cases in (("1.xml", {"a": "P"}), ("2.xml", {"a": "F"})):
        assert call("tests", "import", write(name, **cases), *local).code == 0
    for own in (("2.xml", "--job", "unit"), ("--job", "unit")):
        text = draft(call, *own)
        assert "New failures: 1" in text
        assert "compared with 1 run of `main`" in text


def test_a_message_of_several_lines_is_one_line(call: Call) -> None:
    Path("r.xml").write_text(
        "<testsuite><testcase classname='C' name='a'><failure message='left&#10;right'/>"
        "</testcase></testsuite>"
    )
    assert "> `left right`" in draft(call, "r.xml")


def test_another_base_branch(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(call, 1, a="P")
    stored(call, 2, branch="release-8", a="F")
    assert "Broken by this pull request: 1" in draft(call, write(a="F"), *ON)
    assert "Failed on `release-8` before" in draft(call, "r.xml", *ON, "--base", "release-8")
    monkeypatch.setenv("CI_STAT_DEFAULT_BRANCH", "release-8")
    assert "Failed on `release-8` before" in draft(call, "r.xml", *ON)
    monkeypatch.setenv("GITHUB_BASE_REF", "release-8")
    assert "Failed on `release-8` before" in draft(call, "r.xml", *ON)


def test_publishing_twice_writes_once(call: Call, hub: GitHub) -> None:
    for kind in ("comment", "status"):
        first = call("publish", kind, write(a="F"), *ON)
        again = call("publish", kind, "r.xml", *ON)
        assert (first.code, again.code) == (0, 0), first.err + again.err
    assert [call.method for call in hub.requests if call.writes] == ["POST", "POST"]
    assert hub.statuses[COMMIT][0]["description"].startswith("1 test fails")


def test_json_of_a_comment(call: Call, hub: GitHub) -> None:
    answer = call("publish", "comment", write(a="F"), *ON, "--json")
    data: dict[str, Any] = json.loads(answer.out)
    assert (data["change"], data["removed"]) == ("created", 0)
    assert data["id"] == hub.issues[12].comments[0].id


def test_without_a_token_only_the_summary_is_written(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for kind in ("comment", "status", "check"):
        answer = call("publish", kind, write(a="F"), *ON)
        assert answer.code == 0
        assert "there is no token" in answer.err
    assert summary.read_text().startswith("before\n### ❌ `unit`")
    assert summary.read_text().count("### ❌ `unit`") == 3


def _event(folder: Path, head: str) -> str:
    sides = {"head": {"repo": {"full_name": head}, "sha": COMMIT}}
    sides["base"] = {"repo": {"full_name": "me/app"}, "sha": ""}
    file = folder / "event.json"
    file.write_text(json.dumps({"pull_request": sides}))
    return str(file)


@pytest.mark.parametrize(("head", "code"), [("fork/app", 0), ("me/app", 8)])
def test_a_token_that_only_reads(
    call: Call, hub: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str, code: int
) -> None:
    hub.denied |= {"comments", "statuses", "checks"}
    monkeypatch.setenv("GITHUB_EVENT_PATH", _event(tmp_path, head))
    for kind in ("comment", "status", "check"):
        answer: Answer = call("publish", kind, write(a="F"), *ON)
        assert answer.code == code, answer.err
        assert ("### ❌ `unit`" in answer.out) == (code == 0)
        assert (
            "fork's pull request only read" if code == 0 else "Pull requests: write"
        ) in answer.err


def test_missing_results_are_published_and_end_with_12(call: Call, hub: GitHub) -> None:
    answer = call("publish", "comment", "nope.xml", *ON)
    assert answer.code == 12
    assert "Cannot tell whether all tests passed" in hub.issues[12].comments[0].body
    assert call("publish", "status", "nope.xml", *ON).code == 12
    assert hub.statuses[COMMIT][0]["state"] == "error"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("comment", "r.xml", "--job", "unit", "--repo", "me/app"), "--pr NUMBER"),
        (("comment", "r.xml", "--job", "unit", "--pr", "1"), "--repo OWNER/NAME"),
        (("status", "r.xml", "--job", "unit", "--repo", "me/app"), "--commit HASH"),
        (("status", "r.xml", *ON, "--commit", "abc"), "'abc' is not whole"),
        (("badge", "r.xml", "--stale-after", "soon"), "--stale-after"),
    ],
)
def test_invalid_arguments(
    call: Call, hub: GitHub, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.setenv("CI_STAT_PRESET", "none")
    write(a="P")
    answer = call("publish", *arguments)
    assert answer.code == 2
    assert words in answer.err
    assert hub.requests == []


def test_a_push_has_no_pull_request(
    call: Call, hub: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "me/app",
        "GITHUB_RUN_ID": "7",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_JOB": "unit",
    }
    for name, value in actions.items():
        monkeypatch.setenv(name, value)
    answer = call("publish", "comment", write(a="P"))
    assert answer.code == 0
    assert "this run has no pull request" in answer.err
    assert hub.requests == []


def test_a_badge(call: Call, tmp_path: Path) -> None:
    assert call("publish", "badge", write(a="P", b="F", c="S"), "--output", "b.svg").code == 0
    assert "tests: 50% passed" in (tmp_path / "b.svg").read_text()
    assert "no data" in call("publish", "badge", "--job", "nope").out
    broken = call("publish", "badge", "nope.xml")
    assert (broken.code, "no data" in broken.out) == (12, True)


def test_a_full_summary_is_refused(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("summary.md").write_text("x" * (1024 * 1024 - 20))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    answer = call("publish", "summary", write(a="F"))
    assert answer.code == 6
    assert "GitHub takes 1 MiB" in answer.err
    assert Path("summary.md").stat().st_size < 1024 * 1024


POLICY = """
[[may_fail]]
case = "C.b"
reason = "known to be slow"
owner = "@me"
issue = "https://github.com/me/app/issues/3"
expires = 2099-01-01
"""


def test_a_policy_decides(call: Call, hub: GitHub) -> None:
    Path("gates.toml").write_text(POLICY)
    write(a="P", b="F")
    gate = call("gate", "r.xml", "--policy", "gates.toml")
    assert gate.code == 0, gate.err
    text = draft(call, "r.xml", *ON, "--policy", "gates.toml")
    assert "**The gate passes.** It excuses 1 failure." in text
    for policy, state in ((("--policy", "gates.toml"), "success"), ((), "failure")):
        assert call("publish", "status", "r.xml", *ON, *policy).code == 0
        assert hub.statuses[COMMIT][-1]["state"] == state
    assert "100% passed" in call("publish", "badge", "r.xml", "--policy", "gates.toml").out
    write(a="F", b="F")
    text = draft(call, "r.xml", *ON, "--policy", "gates.toml")
    assert "**The gate fails.**" in text
    assert "0% passed" in call("publish", "badge", "r.xml", "--policy", "gates.toml").out


def test_a_policy_judges_a_stored_run(call: Call) -> None:
    Path("gates.toml").write_text(POLICY)
    stored(call, 1, a="P", b="F")
    assert "**The gate passes.**" in draft(call, "--job", "unit", "--policy", "gates.toml")
    assert call("publish", "comment", "-", "--dry-run", "--policy", "gates.toml").code == 2


def timed(seconds: dict[str, float]) -> str:
    inside = "".join(
        f'<testcase classname="C" name="{name}" time="{time}"/>' for name, time in seconds.items()
    )
    Path("r.xml").write_text(f'<testsuite name="s">{inside}</testsuite>')
    return "r.xml"


def test_slower_tests_are_listed(call: Call) -> None:
    drawn = random.Random(7)
    names = [f"t{number}" for number in range(30)]
    for number in range(1, 13):
        times = {name: 1.0 + drawn.gauss(0, 0.02) for name in names}
        options = ("--job", "unit", "--branch", "main", "--number", str(number))
        assert call("tests", "import", timed(times | {"quick": 0.01}), *options).code == 0

    # The whole machine is slower by a third; `t3` is by far slower than that.
    times = {name: 1.33 + drawn.gauss(0, 0.02) for name in names} | {"t3": 2.9, "quick": 0.09}
    text = draft(call, timed(times), *ON)
    assert "**Slower than on `main`: 1.**" in text
    assert "- `C :: t3`: 2.9 s, before 1.0 s (median of 12 runs)" in text
    assert "✅" in text  # a slower test makes nothing red
    call("tests", "import", "r.xml", "--job", "unit", "--branch", "x", "--number", "13")
    assert "`C :: t3`: 2.9 s, before 1.0 s" in draft(call, "--base", "main")


def test_too_few_runs_say_nothing_of_durations(call: Call) -> None:
    for number in range(1, 4):
        options = ("--job", "unit", "--branch", "main", "--number", str(number))
        assert call("tests", "import", timed({"a": 1.0}), *options).code == 0
    assert "Slower" not in draft(call, timed({"a": 60.0}), *ON)

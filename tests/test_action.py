"""action.yml: a runner's way through its steps, and what its files must not do."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_stat.cli import run as ci_stat
from tests.support.actions import ActionRun, ExpressionError, Runner, evaluate, filled
from tests.support.git import files_on, git, remote
from tests.support.github import CONTRACT, GitHub, github_server

ROOT = Path(__file__).resolve().parents[1]
BRANCH = "ci-stat-history"
HEAD = "0123456789abcdef0123456789abcdef01234567"
HOSTILE = "$(touch owned) `touch owned` \"'; touch owned #"
COMMAND = str(Path(sys.executable).with_name("ci-stat"))
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

# Expressions


CONTEXTS = {
    "inputs": {"comment": "true", "empty": ""},
    "steps": {"gate": {"outcome": "success", "outputs": {"tests": "3"}}},
    "github": {"event": {}, "token": "t"},
}
FUNCTIONS = {"cancelled": lambda: False, "always": lambda: True, "success": lambda: False}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inputs.comment == 'TRUE'", True),
        ("inputs.empty != ''", False),
        ("!cancelled() && steps.gate.outcome == 'success'", True),
        ("inputs.empty || 'it''s'", "it's"),
        ("!(true && false) || null", True),
        ("github.event.pull_request.head.repo.full_name", None),
        ("steps.gate.outputs.tests", "3"),
    ],
)
def test_expressions(text: str, value: object) -> None:
    assert evaluate(text, CONTEXTS, FUNCTIONS) == value


@pytest.mark.parametrize(
    "text",
    ["inputs.coment", "steps.gates.outcome", "hashFiles('x')", "1 +", "a[0]", "(true", "'x", "!"],
)
def test_what_is_unknown_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, CONTEXTS, FUNCTIONS)


def test_texts_are_filled_once() -> None:
    inputs = {"inputs": {"a": "${{ inputs.b }}", "b": "no"}}
    assert filled("<${{ inputs.a }}>", inputs, {}) == "<${{ inputs.b }}>"


# The file


def test_inputs_reach_scripts_only_as_variables() -> None:
    steps = ACTION["runs"]["steps"]
    assert not [step["name"] for step in steps if "${{" in step["run"] or "uses" in step]
    used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"])))
    assert used == set(ACTION["inputs"])
    assert all(about["description"] for about in ACTION["inputs"].values())


def test_the_token_is_given_only_to_steps_that_publish() -> None:
    having = {step["name"] for step in ACTION["runs"]["steps"] if "inputs.token" in str(step)}
    assert having == {"Comment", "Commit status", "Check run"}


# A run


@pytest.fixture
def hub() -> Iterator[GitHub]:
    contract = CONTRACT if CONTRACT.exists() else None
    with github_server(contract, repo="me/app", login="ci-bot") as github:
        github.issue("A change", pull=True, number=12)
        yield github
        assert github.findings == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    remote(tmp_path / "remote")
    return tmp_path / "remote"


@pytest.fixture
def checkout(tmp_path: Path, repository: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", f"file://{repository}")
    return folder


def write(checkout: Path, name: str, **cases: str) -> None:
    inside = "".join(
        f'<testcase classname="C" name="{case}" time="1">{body}</testcase>'
        for case, body in cases.items()
    )
    file = checkout / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'<testsuite name="s">{inside}</testsuite>', encoding="utf-8")


FAILED = '<failure message="got 17"/>'


def runner(checkout: Path, hub: GitHub, token: str, head: str = "me/app") -> Runner:
    temporary = checkout.parent / "runner"
    temporary.mkdir()
    event = {
        "pull_request": {
            "number": 12,
            "head": {"sha": HEAD, "repo": {"full_name": head}},
            "base": {"sha": "", "repo": {"full_name": "me/app"}},
        }
    }
    (temporary / "event.json").write_text(json.dumps(event), encoding="utf-8")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(temporary),
        "XDG_DATA_HOME": str(temporary / "data"),
        "RUNNER_TEMP": str(temporary),
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": hub.url,
        "GITHUB_BASE_REF": "main",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(temporary / "event.json"),
        "GITHUB_HEAD_REF": "feature",
        "GITHUB_JOB": "unit",
        "GITHUB_REF": "refs/pull/12/merge",
        "GITHUB_REPOSITORY": "me/app",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "7",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": "f" * 40,
        "GITHUB_WORKFLOW": "CI",
        "GITHUB_WORKSPACE": str(checkout),
    }
    return Runner(checkout, temporary, {"event": event, "token": token}, environment)


def _main_passed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier run of `main`, by another machine."""
    write(checkout, "main.xml", a="", b="")
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"git+branch:{BRANCH}")
    about = ("--job", "CI / unit", "--number", "6", "--branch", "main", "--repo", "me/app")
    assert ci_stat(["tests", "import", "main.xml", *about, "--label", f"db={HOSTILE}"]) == 0


def test_a_pull_request(
    checkout: Path, repository: Path, hub: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    _main_passed(checkout, monkeypatch)
    name = f"out put/{HOSTILE}.xml"
    write(checkout, name, a="", b=FAILED, c="<skipped/>")
    machine = runner(checkout, hub, hub.token)
    inputs = {
        "paths": f"\n  {name}\n\n",
        "labels": f"db={HOSTILE}",
        "badge": "badge.svg",
        "command": COMMAND,
        "python": sys.executable,
        "report-url": "https://reports.example/7",
    }
    run = machine.run_action(ROOT, inputs)

    failed = {name for name, outcome in run.outcomes.items() if outcome == "failure"}
    assert failed == {"Verdict"}, run.log
    assert run.outcomes["Check run"] == "skipped"
    report = Path(run.outputs.pop("report"))
    assert run.outputs == {
        "verdict": "fail",
        "tests": "3",
        "passed": "1",
        "failed": "1",
        "skipped": "1",
        "flaky": "0",
    }
    assert {file.name for file in report.iterdir()} == {"page.html", "comment.md", "verdict.json"}
    assert not list(checkout.rglob("owned"))
    _is_published(hub, run)
    assert "50% passed" in (checkout / "badge.svg").read_text(encoding="utf-8")
    assert len(files_on(repository, BRANCH)) == 2, "the run is not in the history"


def _is_published(hub: GitHub, run: ActionRun) -> None:
    (comment,) = hub.issues[12].comments
    assert "https://reports.example/7" in comment.body
    assert "This change breaks 1 test" in comment.body
    (status,) = hub.statuses[HEAD]
    assert (status["context"], status["state"]) == ("ci/tests", "failure")
    assert run.summary.count("### ❌") == 1
    assert hub.token not in run.log + run.summary


def test_a_fork_without_a_token_gets_the_summary_only(
    checkout: Path, repository: Path, hub: GitHub
) -> None:
    write(checkout, "r.xml", a="", b="")
    machine = runner(checkout, hub, token="", head="somebody/app")
    inputs = {
        "paths": "r.xml",
        "job": HOSTILE,
        "summary": "false",
        "status": "false",
        "command": COMMAND,
        "python": sys.executable,
    }
    run = machine.run_action(ROOT, inputs)
    assert "failure" not in run.outcomes.values(), run.log
    assert run.outputs["verdict"] == "pass"
    assert run.summary.count("### ✅") == 1
    assert "there is no token" in run.logs["Comment"]
    assert "fork" in run.logs["Import"]
    assert hub.requests == []
    assert git(repository, "branch", "--list") == ""
    assert not list(checkout.rglob("owned"))


def test_no_paths_is_an_error(checkout: Path, hub: GitHub) -> None:
    machine = runner(checkout, hub, token="")
    run = machine.run_action(ROOT, {"paths": " \n", "python": sys.executable})
    assert run.outcomes.pop("Install ci_stat") == "failure"
    assert "`paths` is empty" in run.log
    assert set(run.outcomes.values()) == {"skipped"}
    assert set(run.outputs.values()) == {""}

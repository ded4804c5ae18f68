"""docs/own-ci.md: each recipe runs as it stands, and its lines are imported as runs."""

import json
import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ci_stat.records import Run
from ci_stat.runs.database import Source
from ci_stat.runs.import_runs import ImportResult, import_lines
from tests.conftest import SHANGHAI, day

PAGE = Path(__file__).parents[1] / "docs" / "own-ci.md"
STARTED = "1624062600"  # 2021-06-19 08:30 in Shanghai
HOSTILE = "$(touch owned) `touch owned` \"'; touch owned #\u202e"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def _blocks(title: str, language: str) -> list[str]:
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [text for info, text in _BLOCK.findall(section) if info == language]


def _script(yaml: str) -> str:
    """The block scalar of a recipe that contains its `jq`."""
    _, body = re.split(r"^.*\|\n(?=\s*jq )", yaml, flags=re.MULTILINE)
    first = body.split("jq ")[0]
    lines = [line for line in body.splitlines() if line.startswith(first) or not line.strip()]
    return textwrap.dedent("\n".join(lines))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a `ci-stat` that keeps what it gets, and a `curl` that answers a file."""
    stubs = {"ci-stat": 'cat >> "$LINES"', "curl": 'echo "$@" >> "$ASKED"; cat "$RESPONSE"'}
    for name, text in stubs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def _lines(script: str, folder: Path, values: Mapping[str, str]) -> list[bytes]:
    lines = folder / "lines.jsonl"
    lines.write_bytes(b"")
    known = {
        "LINES": str(lines),
        "ASKED": str(folder / "asked"),
        "PATH": f"{folder}:{os.environ['PATH']}",
    }
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env={**known, **values}, check=True
    )
    assert not (folder / "owned").exists(), "a title was executed"
    return lines.read_bytes().splitlines()


def _imported(source: Source, lines: list[bytes]) -> tuple[ImportResult, dict[str, Run]]:
    result = import_lines(source.engine, lines, SHANGHAI)
    assert result.skipped == []
    window = day()
    runs = list(source.load(window).all_runs)
    return result, {f"{run.job_name} #{run.build}": run for run in runs}


GITHUB = {
    "RUN_STARTED": STARTED,
    "RUN_STATUS": "failure",
    "RUN_MATRIX": "linux, 3.12",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_JOB": "unit",
    "GITHUB_RUN_NUMBER": "7",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_RUN_ID": "123",
    "GITHUB_REPOSITORY": "o/r",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_BASE_REF": "main",
    "GITHUB_REF_NAME": "12/merge",
    "GITHUB_SHA": "merged",
    "PR_COMMIT": "head",
    "PR_NUMBER": "12",
    "PR_TITLE": HOSTILE,
    "PR_AUTHOR": "ann",
}
GITLAB = {
    "CI_PROJECT_PATH": "o/r",
    "CI_JOB_NAME": "unit",
    "CI_JOB_ID": "701",
    "CI_JOB_STATUS": "failed",
    "CI_JOB_STARTED_AT": "2021-06-19T00:30:00Z",
    "CI_COMMIT_REF_NAME": "feature",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_COMMIT_SHA": "head",
    "CI_JOB_URL": "https://gitlab.example/o/r/-/jobs/701",
    "CI_MERGE_REQUEST_IID": "12",
    "CI_MERGE_REQUEST_TITLE": HOSTILE,
    "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example/o/r",
    "GITLAB_USER_LOGIN": "ann",
}
BUILDKITE = {
    "RUN_STARTED": STARTED,
    "BUILDKITE_REPO": "git@github.com:o/r.git",
    "BUILDKITE_PIPELINE_SLUG": "app",
    "BUILDKITE_LABEL": "unit",
    "BUILDKITE_PARALLEL_JOB": "3",
    "BUILDKITE_BUILD_NUMBER": "7",
    "BUILDKITE_RETRY_COUNT": "1",
    "BUILDKITE_COMMAND_EXIT_STATUS": "1",
    "BUILDKITE_PULL_REQUEST": "12",
    "BUILDKITE_BRANCH": "feature",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
    "BUILDKITE_COMMIT": "head",
    "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/app/builds/7",
    "BUILDKITE_JOB_ID": "0190",
    "BUILDKITE_MESSAGE": HOSTILE,
    "BUILDKITE_BUILD_AUTHOR": "ann",
}
CIRCLECI = {
    "RUN_STARTED": STARTED,
    "RUN_STATUS": "failed",
    "CIRCLE_JOB": "unit",
    "CIRCLE_BUILD_NUM": "701",
    "CIRCLE_PROJECT_USERNAME": "o",
    "CIRCLE_PROJECT_REPONAME": "r",
    "CIRCLE_BRANCH": "main",
    "CIRCLE_SHA1": "head",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/o/r/701",
    "CIRCLE_PULL_REQUEST": "https://github.com/o/r/pull/12",
}
RECIPES = {
    "GitHub Actions": (GITHUB, "CI / unit (linux, 3.12) #7.2"),
    "GitLab CI": (GITLAB, "o/r / unit #701"),
    "Buildkite": (BUILDKITE, "app / unit (3) #7.2"),
    "CircleCI": (CIRCLECI, "unit #701"),
}
OUTSIDE_PRS = {
    "PR_NUMBER": "",
    "CI_MERGE_REQUEST_IID": "",
    "BUILDKITE_PULL_REQUEST": "false",
    "CIRCLE_PULL_REQUEST": "",
    "GITHUB_BASE_REF": "",
    "PR_COMMIT": "",
    "RUN_MATRIX": "",
}


def _recipe(title: str) -> str:
    yaml = _blocks(title, "yaml")
    return _script(yaml[0]) if yaml else _blocks(title, "bash")[1]


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_records_a_run_of_a_pull_request(title: str, source: Source, folder: Path) -> None:
    values, name = RECIPES[title]
    _, runs = _imported(source, _lines(_recipe(title), folder, values))
    run = runs[name]
    assert (run.status, run.repo, run.branch, run.commit) == ("FAILURE", "o/r", "main", "head")
    assert str(run.time) == "2021-06-19 08:30:00"
    assert run.duration is not None
    assert run.pr_number == 12
    assert run.link.startswith("https://")
    assert run.url == run.link
    if title != "CircleCI":  # it does not know title and author
        assert (run.author, run.pr_title) == ("ann", HOSTILE)


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_records_a_run_outside_pull_requests(title: str, folder: Path) -> None:
    values, _ = RECIPES[title]
    (line,) = _lines(_recipe(title), folder, {**values, **OUTSIDE_PRS})
    record = json.loads(line)
    assert not {name for name in record if name.startswith("pr_")}


def _asked(title_part: str, folder: Path, response: Any, **values: str) -> list[bytes]:
    (folder / "response.json").write_text(json.dumps(response))
    script = next(
        block for block in _blocks("From outside, with curl and jq", "bash") if title_part in block
    )
    return _lines(script, folder, {"RESPONSE": str(folder / "response.json"), **values})


def test_the_jobs_of_a_run_at_github(source: Source, folder: Path) -> None:
    job = {
        "id": 70_000_000_001,
        "name": "unit",
        "workflow_name": "CI",
        "status": "completed",
        "conclusion": "timed_out",
        "created_at": "2021-06-19T00:29:00Z",
        "started_at": "2021-06-19T00:30:00Z",
        "completed_at": "2021-06-19T00:31:00Z",
        "head_branch": "main",
        "head_sha": "head",
        "html_url": "https://github.com/o/r/actions/runs/1/job/70000000001",
    }
    running = {"status": "in_progress", "conclusion": None, "completed_at": None}
    jobs = [
        job,
        {**job, "id": 2, **running},
        {**job, "id": 3, "conclusion": "skipped"},
        {**job, "id": 4, "conclusion": "success"},
    ]
    known = {"GITHUB_TOKEN": "t", "GITHUB_API_URL": "https://api", "REPO": "o/r", "RUN_ID": "1"}
    lines = _asked("GITHUB_TOKEN", folder, {"jobs": jobs}, **known)
    result, runs = _imported(source, lines)
    assert (result.stored, dict(result.unfinished)) == (2, {"in_progress": 1})
    assert dict(result.not_run) == {"skipped": 1}
    run = runs["CI / unit #70000000001"]
    assert (run.status, run.duration, run.link) == ("FAILURE", 60_000, job["html_url"])
    assert "https://api/repos/o/r/actions/runs/1/jobs?filter=all" in (folder / "asked").read_text()


def test_the_jobs_of_a_project_at_gitlab(source: Source, folder: Path) -> None:
    job = {
        "id": 701,
        "name": "unit",
        "status": "failed",
        "created_at": "2021-06-19T00:29:00.100Z",
        "started_at": "2021-06-19T00:30:00.250Z",
        "duration": 60.9,
        "ref": "main",
        "commit": {"id": "head"},
        "web_url": "https://gitlab.example/o/r/-/jobs/701",
    }
    waiting = {"id": 702, "status": "manual", "started_at": None, "duration": None}
    known = {"GITLAB_TOKEN": "t", "GITLAB_API_URL": "https://api", "REPO": "o/r", "PROJECT_ID": "1"}
    lines = _asked("GITLAB_TOKEN", folder, [job, {**job, **waiting}], **known)
    result, runs = _imported(source, lines)
    assert (result.stored, dict(result.unfinished)) == (1, {"manual": 1})
    run = runs["o/r / unit #701"]
    assert (run.duration, str(run.time)) == (60_900, "2021-06-19 08:30:00")


JUNIT = """<testsuites><testsuite>
<testcase classname="pkg.Cargo" name="test_load" file="cargo.py" line="31">
<failure message="3 crates, want 4">trace</failure></testcase>
<testcase name="test_ok"/><testcase name="test_odd"><error>boom
line 2</error></testcase>
</testsuite></testsuites>"""


def _failures(folder: Path) -> Iterator[bytes]:
    (script,) = _blocks("Failures with their messages", "py")
    (recipe,) = _blocks("Failures with their messages", "bash")
    (folder / "junit_failures.py").write_text(script)
    for report in (JUNIT, None):
        (folder / "report.xml").unlink(missing_ok=True)
        if report:
            (folder / "report.xml").write_text(report)
        yield from _lines(
            recipe.replace("job_id: 7,", f"job_id: {7 + (report is None)},"), folder, {}
        )


def test_failures_of_a_junit_report(source: Source, folder: Path) -> None:
    lines = [json.loads(line) | {"time": int(STARTED)} for line in _failures(folder)]
    _, runs = _imported(source, [json.dumps(record).encode() for record in lines])
    first, second = runs["unit #7"].failures
    assert (first.name, first.message) == ("pkg.Cargo.test_load", "3 crates, want 4")
    assert (first.file, first.line) == ("cargo.py", 31)
    assert (second.name, second.message) == ("test_odd", "boom\nline 2")
    assert runs["unit #8"].failures == ()

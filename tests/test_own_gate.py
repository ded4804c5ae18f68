"""Our own CI: what it runs, with which limits, and that its gate takes nothing for a pass."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command import Call

ROOT = Path(__file__).resolve().parents[1]
PASSED = '<testsuite name="s"><testcase classname="C" name="a" time="1"/></testsuite>'
FAILED = PASSED.replace('time="1"/>', 'time="1"><failure message="no"/></testcase>')
NOW = ("--now", "2026-12-01T08:00+00:00")


def _entries(call: Call, *arguments: str) -> list[dict[str, Any]]:
    answer = call("matrix", str(ROOT / ".ci" / "matrix.toml"), *arguments)
    assert answer.code == 0, answer.err
    entries: list[dict[str, Any]] = yaml.safe_load(answer.out)["include"]
    return entries


def test_each_kind_of_run_has_its_limits(call: Call) -> None:
    limits = {}
    for kind in ("pull-request", "main", "weekly"):
        entries = _entries(call, "--type", kind)
        limits[kind] = {(one["seconds"], one["maxfail"], one["profile"]) for one in entries}
    assert limits == {
        "pull-request": {(60, 5, "quick")},
        "main": {(300, 20, "default")},
        "weekly": {(600, 100, "thorough")},
    }
    weekly = {one["db"] for one in _entries(call, "--cron", "0 3 * * 0")}
    assert weekly == {"sqlite", "mariadb", "mysql", "tidb"}


def test_destructive_tests_never_run(call: Call) -> None:
    entries = _entries(call)
    assert len(entries) == 48
    assert all("not destructive" in entry["marks"] for entry in entries)


def test_what_can_be_dispatched_is_in_the_matrix() -> None:
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    inputs = yaml.safe_load(text)[True]["workflow_dispatch"]["inputs"]
    matrix = tomllib.loads((ROOT / ".ci" / "matrix.toml").read_text(encoding="utf-8"))
    assert inputs["category"]["options"] == matrix["dimensions"]["category"]
    assert inputs["database"]["options"] == matrix["dimensions"]["db"]


@pytest.mark.parametrize(
    ("folder", "text", "code"),
    [
        ("make-test", PASSED, 0),
        ("make-test", FAILED, 11),
        ("category=smoke,db=sqlite", FAILED, 11),
        ("category=chaos,db=mariadb", FAILED, 11),
        ("category=full,db=sqlite", FAILED, 0),
        ("category=everything,db=mariadb", FAILED, 0),
        ("category=smoke,db=mysql", FAILED, 0),
        ("category=full,db=sqlite", PASSED[:-9], 12),
    ],
)
def test_our_policy(call: Call, tmp_path: Path, folder: str, text: str, code: int) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "junit.xml").write_text(text)
    answer = call("gate", str(tmp_path), "--policy", str(ROOT / "gates.toml"), *NOW)
    assert answer.code == code, answer.out


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts of our CI with another `make` and another pytest: they write $TEXT and end."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    shutil.copy(ROOT / "gates.toml", tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "ci-stat").symlink_to(Path(sys.executable).with_name("ci-stat"))
    for name in ("make", "python"):
        (programs / name).write_text(
            '#!/bin/sh\nset -- $PYTEST_ADDOPTS "$@"\n'
            "for word; do\n"
            "case $word in --junit-xml=*) file=${word#*=} ;; */junit.xml) file=$word ;; esac\n"
            "done\n"
            'echo "$@"\n[ -z "$TEXT" ] || { mkdir -p "${file%/*}"; echo "$TEXT" > "$file"; }\n'
            "exit $CODE\n"
        )
        (programs / name).chmod(0o755)
    return tmp_path


def _ran(checkout: Path, *command: str, **values: str) -> "subprocess.CompletedProcess[str]":
    path = f"{checkout / '.venv' / 'bin'}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(checkout), **values}
    return subprocess.run(
        ["bash", *command], cwd=checkout, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("text", "ended", "code"),
    [(PASSED, "0", 0), (FAILED, "2", 11), ("", "2", 12), (PASSED, "2", 2)],
)
def test_the_gate_judges_make_test(checkout: Path, text: str, ended: str, code: int) -> None:
    stale = checkout / "build" / "test-results" / "make-test" / "junit.xml"
    stale.parent.mkdir(parents=True)
    stale.write_text(PASSED)
    done = _ran(checkout, ".ci/run", TEXT=text, CODE=ended)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "ended", "is_kept"),
    [
        (PASSED, "0", True),
        (FAILED, "1", True),
        (FAILED, "2", True),  # stopped after the last failure that is allowed
        (PASSED, "2", False),  # interrupted
        (PASSED, "3", False),
        (FAILED, "3", False),
    ],
)
def test_a_run_that_went_wrong_has_no_results(
    checkout: Path, text: str, ended: str, is_kept: bool
) -> None:
    values = {
        "DB": "sqlite",
        "MARKS": "chaos and not slow",
        "SECONDS_A_TEST": "60",
        "MAXFAIL": "5",
        "PROFILE": "quick",
        "SEED": "7",
    }
    done = _ran(checkout, ".ci/category", "out", TEXT=text, CODE=ended, **values)
    assert done.returncode == 0, done.stderr
    assert (checkout / "out" / "junit.xml").exists() is is_kept
    assert "Hypothesis seed: 7." in done.stdout
    assert "-m chaos and not slow -k not mariadb --timeout 60 --maxfail 5" in done.stdout


def test_the_seed_is_fresh_and_printed(checkout: Path) -> None:
    values = dict.fromkeys(("MARKS", "SECONDS_A_TEST", "MAXFAIL", "PROFILE"), "x")
    printed = {
        _ran(checkout, ".ci/category", "out", TEXT=PASSED, CODE="0", DB="mariadb", **values).stdout
        for _ in range(3)
    }
    assert len(printed) == 3
    assert all("SEED=" in text for text in printed)

"""The gate counts the tests of files as `tests aggregate` does."""

import json
from pathlib import Path

import pytest

from tests.support.command import Call

PASSED = '<testcase classname="Tests.Login" name="{}"/>'
WITH_FILE = '<testcase classname="Tests.Login" name="{}" file="tests/login.php"/>'
FAILED = '<testcase classname="Tests.Login" name="{}"><failure message="m"/></testcase>'
CASES = {
    "a class with and without its file": {
        "a.xml": PASSED.format("a") + PASSED.format("b"),
        "b.xml": WITH_FILE.format("a"),
    },
    "two spellings in one file": {"a.xml": FAILED.format("a") + WITH_FILE.format("a")},
    "a failure in one of two files": {"a.xml": FAILED.format("a"), "b.xml": WITH_FILE.format("a")},
    "folders with labels": {
        "db=tidb,os=linux/r.xml": PASSED.format("a"),
        "db=mysql,os=linux/r.xml": PASSED.format("a"),
    },
    "labels behind other words": {
        "results-db=tidb-os=linux/r.xml": PASSED.format("a"),
        "results-db=mysql-os=linux/r.xml": FAILED.format("a"),
    },
    "labels in names of files": {
        "db=tidb.xml": PASSED.format("a"),
        "db=mysql.xml": FAILED.format("a"),
    },
    "escaped labels": {
        "branch=a%2Fb/r.xml": PASSED.format("a"),
        "branch=a%2Fc/r.xml": PASSED.format("a"),
    },
}
COUNTS = {
    "a class with and without its file": (2, 0),
    "two spellings in one file": (1, 0),
    "a failure in one of two files": (1, 1),
    "folders with labels": (2, 0),
    "labels behind other words": (2, 1),
    "labels in names of files": (2, 1),
    "escaped labels": (2, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_both_count_alike(call: Call, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"
    for file, cases in CASES[name].items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'<testsuite name="s">{cases}</testsuite>')
    gate = json.loads(call("gate", str(folder), "--json").out)
    summary = json.loads(call("tests", "aggregate", str(folder), "--json").out)
    assert (gate["tests"], gate["total_failed"]) == COUNTS[name]
    assert (summary["tests"], summary["total_failures"]) == COUNTS[name]

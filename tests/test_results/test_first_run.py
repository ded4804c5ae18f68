"""Questions after the first import of all: no test is new, and no command fails."""

import json
from pathlib import Path

import pytest

from tests.support.command import Call


def test_nothing_is_new_after_the_first_import(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.xml").write_text('<testsuite><testcase name="a"/></testsuite>')
    assert call("tests", "import", "r.xml", "--job", "unit", "--branch", "main").code == 0
    answer = call("tests", "new", "--json")
    assert answer.code == 0, answer.err
    data = json.loads(answer.out)
    assert (data["total_new"], data["of_first_runs"]) == (0, 1)

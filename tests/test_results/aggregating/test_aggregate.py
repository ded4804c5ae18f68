"""`ci-stat tests aggregate`: one summary of the files of a matrix."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import junitparser
import pytest

from ci_stat.formats.result_file import ResultFile
from ci_stat.test_results.running.collected import Collected
from tests.support.command import Answer, Call
from tests.test_results.running.support import junit, shell

HOSTILE = "&lt;img src=x onerror=alert(1)&gt;\u202e@everyone"


def placed(name: str, content: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(content)


def summary(call: Call, *arguments: str) -> tuple[Answer, dict[str, Any]]:
    answer = call("tests", "aggregate", "--json", *arguments)
    return answer, json.loads(answer.out)


@pytest.fixture
def matrix() -> None:
    placed("all/results-spark=3.5.7-type=smoke/j.xml", junit("a", "!b", "~c"))
    placed("all/results-spark=4.0.0-type=smoke/j.xml", junit("a", "b", "c", "d"))
    placed("all/results-spark=4.0.0-type=load/j.xml", junit("!a", "a"))


@pytest.mark.usefixtures("matrix")
def test_counts_by_entry_and_category(call: Call) -> None:
    answer, data = summary(call, "all")
    assert answer.code == 11
    counts = ("tests", "passed", "failed", "errors", "skipped", "flaky")
    assert [data[name] for name in counts] == [8, 6, 1, 0, 1, 1]
    by_entry = {entry["name"]: [entry[name] for name in counts] for entry in data["entries"]}
    assert by_entry == {
        "spark=3.5.7, type=smoke": [3, 1, 1, 0, 1, 0],
        "spark=4.0.0, type=load": [1, 1, 0, 0, 0, 1],
        "spark=4.0.0, type=smoke": [4, 4, 0, 0, 0, 0],
    }
    by_category = {name: row["tests"] for name, row in data["categories"].items()}
    assert by_category == {"load": 1, "smoke": 7}
    assert data["failures"][0]["name"] == "b"
    assert data["flaky_tests"][0]["attempts"] == ["failed", "passed"]


def test_markers_are_categories(call: Call) -> None:
    mark = '<properties><property name="marker" value="chaos,slow"/></properties>'
    case = f'<testcase classname="C" name="t">{mark}</testcase>'
    placed("all/j.xml", f"<testsuite>{case}</testsuite>")
    _, data = summary(call, "all")
    assert {name: row["tests"] for name, row in data["categories"].items()} == {
        "chaos": 1,
        "slow": 1,
    }


@pytest.mark.usefixtures("matrix")
def test_missing_entries_are_said(call: Call) -> None:
    entries = [{"spark": "3.5.7", "type": "smoke"}, {"spark": "5", "type": "smoke"}]
    Path("m.json").write_text(json.dumps({"include": entries}))
    answer, data = summary(call, "all", "--expect", "m.json")
    assert answer.code == 11  # a test failed, whatever the missing entry says
    assert data["missing"] == [{"labels": {"spark": "5", "type": "smoke"}, "reason": ""}]
    assert data["unexpected"] == ["spark=4.0.0, type=load", "spark=4.0.0, type=smoke"]
    assert "1 matrix entry is missing" in answer.err
    assert not data["complete"]


@pytest.mark.parametrize("content", ["", "<testsuite>", "<testsuite><testcase name='a'/>"])
def test_files_that_are_not_whole(call: Call, content: str) -> None:
    placed("all/os=linux/j.xml", junit("a"))
    placed("all/os=mac/j.xml", content)
    answer, data = summary(call, "all")
    assert answer.code == 12
    assert [entry["complete"] for entry in data["entries"]] == [True, False]
    assert data["problems"][0].startswith("all/os=mac/j.xml: ")


def test_no_files_at_all(call: Call) -> None:
    Path("all").mkdir()
    answer, data = summary(call, "all")
    assert (answer.code, data["tests"]) == (12, 0)
    assert "no test ran" in answer.err


@pytest.mark.usefixtures("matrix")
def test_the_joined_junit_file_has_equal_counts(call: Call) -> None:
    _, data = summary(call, "all", "--output", "sum/")
    content = Path("sum/junit.xml").read_bytes()
    collected = Collected()
    for case in ResultFile([content]):
        collected.add(case)
    counts = collected.counts
    assert [counts.tests, counts.failed, counts.skipped, counts.flaky, counts.runs] == [
        data[name] for name in ("tests", "failed", "skipped", "flaky", "runs")
    ]
    suites = list(junitparser.JUnitXml.fromstring(content))
    assert sum(suite.tests for suite in suites) == sum(len(list(suite)) for suite in suites) == 8
    assert sum(suite.failures for suite in suites) == 1


@pytest.mark.usefixtures("matrix")
def test_a_summary_in_the_same_folder_does_not_count_again(call: Call) -> None:
    _, first = summary(call, "all", "--output", "all/summary/")
    _, second = summary(call, "all", "--output", "all/summary/")
    assert (second["tests"], second["runs"]) == (first["tests"], first["runs"])
    assert sorted(second["left_out"]) == ["all/summary/junit.xml", "all/summary/summary.json"]


def test_a_run_and_its_junit_file_count_once(call: Call, tmp_path: Path) -> None:
    placed("first.xml", junit("a", "!b"))
    runner = shell(tmp_path, "runner", 'cp first.xml "$1"; exit 1')
    command = ("--retry-command", f"{runner} {{results}}", "--", runner, "{results}")
    Path("all").mkdir()
    files = ("--output", "all/one.json", "--junit", "all/one.xml", "--label", "db=tidb")
    assert call("tests", "run", *files, *command).code == 11
    _, data = summary(call, "all")
    assert (data["tests"], data["runs"], data["total_left_out"]) == (2, 2, 1)
    assert [entry["labels"] for entry in data["entries"]] == [{"db": "tidb"}]

    again = ("--output", "all/two.json", "--junit", "all/two.xml", "--retry-only", "all/one.json")
    assert call("tests", "run", *again, *command).code == 11
    _, data = summary(call, "all")
    assert (data["tests"], data["runs"], data["total_left_out"]) == (2, 4, 3)


def test_a_pass_elsewhere_does_not_undo_a_failure(call: Call) -> None:
    placed("all/os=linux/1.xml", junit("!a"))
    placed("all/os=linux/2.xml", junit("a"))
    answer, data = summary(call, "all")
    assert answer.code == 11
    assert (data["tests"], data["failed"], data["flaky"]) == (1, 1, 0)
    assert data["entries"][0]["repeated"] == 1


def test_shards_of_an_entry_are_joined(call: Call) -> None:
    for number in range(3):
        placed(f"all/os=linux/{number}.xml", junit(f"t{number}"))
    _, data = summary(call, "all")
    assert [(entry["tests"], entry["repeated"]) for entry in data["entries"]] == [(3, 0)]


def test_archives_are_entries(call: Call) -> None:
    Path("all").mkdir()
    for name in ("results-os=linux", "mac"):
        with zipfile.ZipFile(f"all/{name}.zip", "w") as archive:
            archive.writestr("j.xml", junit("a"))
    _, data = summary(call, "all")
    assert [entry["name"] for entry in data["entries"]] == ["mac", "os=linux"]


def test_the_page_is_self_contained_and_escaped(call: Call) -> None:
    placed("all/os=x/j.xml", junit(f"!{HOSTILE}"))
    call("tests", "aggregate", "all", "--output", "page.html")
    page = Path("page.html").read_text()
    assert "default-src 'none'" in page
    assert "<img" not in page
    assert not re.search(r"<script|javascript:|\bsrc=\"|<link ", page)
    assert "\u202e" not in page
    assert "&lt;img src=x onerror=" in page
    assert "prefers-color-scheme" in page
    assert 'name="viewport"' in page


def test_markdown_is_escaped_and_capped(call: Call) -> None:
    names = [f"!t{number}" for number in range(30)]
    placed("all/os=x/j.xml", junit(f"!{HOSTILE}", *names))
    call("tests", "aggregate", "all", "--output", "out.md", "--limit", "5")
    text = Path("out.md").read_text()
    assert not re.search(r"(?<!\\)<", text)
    assert "@everyone" not in text
    assert "26 more failed tests" in text.replace("\\", "")


def test_formats_and_their_places(call: Call) -> None:
    placed("all/j.xml", junit("a"))
    assert call("tests", "aggregate", "all", "--output", "s", "--format", "json,markdown").code == 0
    assert sorted(file.name for file in Path("s").iterdir()) == ["summary.json", "summary.md"]
    assert call("tests", "aggregate", "all", "--output", "j.xml").code == 0
    assert Path("j.xml").read_text().startswith("<?xml")
    answer = call("tests", "aggregate", "all", "--output", "s", "--format", "pdf")
    assert (answer.code, "'pdf'" in answer.err) == (2, True)
    answer = call("tests", "aggregate", "all", "--output", "j.xml", "--format", "json,html")
    assert (answer.code, "is a file" in answer.err) == (2, True)


def test_the_screen(call: Call, matrix: None) -> None:
    answer = call("tests", "aggregate", "all", "--expect", "spark=9")
    assert answer.out.splitlines()[0] == "1 test failed in 1 matrix entry"
    assert "1 of 1 matrix entry missing" in answer.out
    assert "C :: b  (spark=3.5.7, type=smoke)" in answer.out
    assert "From 3 result files." in answer.out

"""Files of one import that are entries of a matrix, and files that are retries."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ci_stat.store.engine import open_engine
from ci_stat.store.results.read import ResultsReader
from ci_stat.test_results.entries import file_entries
from ci_stat.test_results.inputs import Input
from tests.support.command import Call

FAILURE = '<failure message="m"/>'


@pytest.fixture(autouse=True)
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path}/results.sqlite")
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def content(names: str, failed: str = "", seconds: float = 1.0) -> str:
    """A suite with a test for each letter."""
    cases = "".join(
        f'<testcase classname="C" name="{name}" time="{seconds}">'
        f"{FAILURE if name in failed else ''}</testcase>"
        for name in names
    )
    return f'<testsuite name="s">{cases}</testsuite>'


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def imported(call: Call, *paths: str) -> tuple[dict[str, Any], str]:
    answer = call("tests", "import", "--job", "e2e", "--number", "7", "--json", *paths)
    assert answer.code == 0, answer.err
    return json.loads(answer.out), answer.err


def label_sets(data: dict[str, Any]) -> list[dict[str, str]]:
    return [entry["run"]["labels"] for entry in data["entries"]]


def test_folders_with_the_same_tests_are_entries_of_a_matrix(call: Call) -> None:
    """Without a label, a failure in one browser and a pass in another were a flaky test."""
    write("out/chrome/junit.xml", content("abcd", failed="a"))
    write("out/firefox/junit.xml", content("abcd", seconds=2))
    data, err = imported(call, "out")
    assert label_sets(data) == [{"folder": "chrome"}, {"folder": "firefox"}]
    assert [entry["counts"]["flaky"] for entry in data["entries"]] == [0, 0]
    assert "imported as entries of a matrix: folder=chrome; folder=firefox." in err

    flaky = json.loads(call("tests", "flaky", "--json").out)
    assert flaky["proven"]["total"] == 0
    again, _ = imported(call, "out")
    assert all(not file["new"] for entry in again["entries"] for file in entry["files"])


def test_files_of_one_folder_with_the_same_tests_are_entries(call: Call) -> None:
    write("net6.xml", content("abcd", failed="a"))
    write("net8.xml", content("abcd", seconds=2))
    data, _ = imported(call, "net6.xml", "net8.xml")
    assert label_sets(data) == [{"file": "net6"}, {"file": "net8"}]


def test_labels_of_folders_are_labels_of_runs(call: Call, tmp_path: Path) -> None:
    """As for the gate and for `tests aggregate`."""
    write("out/results-db=tidb/junit.xml", content("ab", failed="a"))
    write("out/results-db=mysql/junit.xml", content("cd"))
    data, err = imported(call, "out")
    assert (label_sets(data), err) == ([{"db": "mysql"}, {"db": "tidb"}], "")
    reader = ResultsReader(open_engine(f"sqlite:///{tmp_path}/results.sqlite"))
    assert len(reader.of_number("e2e", 7)) == 2


def test_labels_in_a_file_are_labels_of_its_run(call: Call) -> None:
    """`tests run --junit` writes them."""
    label = '<properties><property name="label.db" value="tidb"/></properties>'
    write("a.xml", content("ab").replace("<testcase", f"{label}<testcase", 1))
    data, _ = imported(call, "a.xml")
    assert data["run"]["labels"] == {"db": "tidb"}


def test_given_labels_win(call: Call) -> None:
    write("db=tidb/a.xml", content("ab"))
    data, _ = imported(call, "db=tidb/a.xml", "--label", "db=mysql")
    assert data["run"]["labels"] == {"db": "mysql"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # Only what failed is repeated.
        (("a/1.xml", content("abcd", "a")), ("b/1.xml", content("a"))),
        # The names say that it is a retry, although all of the file is repeated.
        (("x.xml", content("abcd", "a")), ("x-retry.xml", content("abcd", seconds=2))),
        (("attempt-1/x.xml", content("ab", "a")), ("attempt-2/x.xml", content("ab", seconds=2))),
        (("run1.xml", content("ab", "a")), ("run2.xml", content("ab", seconds=2))),
        # A retry of one of many files.
        (("all.xml", content("abcdefghij", "a")), ("more.xml", content("ab", seconds=2))),
        # Shards that share one test, such as that of a hook.
        (("left.xml", content("abcdz")), ("right.xml", content("efghz", seconds=2))),
        # A summary of the same results.
        (("all.xml", content("ab")), ("copy.xml", content("ab"))),
    ],
)
def test_retries_shards_and_copies_are_one_run(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    inputs = [Input(name, partial(iter, [text.encode()]), True) for name, text in (first, second)]
    (entry,) = file_entries(inputs, {})
    assert (entry.labels, entry.is_guess, len(entry.inputs)) == ({}, False, 2)


def test_a_draft_counts_the_entries_apart(call: Call) -> None:
    """A failure in one entry was hidden by the pass in the next one, and the status was green."""
    write("out/chrome/junit.xml", content("abcd", failed="a"))
    write("out/firefox/junit.xml", content("abcd", seconds=2))
    answer = call("publish", "status", "out", "--job", "e2e", "--dry-run", "--json",
                  "--repo", "me/app", "--commit", "a" * 40)  # fmt: skip
    status = json.loads(answer.out)
    assert (status["state"], status["description"].split(" ")[:2]) == ("failure", ["1", "test"])
    comment = call("publish", "summary", "out", "--job", "e2e")
    assert "a (folder=chrome)" in comment.out
    assert "after a retry: 1" not in comment.out

"""Which entry a file belongs to, and which entries are missing."""

import json
from pathlib import Path
from typing import Any

import pytest

from ci_stat.errors import UsageError
from ci_stat.test_results.aggregating.expected import missing_entries, read_expected
from ci_stat.test_results.aggregating.labels import (
    LabelPattern,
    entry_name,
    labels_of_path,
    labels_of_text,
)
from ci_stat.test_results.aggregating.model import Entry


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("a/results-spark=3.5.7-db=tidb/junit.xml", {"spark": "3.5.7", "db": "tidb"}),
        ("results-spark=3.5.7-rc-1-db=x y.xml", {"spark": "3.5.7-rc-1", "db": "x y"}),
        ("db=tidb,spark=3.5.7/r.xml", {"db": "tidb", "spark": "3.5.7"}),
        ("a.zip/os=linux/x.xml.gz", {"os": "linux"}),
        ("db=a/inner-db=b.xml", {"db": "b"}),
        ("results-os=linux.zip/x.xml", {"os": "linux"}),
        ("plain/junit.xml", {}),
        ("a=/x.xml", {"a": ""}),
        ("py_version=3.11/x.xml", {"py_version": "3.11"}),
    ],
)
def test_labels_of_a_path(path: str, labels: dict[str, str]) -> None:
    assert labels_of_path(path) == labels


def test_labels_of_a_pattern() -> None:
    pattern = LabelPattern("results-{spark}-{scenario}")
    assert pattern.labels("a/results-3.5.7-smoke/x.xml") == {"spark": "3.5.7", "scenario": "smoke"}
    assert pattern.labels("results-4.0.0-e2e.xml") == {"spark": "4.0.0", "scenario": "e2e"}
    assert pattern.labels("a/other/x.xml") == {}
    for text in ("results", "{a}-{a}"):
        with pytest.raises(UsageError):
            LabelPattern(text)


def test_labels_of_properties() -> None:
    text = '<property name="label.db" value="a&amp;b"/><property name="x" value="y"/>'
    assert labels_of_text(text) == {"db": "a&b"}


def test_without_labels_the_first_folder_is_the_entry() -> None:
    assert entry_name({}, "out/linux/a/junit.xml", ("out",)) == "linux"
    assert entry_name({}, "out/linux.zip/junit.xml", ("out/",)) == "linux"
    assert entry_name({}, "out/junit.xml", ("out",)) == ""
    assert entry_name({"b": "2", "a": "1"}, "out/x/y.xml", ("out",)) == "a=1, b=2"


def entries(*labels: dict[str, str]) -> list[Entry]:
    return [Entry(", ".join(f"{k}={v}" for k, v in one.items()), one) for one in labels]


def missing(matrix: Any, tmp_path: Path, *labels: dict[str, str]) -> list[str]:
    file = tmp_path / "matrix.json"
    file.write_text(json.dumps(matrix))
    lost, _ = missing_entries(read_expected([str(file)]), entries(*labels))
    return [one.name for one in lost]


def test_an_entry_of_the_matrix_is_missing(tmp_path: Path) -> None:
    matrix = {
        "include": [
            {"spark": "3.5.7", "db": "tidb", "runs-on": "big", "key": "k1"},
            {"spark": "4.0.0", "db": "tidb", "runs-on": "big", "key": "k2"},
        ]
    }
    assert missing(matrix, tmp_path, {"spark": "3.5.7", "db": "tidb"}) == [
        "db=tidb, key=k2, runs-on=big, spark=4.0.0"
    ]


def test_dimensions_with_include_and_exclude(tmp_path: Path) -> None:
    matrix = {
        "os": ["linux", "mac"],
        "py": [3.11, 3.12],
        "exclude": [{"os": "mac", "py": 3.11}],
        "include": [{"os": "mac", "extra": True}, {"os": "bsd", "py": 3.12}],
    }
    have = [{"os": "linux", "py": "3.11"}, {"os": "linux", "py": "3.12"}]
    assert missing(matrix, tmp_path, *have) == [
        "extra=true, os=mac, py=3.12",
        "os=bsd, py=3.12",
    ]


def test_one_result_does_not_stand_for_two_entries(tmp_path: Path) -> None:
    matrix = {"include": [{"os": "linux", "py": "3.11"}, {"os": "linux", "py": "3.12"}]}
    assert missing(matrix, tmp_path, {"os": "linux"}) == ["os=linux, py=3.12"]


def test_entries_on_the_command_line(tmp_path: Path) -> None:
    expected = read_expected(["spark=3.5.7,db=tidb", "spark=4.0.0"])
    lost, unexpected = missing_entries(
        expected, entries({"spark": "3.5.7", "db": "tidb"}, {"spark": "3.5.7", "db": "x"})
    )
    assert [one.name for one in lost] == ["spark=4.0.0"]
    assert unexpected == ["spark=3.5.7, db=x"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"include": [1]}', '{"os": "linux"}', "[[1]]"]
)
def test_a_file_that_is_no_matrix(content: str, tmp_path: Path) -> None:
    file = tmp_path / "matrix.json"
    file.write_text(content)
    with pytest.raises(UsageError):
        read_expected([str(file)])
    with pytest.raises(UsageError):
        read_expected(["no-such-file.json"])

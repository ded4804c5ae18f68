"""`ci-stat tests split`: files of one shard, balanced by the history of their tests."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ci_stat.store.results.read import StoredCase
from ci_stat.test_results.running.durations import Durations
from tests.support.command import Call


def stored(suite: str = "", class_name: str = "", name: str = "t", file: str = "") -> StoredCase:
    return StoredCase(1, suite, class_name, name, "", file)


@pytest.mark.parametrize(
    ("case", "unit"),
    [
        (stored(class_name="tests.test_a.TestX"), "tests/test_a.py"),
        (stored(class_name="tests.test_a"), "./tests/test_a.py"),
        (stored(class_name="com.acme.FooTest"), "app/src/test/java/com/acme/FooTest.java"),
        (stored(file="src/a.test.js", class_name="outer inner"), "src/a.test.js"),
        (stored(class_name="example.com/x/a", suite="example.com/x/a"), "example.com/x/a"),
        (stored(suite="a b"), "a b"),
    ],
)
def test_a_file_takes_as_long_as_its_tests(case: StoredCase, unit: str) -> None:
    durations = Durations([(case, 2.0), (case, 1.5)])
    assert durations.of([unit, "tests/test_other.py"]) == {unit: 3.5}


def made(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def imported(call: Call, seconds: dict[str, float]) -> None:
    for number in range(3):
        cases = "".join(
            f'<testcase classname="{place}" name="t" time="{time * (1 + number)}"/>'
            for place, time in seconds.items()
        )
        Path("r.xml").write_text(f'<testsuite name="pytest">{cases}</testsuite>')
        assert call("tests", "import", "r.xml", "--job", "u", "--number", str(number)).code == 0


def test_shards_follow_the_history(call: Call) -> None:
    made(
        "tests/test_a.py", "tests/test_b.py", "tests/test_c.py", "tests/test_new.py", "tests/x.txt"
    )
    imported(call, {"tests.test_a.TestX": 30, "tests.test_b": 10, "tests.test_c": 20})
    data = json.loads(call("tests", "split", "--shards", "2", "tests", "--json").out)
    assert [(shard["files"], shard["expected_seconds"]) for shard in data["shards"]] == [
        (["tests/test_a.py", "tests/test_b.py"], 80.0),
        (["tests/test_c.py", "tests/test_new.py"], 80.0),
    ]
    assert (data["median_seconds"], data["total_files"]) == (40.0, 4)
    answer = call("tests", "split", "--shards", "2", "--index", "1", "tests")
    assert (answer.code, answer.out) == (0, "tests/test_a.py\ntests/test_b.py\n")
    table = call("tests", "split", "--shards", "2", "tests").out
    assert "shard 1     1m 20s       2                 0" in table
    assert data["plan"] in table


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    fake: Any = SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", fake)


def test_a_list_on_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [f"pkg/file {number}.go" for number in range(10)] + ["-x.py", "caf\xe9.py"]
    shards = []
    for index in "123":
        stdin(monkeypatch, "\n".join(files).encode())
        shards.append(call("tests", "split", "--shards", "3", "--index", index).out.splitlines())
    assert sorted(file for shard in shards for file in shard) == sorted(
        [*files[:10], "./-x.py", "caf\xe9.py"]
    )
    assert [len(shard) for shard in shards] == [4, 4, 4]


def test_names_with_line_ends_need_nul(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"a\nb.py\0c.py\0")
    answer = call("tests", "split", "--shards", "1", "--index", "1")
    assert (answer.code, "Use --null" in answer.err) == (2, True)
    stdin(monkeypatch, b"a\nb.py\0c.py\0")
    answer = call("tests", "split", "--shards", "1", "--index", "1", "--null")
    assert answer.out == "a\nb.py\0c.py\0"


def test_more_shards_than_files(call: Call) -> None:
    made("test_a.py")
    answer = call("tests", "split", "--shards", "3", "--index", "3", "test_a.py")
    assert answer == (0, "", "ci-stat: shard 3 has no file\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--shards", "2", "--index", "3", "."), "There is no shard 3 of 2."),
        (("--shards", "2", "nowhere/*.py"), "No test file at 'nowhere/*.py'."),
        (("--shards", "0", "."), "not in the range"),
    ],
)
def test_what_cannot_be_split(call: Call, arguments: tuple[str, ...], message: str) -> None:
    answer = call("tests", "split", *arguments)
    assert (answer.code, message in answer.err) == (2, True)


def test_an_empty_list(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"\n")
    answer = call("tests", "split", "--shards", "2", "--index", "1")
    assert (answer.code, "The list of files is empty." in answer.err) == (2, True)

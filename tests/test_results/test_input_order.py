"""Files of one run are read in the order of the times that they state."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci_stat.records.case_results import ReadState, Unreadable
from ci_stat.test_results.input_order import in_order
from ci_stat.test_results.inputs import Input
from tests.support.command import Call

FAILURE = '<failure message="m"/>'


def a_file(name: str, content: str) -> Input:
    return Input(name, lambda: iter([content.encode()]), True)


def junit(time: str) -> str:
    return f'<testsuite timestamp="{time}"><testcase name="a"/></testsuite>'


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ([junit("2026-11-20T10:00:05"), junit("2026-11-20T10:00:01.5")], [1, 0]),
        ([junit("2026-11-20T10:00:00"), junit("2026-11-20T10:00:00")], [0, 1]),
        ([junit("2026-11-20T10:00:00+02:00"), junit("2026-11-20T09:00:00Z")], [0, 1]),
        ([junit("2026-11-20T10:00:00"), junit("2026-11-20T09:00:00Z")], [0, 1]),
        ([junit("3"), junit("yesterday, late"), ""], [0, 1, 2]),
        ([junit("2026-11-20T10:00:05"), "<testsuite/>", junit("2026-11-20T10:00:01")], [2, 1, 0]),
        (['{"Time":"2026-11-20T10:00:05Z"}', '{"Time":"2026-11-20T10:00:01Z"}'], [1, 0]),
        (
            [
                '<TestRun><Times creation="x" start="2026-11-20T10:00:05.1234567+01:00"/>',
                '<test-run start-time="2026-11-20 09:00:01Z">',
            ],
            [1, 0],
        ),
    ],
)
def test_stated_times(contents: list[str], expected: list[int]) -> None:
    inputs = [a_file(str(number), content) for number, content in enumerate(contents)]
    assert [int(one.name) for one in in_order(inputs)] == expected


def test_a_file_that_cannot_be_read_keeps_its_place() -> None:
    def fail() -> Iterator[bytes]:
        raise Unreadable(ReadState.MISSING, "no such file")

    late, early = junit("2026-11-20T10:00:05"), junit("2026-11-20T10:00:01")
    inputs = [a_file("late", late), Input("x", fail, True), a_file("early", early)]
    assert [one.name for one in in_order(inputs)] == ["early", "x", "late"]


def test_a_retry_whose_name_comes_first_counts_as_the_retry(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r").mkdir()
    first = f'<testsuite timestamp="2026-11-20T10:00:00"><testcase name="a">{FAILURE}</testcase>'
    Path("r/run1.xml").write_text(f"{first}</testsuite>")
    Path("r/run1-retry.xml").write_text(junit("2026-11-20T10:05:00"))
    assert call("tests", "import", "r", "--job", "unit").code == 0
    counts = json.loads(call("tests", "--json").out)["counts"]
    assert (counts["tests"], counts["passed"], counts["flaky"]) == (1, 1, 1)
    assert call("gate", "r", "--retries").code == 0

"""Logs that do not fit into memory: no failure is lost, and what is left out is said."""

import io
import re

import pytest

from ci_stat.failures import ScanOptions, extract
from ci_stat.failures.rules import parse
from ci_stat.failures.scanning import condense
from ci_stat.failures.scanning.scan import PAGE
from ci_stat.records import Extraction, LeftOut

MEGABYTE = 1 << 20
STEP = "[2021-06-21T10:{n:02}:00.000Z] step {n} of the build is done, and nothing is wrong\n"
QUIET = "".join(STEP.format(n=n) for n in range(60)) * 13  # 60 KB


def failing(name: str) -> str:
    return (
        f"\n{'-' * 70}\nFAIL: a_test.go:12: testS.{name}\n\na_test.go:13:\n"
        "    c.Assert(got, Equals, 1)\n... obtained int = 2\n... expected int = 1\n\n"
        f"{'-' * 70}\n"
    )


def extracted(*texts: str) -> Extraction:
    return extract(io.BytesIO("".join(texts).encode()))


def cases(extraction: Extraction) -> list[str]:
    return [re.sub(r".*\.", "", failure.name) for failure in extraction.failures]


@pytest.mark.parametrize(
    "line",
    [
        "go: downloading example.com/m v1.2.3\n",
        "Error: the cache is cold\n",
        "com.example.ColdException: x\nat all\n",
        "ERROR: a.go:1: x\n",
    ],
)
def test_a_failure_between_lines_with_anchors_is_found(line: str) -> None:
    noise = (QUIET + line) * 80
    extraction = extracted(noise, failing("TestMiddle"), noise)
    assert extraction.bytes > 9 * MEGABYTE
    assert "TestMiddle" in cases(extraction)
    assert extraction.left_out == LeftOut()
    assert extraction.detail == ""


def test_every_one_of_many_failures_far_apart_is_found_in_its_lines() -> None:
    names = [f"Test{number}" for number in range(80)]
    extraction = extracted(*(QUIET + failing(name) for name in names))
    assert cases(extraction) == names
    lines = len(QUIET.splitlines()) + len(failing("").splitlines())
    first = extraction.failures[0]
    assert [(failure.first_line, failure.last_line) for failure in extraction.failures] == [
        (first.first_line + number * lines, first.last_line + number * lines)
        for number in range(80)
    ]


@pytest.mark.parametrize("shift", [-3, -1, 0, 1, 3])
def test_a_failure_on_the_border_of_two_pages_is_found(shift: int) -> None:
    """Failures begin around the borders of pages, and so of what is examined at once."""
    parts: list[str] = []
    size, names = 0, [f"Test{number}" for number in range(60)]
    for number, name in enumerate(names):
        text = failing(name)
        border = (number + 1) * 4 * PAGE + shift - text.index("FAIL: ") - 3
        filler = "." * 60 + "\n"
        filler = (filler * ((border - size) // len(filler) + 1))[: border - size]
        parts += [filler, text]
        size = border + len(text)
    noise = "Error: the cache is cold\n" + QUIET[: 6 * PAGE]
    assert cases(extracted(*parts, noise * 40)) == names


@pytest.mark.parametrize("noise", ["Error: failed x\n", "panic: out of x\n", "x.go:1: error: y\n"])
def test_a_rare_anchor_is_looked_at_first(noise: str) -> None:
    dense = noise * (6 * MEGABYTE // len(noise))
    extraction = extracted(dense, failing("TestRare"), dense)
    assert "TestRare" in cases(extraction)
    assert extraction.left_out.lines > 0


def test_what_is_left_out_is_counted_and_placed() -> None:
    lines = 600_000
    extraction = extracted("Error: failed x\n" * lines)
    ((first, last),) = extraction.left_out.ranges
    assert 1 < first < last < lines
    assert 0.9 * lines < extraction.left_out.lines < last - first + 2
    assert extraction.detail == (
        f"{extraction.left_out.lines:,} lines that may begin a failure were not examined, "
        f"in lines {first:,}-{last:,}"
    )


def test_failures_that_do_not_fit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condense, "ROOM", 4000)
    count = 80
    extraction = extracted(*(QUIET + failing(f"Test{number}") for number in range(count)))
    assert extraction.left_out.failures > 0
    assert len(extraction.failures) + extraction.left_out.failures == count
    assert cases(extraction)[0] == "Test0"
    assert cases(extraction)[-1] == f"Test{count - 1}"
    assert f"{extraction.left_out.failures} failures are not kept" in extraction.detail


def test_a_cause_stays_before_what_only_reports_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condense, "ROOM", 4000)
    effect = "make: *** [all] Error 2\n"
    noise = (QUIET + effect * 40) * 40
    extraction = extracted(noise, failing("TestMiddle"), noise)
    assert cases(extraction) == ["TestMiddle"]
    assert extraction.left_out.failures > 0


def test_the_command_of_a_failure_in_the_middle_is_known() -> None:
    def command(name: str, output: str, code: int) -> str:
        mark = f'The command "{name}" exited with {code}.'
        return f"travis_time:start:0a\r\x1b[0K$ {name}\n{output}\n\x1b[31;1m{mark}\x1b[0m\n"

    noise = (QUIET + "Error: the cache is cold\n") * 80
    log = extracted(
        command("one", noise + failing("TestTolerated") + noise, 0),
        command("two", noise + failing("TestBroken") + noise, 1),
    )
    assert cases(log) == ["TestBroken"]


def test_one_endless_line_is_read_in_time() -> None:
    extraction = extracted("Error: failed x " * (8 * MEGABYTE // 16))
    assert extraction.lines == 1
    assert extraction.left_out.lines <= 1


@pytest.mark.parametrize(("distance", "is_found"), [(90, True), (110, False)])
def test_a_sign_of_the_tool_is_seen_in_the_middle_too(distance: int, is_found: bool) -> None:
    (rule,) = parse(
        "[[rule]]\nname='drift'\nkind='check'\nanchors=['Failed ']\n"
        "pattern='^Failed (?P<case>.+)'\nsigns='^drift v'\n",
        "rules.toml",
    )
    (other,) = parse(
        "[[rule]]\nname='noise'\nkind='check'\nanchors=['go: down']\npattern='^never$'\n",
        "rules.toml",
    )
    noise = (QUIET + "go: downloading example.com/m v1.2.3\n") * 80
    text = noise + "drift v3\n" + "\n" * (distance - 1) + "Failed the harbour\n\n" + noise
    options = ScanOptions(rules=(rule, other))
    extraction = extract(io.BytesIO(text.encode()), options=options)
    assert ("the harbour" in cases(extraction)) == is_found


def test_rare_failures_stay_where_there_are_too_many() -> None:
    many = "".join(f"--- FAIL: TestX{number} (0.00s)\n    x.go:1: bad\n" for number in range(2500))
    extraction = extracted(many, "fatal error: runtime: out of memory\n\n", failing("TestRare"))
    assert {"TestRare", "TestX0", "TestX2499"} <= set(cases(extraction))
    assert "out-of-memory" in {failure.rule for failure in extraction.failures}
    assert extraction.left_out.failures > 400

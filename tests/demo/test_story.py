"""`ci-stat demo` tells a story on one screen: what fails, where, why, and what to type next."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from ci_stat.cli import run
from ci_stat.cli.work.demo import Demo, build, show
from ci_stat.config import PATH_VARIABLE

QUESTIONS = ("What fails?", "Where?", "Why?", "Which tests?", "What next?")
VERDICTS = {"passes": 0, "fails": 11}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("story")
        patch.chdir(folder)
        yield build(Path("demo"), rows_per_day=60, days=14, seed=20210621)


def _told(made: Demo, width: int, patch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    patch.setattr("sys.stdout", out)
    patch.setattr("ci_stat.rendering.terminal.screen.width_of", lambda _stream: width)
    show(made, color=False)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_the_story_is_one_screen(made: Demo, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _told(made, width, monkeypatch).splitlines()
    assert 24 <= len(lines) <= 40
    assert max(map(cell_len, lines)) <= width
    asked = [line for line in lines if line.startswith(QUESTIONS)]
    assert [line.partition("  ")[0] for line in asked] == list(QUESTIONS)


def test_the_reason_is_in_the_story(made: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    text = _told(made, 80, monkeypatch)
    assert "testJoinSpillSuite.TestSpillPartitionBoundary" in text
    assert re.search(r"Why\?  .* #\d+ says:\n  FAIL: .*\n", text)


def test_the_next_commands_work(
    made: Demo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _told(made, 80, monkeypatch)
    monkeypatch.undo()
    monkeypatch.setenv(PATH_VARIABLE, str(made.folder))
    commands = re.findall(r"^  ci-stat (.*?)(?: {2,}.*)?$", text, re.MULTILINE)
    assert [command.split()[0] for command in commands] == [
        "pr",
        "compare",
        "flaky",
        "explain",
        "tests",
        "tests",
        "gate",
        "report",
        "issues",
    ]
    for command in commands:
        expected = VERDICTS[_gate_word(text)] if command.startswith("gate") else 0
        assert run(command.split()) == expected, (command, capsys.readouterr().err)


def _gate_word(text: str) -> str:
    line = re.search(r"^Gate: run \d+ of \S+ (.*?): ", text, re.MULTILINE)
    assert line
    return line[1]


def test_a_demo_without_logs_has_no_result_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = build(tmp_path / "small", rows_per_day=60, days=1, seed=20210621, logs=False)
    text = _told(small, 80, monkeypatch)
    assert small.results == 0
    assert not (small.folder / "results").exists()
    assert "Which tests?" not in text
    assert "tests flaky" not in text


def test_a_demo_without_failures_promises_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    small = build(tmp_path / "small", rows_per_day=1, days=1, seed=20210621)
    text = _told(small, 80, monkeypatch)
    assert "ci-stat demo: 1 run and 0 logs" in text
    assert "What fails?  0 of 1 run" in text
    assert "first seen" not in text, "a table without rows"
    for promise in ("outage", "keeps failing", "this build fail", "its own", "be merged"):
        assert promise not in text
    assert caplog.text == ""

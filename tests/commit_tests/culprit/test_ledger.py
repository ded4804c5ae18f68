"""The file of a search: nothing that ended is lost, and nothing is written by two."""

from pathlib import Path

import pytest

from ci_stat.commit_tests.culprit.ledger import SearchFile, writing
from ci_stat.commit_tests.culprit.model import Answer, Kind
from ci_stat.errors import NotFound, Refused, UsageError
from tests.commit_tests.culprit.searching import find, flaky, new_file, observation, search_of


def filled(folder: Path) -> SearchFile:
    file = new_file(folder)
    for place in (3, 5, 5):
        file.observe(observation(file.new_number(), place, Answer.FAILED))
    return file


def test_a_search_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = filled(tmp_path)
    file.withdraw(2)
    again = SearchFile.open(file.path)
    assert again.question == file.question
    assert again.observations == file.observations
    assert [entry.number for entry in again.observations] == [1, 3]
    assert [entry.number for entry in again.withdrawn] == [2]
    assert again.new_number() == 4
    assert again.name == "search"


def test_a_conclusion_holds_until_the_next_observation(tmp_path: Path) -> None:
    result = find(tmp_path, search_of(4), flaky(2, 0, 1))
    file = SearchFile.open(tmp_path / "search.jsonl")
    file.conclude(result)
    kept = SearchFile.open(file.path).conclusion
    assert kept == result
    assert kept.kind is Kind.CULPRIT
    file.observe(observation(file.new_number(), 2, Answer.PASSED))
    assert SearchFile.open(file.path).conclusion is None


def test_every_cut_of_the_last_line_loses_that_line_only(tmp_path: Path) -> None:
    file = filled(tmp_path)
    content = file.path.read_bytes()
    last = content.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(content)):
        file.path.write_bytes(content[:end])
        assert len(SearchFile.open(file.path).observations) == 2
    with writing(file.path):
        again = SearchFile.open(file.path)
        again.observe(observation(again.new_number(), 7, Answer.PASSED))
    assert len(SearchFile.open(file.path).observations) == 3


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    file = filled(tmp_path)
    lines = file.path.read_bytes().split(b"\n")
    lines[2] = lines[2][:40] + b"\xff\x1b[31m"
    file.path.write_bytes(b"\n".join(lines))
    with pytest.raises(UsageError, match=r"Line 3 of .* is damaged") as raised:
        SearchFile.open(file.path)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{}\n", b'{"line":"withdrawn","number":1}\n', b"x"])
def test_another_file_is_no_search(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        SearchFile.open(path)


def test_a_missing_search_and_a_second_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        SearchFile.open(tmp_path / "none.jsonl")
    new_file(tmp_path)
    with pytest.raises(Refused, match="exists already"):
        new_file(tmp_path)


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    file = filled(tmp_path)
    with (
        writing(file.path),
        pytest.raises(Refused, match="Another process"),
        writing(file.path),
    ):
        pass
    with writing(file.path):
        pass


def test_only_a_known_observation_is_withdrawn(tmp_path: Path) -> None:
    file = filled(tmp_path)
    file.withdraw(1)
    with pytest.raises(UsageError, match="no observation 1"):
        file.withdraw(1)

"""Hostile names, titles and messages in every answer, on a terminal and in JSON."""

from pathlib import Path

import pytest

from tests.conftest import Fill
from tests.questions import scenes
from tests.support import hostile
from tests.support.command import Call


@pytest.fixture
def url(tmp_path: Path) -> str:
    """SQLite only: what is printed does not depend on the database."""
    return f"sqlite:///{tmp_path / 'ci.sqlite'}"


@pytest.mark.parametrize("form", ["--color=never", "--json"])
def test_hostile_texts_are_escaped(
    fill: Fill, url: str, call: Call, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    rows = hostile.rows()
    fill(rows)
    monkeypatch.setenv("CI_STAT_URL", url)
    answered = set()
    for number, row in enumerate(rows[::3], 1):
        assert isinstance(row.analysis_res, dict)
        commands = (
            ("pr", str(number)),
            ("case", row.analysis_res["case"][0]),
            ("case", row.analysis_res["env"][0][:3]),
            ("job", row.job),
            ("run", row.job, str(row.job_id)),
        )
        for words in commands:
            answer = call(*words, form)
            assert answer.code in (0, 2, 12), answer.err
            assert not hostile.raw(answer.out + answer.err)
            answered |= {words[0]} if answer.code != 2 else set()
    assert answered == {"pr", "case", "job", "run"}


def test_the_end_of_a_long_name_is_shown(
    fill: Fill, url: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells the tests of one package apart."""
    name = "com.example.packages." * 20 + "CheckoutTest.test_total"
    fill([scenes.run(1, 7, "FAILURE", analysis_res={"case": [name]})])
    monkeypatch.setenv("CI_STAT_URL", url)
    for words in (("pr", "7"), ("run", "unit", "100007"), ("job", "unit")):
        answer = call(*words, "--color=never")
        assert "CheckoutTest.test_total" in answer.out, words

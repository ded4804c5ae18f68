"""An empty name of a test is shown as `(no name)`."""

from pathlib import Path

import pytest

from tests.support.command import Call


@pytest.mark.parametrize(("place", "shown"), [("", "(no name)"), ("C", "C :: (no name)")])
def test_an_empty_name_is_shown(
    call: Call,
    file_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    shown: str,
) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", file_url)
    file = tmp_path / "r.xml"
    failure = '<failure message="m"/>'
    file.write_text(
        f'<testsuite name=""><testcase classname="{place}" name="">{failure}</testcase></testsuite>'
    )
    assert call("tests", "import", str(file), "--job", "unit").code == 0
    for command in (
        ("tests",),
        ("gate", str(file)),
        ("gate", "--job", "unit"),
        ("tests", "aggregate", str(file)),
        ("publish", "summary", "--job", "unit"),
        ("publish", "summary", str(file), "--job", "unit"),
    ):
        assert shown in call(*command).out, command

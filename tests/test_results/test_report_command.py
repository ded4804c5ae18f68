"""`ci-stat tests report`: one command gives a page, the draft of a comment and a verdict."""

import json
import tarfile
from pathlib import Path

import pytest

from ci_stat.cli import run

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "real" / "junit"
HOSTILE = "<script>alert(1)</script>\u202e@everyone"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder without settings, without git and outside of a CI."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("STAT_ENV_PATH", "CI_STAT_RESULTS_URL", "GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def _junit(*cases: str) -> str:
    return f'<testsuite name="s">{"".join(cases)}</testsuite>'


PASSED = '<testcase classname="C" name="ok" time="1"/>'


def _files(folder: Path) -> tuple[str, str, dict[str, object]]:
    texts = [(folder / name).read_text(encoding="utf-8") for name in ("page.html", "comment.md")]
    return texts[0], texts[1], json.loads((folder / "verdict.json").read_text(encoding="utf-8"))


def test_passed_tests(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "junit.xml").write_text(_junit(PASSED))
    assert run(["tests", "report", "junit.xml"]) == 0
    page, comment, verdict = _files(folder / "test-report")
    assert page.startswith("<!DOCTYPE html>")
    assert "## ✅" in comment
    assert verdict["decision"] == "pass"
    assert "The gate passes" in capsys.readouterr().out
    assert not (folder / "data").exists(), "a database was made"


def test_a_failure_is_in_all_three_files_and_harmless(folder: Path) -> None:
    name = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
    failed = f'<testcase classname="C" name="{name}"><failure message="boom"/></testcase>'
    (folder / "junit.xml").write_text(_junit(PASSED, failed), encoding="utf-8")
    assert run(["tests", "report", "junit.xml", "--output", "out/", "--job", "unit"]) == 11
    page, comment, verdict = _files(folder / "out")
    assert "boom" in page
    assert "boom" in comment
    assert "`unit`" in comment
    assert verdict["decision"] == "fail"
    assert "<script>alert" not in page
    assert "\u202e" not in page + comment


def test_a_cut_file_is_no_pass(folder: Path) -> None:
    (folder / "junit.xml").write_text(_junit(PASSED)[:-12])
    assert run(["tests", "report", "junit.xml"]) == 12
    _, comment, verdict = _files(folder / "test-report")
    assert verdict["decision"] == "cannot tell"
    assert "not whole" in comment


def test_a_policy_decides(folder: Path) -> None:
    (folder / "junit.xml").write_text(_junit(PASSED))
    (folder / "gates.toml").write_text("[rules]\nmin_tests = 2\n")
    assert run(["tests", "report", "junit.xml", "--policy", "gates.toml"]) == 11


def test_a_file_is_no_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "junit.xml").write_text(_junit(PASSED))
    assert run(["tests", "report", "junit.xml", "--output", "junit.xml"]) == 2
    assert "must be a folder" in capsys.readouterr().err
    assert (folder / "junit.xml").read_text() == _junit(PASSED)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} does not exist")
def test_a_folder_of_real_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tarfile.open(REAL / "junit-plugin.tar.xz") as archive:
        archive.extractall(folder / "real", filter="data")
    assert run(["tests", "report", "real", "--json"]) == 11
    page, comment, verdict = _files(folder / "test-report")
    assert json.loads(capsys.readouterr().out) == verdict
    assert len(page) > 10_000
    assert "**The gate fails.**" in comment

"""`ci-stat tests import`: finds and unpacks files, stores them once, says what it cannot tell."""

import bz2
import gzip
import io
import json
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_stat.store.engine import open_engine
from ci_stat.store.results.read import ResultsReader
from tests.support.command import Answer, Call
from tests.support.zstd import compress

A, B = '<testcase classname="C" name="a"/>', '<testcase classname="C" name="b"/>'
GOOD = f'<testsuite name="s">{A}{B}</testsuite>'
BAD = f'<testsuite name="s">{A[:-2]}><failure message="m"/></testcase></testsuite>'
CUT = '<testsuite name="s"><testcase classname="C" name="a"/>'


@pytest.fixture(autouse=True)
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"sqlite:///{tmp_path}/results.sqlite")
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def imported(call: Call, *arguments: str, number: int = 7) -> tuple[int, dict[str, Any], str]:
    options = ["--job", "unit", "--number", str(number), "--json"]
    answer: Answer = call("tests", "import", *options, *arguments)
    return answer.code, json.loads(answer.out), answer.err


def attempts(tmp_path: Path) -> int:
    reader = ResultsReader(open_engine(f"sqlite:///{tmp_path}/results.sqlite"))
    return sum(1 for run in reader.runs(limit=1_000) for _ in reader.attempts(run.id))


def test_the_database_is_readable_by_its_owner_only(call: Call, tmp_path: Path) -> None:
    Path("a.xml").write_text(GOOD)
    imported(call, "a.xml")
    modes = {file.stat().st_mode & 0o777 for file in tmp_path.glob("results.sqlite*")}
    assert modes == {0o600}


def test_a_file_is_imported_once(call: Call, tmp_path: Path) -> None:
    Path("a.xml").write_text(GOOD)
    answer = call("tests", "import", "a.xml", "--job", "unit", "--number", "7")
    assert answer == Answer(0, "1 file read.\nRun 7 of unit: 2 tests: 2 passed.\n", "")
    answer = call("tests", "import", "a.xml", "--job", "unit", "--number", "7")
    assert answer.out.startswith("1 file read, 1 of them imported before.\n")
    assert attempts(tmp_path) == 2


def test_all_options_describe_the_run(call: Call) -> None:
    Path("a.xml").write_text(GOOD)
    options = (
        "--attempt 2 --repo me/app --commit abc --branch main --pr 12 --trigger schedule"
        " --url https://ci.example/7 --time 2026-01-02T03:04:05Z --label spark=3.5.7 --label b=c=d"
    )
    _, data, _ = imported(call, "a.xml", *options.split())
    assert data["run"] == {
        "job": "unit",
        "number": 7,
        "attempt": 2,
        "repo": "me/app",
        "commit": "abc",
        "branch": "main",
        "pull": 12,
        "trigger": "schedule",
        "url": "https://ci.example/7",
        "labels": {"spark": "3.5.7", "b": "c=d"},
        "started": "2026-01-02T03:04:05+00:00",
    }


def test_options_come_before_the_environment(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.xml").write_text(GOOD)
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKFLOW": "ci",
        "GITHUB_JOB": "unit",
        "GITHUB_RUN_ID": "70",
        "GITHUB_SHA": "abc",
    }.items():
        monkeypatch.setenv(name, value)
    data = json.loads(call("tests", "import", "a.xml", "--commit", "def", "--json").out)
    run = data["run"]
    assert (run["job"], run["number"], run["commit"]) == ("ci / unit", 70, "def")


def test_folders_patterns_and_standard_input(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / ".git").mkdir()
    Path("out/1.xml").write_text(GOOD)
    Path("out/deep/2.trx").write_text(GOOD.replace("name", "name ").replace("  ", " "))
    Path("out/pom.xml").write_text("<project/>")
    Path("out/notes.txt").write_text("no results")
    Path("out/.git/3.xml").write_text(BAD)
    code, data, err = imported(call, "out")
    assert (code, err) == (0, "")
    assert [Path(file["name"]).name for file in data["files"]] == ["1.xml", "2.trx"]
    assert data["left_out"] == ["out/pom.xml"]

    code, data, _ = imported(call, "out/**/*.x*", number=8)
    assert code == 12  # a person named pom.xml by the pattern
    assert [file["state"] for file in data["files"]] == ["complete", "not test results"]

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(BAD.encode()))))
    code, data, _ = imported(call, "-", number=9)
    assert code == 0
    assert data["counts"]["failed"] == 1


def test_the_counts_tell_tests_from_attempts(call: Call) -> None:
    """Files of one run are joined: a retry in a file of its own is an attempt."""
    Path("1.xml").write_text(BAD)
    Path("2.xml").write_text(GOOD)
    code, data, _ = imported(call, "1.xml", "2.xml")
    assert code == 0
    counts = data["counts"]
    assert counts == {
        "tests": 2,
        "runs": 3,
        "passed": 2,
        "failed": 0,
        "errors": 0,
        "skipped": 0,
        "flaky": 1,
        "seconds": 0.0,
    }


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "a.xml.gz": gzip.compress,
    "a.xml.zst": compress,
    "a.xml.xz": lzma.compress,
    "a.xml.bz2": bz2.compress,
    "named-otherwise": gzip.compress,
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_files(call: Call, name: str) -> None:
    Path(name).write_bytes(PACKED[name](GOOD.encode()))
    code, data, _ = imported(call, name)
    assert (code, data["counts"]["passed"]) == (0, 2)


def test_a_packed_copy_is_the_same_file(call: Call, tmp_path: Path) -> None:
    Path("a.xml").write_text(GOOD)
    Path("a.xml.gz").write_bytes(gzip.compress(GOOD.encode()))
    imported(call, "a.xml", "a.xml.gz")
    assert attempts(tmp_path) == 2


def test_archives_as_ci_artifacts_come(call: Call) -> None:
    with zipfile.ZipFile("artifact.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("reports/1.xml", BAD)
        archive.writestr("reports/2.xml.gz", gzip.compress(GOOD.encode()))
        archive.writestr("../../evil.xml", GOOD.replace('"a"', '"evil"'))
        archive.writestr("coverage.xml", "<coverage/>")
        archive.writestr("log.txt", "text")
    code, data, _ = imported(call, "artifact.zip")
    assert code == 0
    names = [file["name"] for file in data["files"]]
    assert sorted(names) == [
        "artifact.zip/../../evil.xml",
        "artifact.zip/reports/1.xml",
        "artifact.zip/reports/2.xml.gz",
    ]
    assert data["left_out"] == ["artifact.zip/coverage.xml"]
    assert not Path("../../evil.xml").exists()


BROKEN = {
    "cut.xml": (CUT.encode(), "cut: the file ends inside <testsuite>; 1 result before that kept"),
    "empty.xml": (b"", "empty: the file is empty"),
    "none.xml": (b"<testsuites/>", "no test cases: the file contains no test case"),
    "text.xml": (b"Killed\n", "not test results: it begins with `Killed`"),
    "cut.xml.gz": (gzip.compress(GOOD.encode())[:-12], "cut: the compressed data ends early"),
    "bad.zip": (b"PK\x03\x04 and no more", "unreadable: the zip archive is damaged"),
    "bomb.xml": (b'<!DOCTYPE a [<!ENTITY a "b">]><testsuite/>', "refused: the file declares"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_ends_with_12_and_the_reason(call: Call, name: str) -> None:
    content, words = BROKEN[name]
    Path("good.xml").write_text(GOOD)
    Path(name).write_bytes(content)
    answer = call("tests", "import", "good.xml", name, "--job", "unit", "--number", "7")
    assert answer.code == 12
    assert f"ci-stat: {name}: {words}" in answer.err
    assert "1 file is not whole, so it is unknown whether all tests passed." in answer.err
    assert "2 tests" in answer.out or "tests: " in answer.out


def test_a_missing_file_was_not_read(call: Call) -> None:
    assert call("tests", "import", "no.xml").out == "No file read.\n"
    Path("a.xml").write_text(GOOD)
    assert call("tests", "import", "no.xml", "a.xml").out.startswith("1 file read.\n")


def test_what_is_missing_ends_with_12(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, words in (
        ("no.xml", "missing: no such file or folder"),
        ("*.trx", "missing: no file matches"),
        ("empty", "missing: the folder has no result file"),
        ("/dev/null", "unreadable: not a regular file"),
    ):
        answer = call("tests", "import", path, "--job", "unit", "--number", "7")
        assert answer.code == 12, path
        assert words in answer.err


def test_a_folder_of_other_files_is_not_green(call: Call, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    Path("out/pom.xml").write_text("<project/>")
    answer = call("tests", "import", "out", "--job", "unit", "--number", "7")
    assert answer.code == 12
    assert "No file with test results." in answer.err


def test_the_whole_file_replaces_what_was_cut(call: Call, tmp_path: Path) -> None:
    Path("a.xml").write_text(CUT)
    assert imported(call, "a.xml")[0] == 12
    Path("a.xml").write_text(GOOD)
    code, data, _ = imported(call, "a.xml")
    assert (code, data["counts"]["runs"], attempts(tmp_path)) == (0, 2, 2)


def test_outside_of_a_ci_the_content_tells_runs_apart(call: Call, tmp_path: Path) -> None:
    Path("a.xml").write_text(GOOD)
    call("tests", "import", "a.xml")
    call("tests", "import", "a.xml")
    assert attempts(tmp_path) == 2
    Path("a.xml").write_text(BAD)
    call("tests", "import", "a.xml")
    assert attempts(tmp_path) == 3


def test_files_are_named_from_the_checkout(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a case is the same on every runner."""
    monkeypatch.setenv("WORKSPACE", "/runner/checkouts")
    Path("a.xml").write_text(
        '<testsuite><testcase name="a" file="/runner/checkouts/src/a.c"/></testsuite>'
    )
    Path("b.xml").write_text('<testsuite><testcase name="a" file="src/a.c"/></testsuite>')
    _, data, _ = imported(call, "a.xml", "b.xml")
    counts = data["counts"]
    assert (counts["tests"], counts["runs"]) == (1, 2)


@pytest.mark.parametrize("label", ["a", "=b", " =b", "a=" + "x" * 300])
def test_invalid_labels(call: Call, label: str) -> None:
    Path("a.xml").write_text(GOOD)
    answer = call("tests", "import", "a.xml", "--label", label)
    assert answer.code == 2
    assert "Write KEY=VALUE" in answer.err


def test_hostile_names_are_harmless(call: Call) -> None:
    name = "\x1b[31mred\n.xml"
    Path(name).write_text("Killed")
    answer = call("tests", "import", name, "--job", "\x1b[2Jx", "--number", "7")
    assert answer.code == 12
    assert "\x1b" not in answer.out + answer.err


def test_names_that_are_no_utf8_lose_no_result(call: Call, tmp_path: Path) -> None:
    """Linux allows any bytes in the names of files, of branches, and in arguments."""
    Path("out").mkdir()
    Path("out", os.fsdecode(b"\xff.xml")).write_text(GOOD)
    answer = call("tests", "import", "out", "--job", os.fsdecode(b"j\xff"), "--number", "7")
    assert (answer.code, attempts(tmp_path)) == (0, 2), answer.err
    assert call("tests", "--json").code == 0
    asked = call("tests", "slow", "--job", os.fsdecode(b"j\xff"))
    assert (asked.code, "UTF-8" in asked.err) == (2, True)

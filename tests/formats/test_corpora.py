"""Result files of other projects: counts equal those of another parser, or of the file beside it.

Skipped where the folder `../shared/real` is not beside the checkout.
"""

import io
import lzma
import tarfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from functools import cache

import pytest

from ci_stat.records.case_results import ReadState
from tests.conftest import REAL
from tests.formats.result_files import outcomes, read

FOLDER = REAL / "junit"
ARCHIVES = ("junit-plugin", "test-reporter", "go-junit-report")
_WORDS = {"error": "error", "failure": "failed", "skipped": "skipped"}
_RETRIES = {"flakyFailure": "failed", "rerunFailure": "failed", "flakyError": "error"}

# What is no complete result file, and why. All others must be complete and equal.
NO_CASES = {
    "015-report.xml",
    "034-report.xml",
    "111-report.xml",
    "empty/java-junit.xml",
    "empty/jest-junit-empty-testsuite.xml",
    "empty/jest-junit.xml",
    "empty/phpunit-empty.xml",
}
REFUSED = {"hudson/tasks/junit/testXxe-oob.xml", "hudson/tasks/junit/testXxe-xxe.xml"}
NOT_RESULTS = {"hudson/tasks/junit/junitResult.xml"}


@cache
def files(archive: str) -> dict[str, bytes]:
    path = FOLDER / f"{archive}.tar.xz"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(path.read_bytes()))) as archive_file:
        members = [member for member in archive_file if member.isfile()]
        contents = {
            member.name.removeprefix("./"): archive_file.extractfile(member) for member in members
        }
        return {name: file.read() for name, file in contents.items() if file}


def expected(content: bytes) -> Counter[str]:
    """Outcomes by counting elements with another parser."""
    root = ElementTree.fromstring(content)
    if root.tag == "test-run":
        return _expected_nunit(root)
    found: Counter[str] = Counter()
    for case in root.iter("testcase"):
        tags = {child.tag for child in case}
        found[next((word for tag, word in _WORDS.items() if tag in tags), "passed")] += 1
        found.update(_RETRIES[child.tag] for child in case if child.tag in _RETRIES)
    for suite in root.iter("testsuite"):
        found.update(_WORDS[child.tag] for child in suite if child.tag in _WORDS)
    return +found


def _expected_nunit(root: ElementTree.Element) -> Counter[str]:
    """The totals that the file states, and its errors, which it counts as failures."""
    errors = len(root.findall(".//test-case[@result='Failed'][@label='Error']"))
    skipped = int(root.get("skipped", 0)) + int(root.get("inconclusive", 0))
    failed = int(root.get("failed", 0)) - errors
    counts = {"passed": int(root.get("passed", 0)), "failed": failed, "skipped": skipped}
    return +Counter({**counts, "error": errors})


@pytest.mark.parametrize("archive", ARCHIVES)
def test_every_file_is_read_with_equal_counts(archive: str) -> None:
    for name, content in files(archive).items():
        if not name.endswith(".xml"):
            continue
        for size in (1 << 16, 997):
            found, file = read(content, size)
            if name in NO_CASES | REFUSED | NOT_RESULTS:
                assert not found
                assert file.state is not ReadState.COMPLETE, name
                assert file.detail
                continue
            assert (file.state, file.detail, file.invalid) == (ReadState.COMPLETE, "", 0), name
            assert outcomes(found) == expected(content), name


def test_states_of_the_broken_files() -> None:
    known = files("junit-plugin") | files("test-reporter") | files("go-junit-report")
    for names, state in (
        (NO_CASES, ReadState.NO_CASES),
        (REFUSED, ReadState.REFUSED),
        (NOT_RESULTS, ReadState.NOT_RESULTS),
    ):
        assert {read(known[name])[1].state for name in names} == {state}


def test_go_outputs_equal_the_xml_beside_them() -> None:
    known = files("go-junit-report")
    outputs = sorted(name for name in known if ".gojson." in name)
    assert len(outputs) == 14
    for name in outputs:
        report, report_file = read(known[f"{name[:3]}-report.xml"])
        found, file = read(known[name])
        assert file.state is report_file.state, name
        assert outcomes(found) == outcomes(report), name
        named = {(case.suite, case.name) for case in found if case.name != "(package)"}
        in_report = {(case.suite, case.name + case.parameters) for case in report}
        assert named <= in_report, name


def test_go_texts_equal_the_xml_beside_them() -> None:
    known = files("go-junit-report")
    texts = sorted(name for name in known if name.endswith(".txt") and ".gojson." not in name)
    # Without -v a package prints only what failed; 007 names its package on the command line.
    texts = [name for name in texts if name[:3] not in ("014", "015", "034")]
    assert len(texts) == 31
    for name in texts:
        report, _ = read(known[f"{name[:3]}-report.xml"])
        found, file = read(known[name])
        assert (file.state, file.format) == (ReadState.COMPLETE, "go test"), name
        assert outcomes(found) == outcomes(report), name
        named = {(case.suite, case.name) for case in found if case.name != "(package)"}
        in_report = {(case.suite, case.name + case.parameters) for case in report}
        assert name.startswith("007") or named <= in_report, name


def test_attempts_of_surefire() -> None:
    known = files("junit-plugin")
    flaky, _ = read(known["hudson/tasks/junit/gh-237/TEST-io.olamy.FlakyTest.xml"])
    assert max(case.attempt for case in flaky) > 1
    assert all(case.text for case in flaky if str(case.outcome) == "failed")

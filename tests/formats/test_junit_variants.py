"""JUnit XML that names the project, browser or device of a test outside of its name."""

import pytest

from ci_stat.failures.case_identity import identity_key
from ci_stat.records.case_results import CaseResult
from tests.formats.result_files import cases

FAILED = '<testcase name="login › works" classname="a.spec.ts" time="1"><failure/></testcase>'
PASSED = '<testcase name="login › works" classname="a.spec.ts" time="1"/>'


def playwright(*suites: str) -> str:
    root = 'id="" name="" tests="2" failures="1" skipped="0" errors="0" time="2"'
    return f"<testsuites {root}>{''.join(suites)}</testsuites>"


def project(name: str, inside: str) -> str:
    """A suite of Playwright: one for each file and project."""
    return (
        f'<testsuite name="a.spec.ts" timestamp="2026-01-02T03:04:05.678Z" hostname="{name}"'
        f' tests="1" failures="0" skipped="0" time="1" errors="0">{inside}</testsuite>'
    )


def identity(case: CaseResult) -> str:
    return identity_key(case.suite, case.class_name, case.name, case.parameters, case.file)


def test_projects_of_playwright_are_cases_of_their_own() -> None:
    found = cases(playwright(project("chromium", FAILED), project("firefox", PASSED)))
    assert [(case.name, case.parameters) for case in found] == [
        ("login › works", "[chromium]"),
        ("login › works", "[firefox]"),
    ]
    assert len({identity(case) for case in found}) == 2


def test_older_versions_of_playwright_write_fewer_attributes() -> None:
    suite = '<testsuite name="a.spec.ts" timestamp="T" hostname="webkit" tests="1" failures="0"'
    root = '<testsuites id="" name="" tests="1" failures="0" time="4.10">'
    (case,) = cases(f'{root}{suite} time="4.1">{PASSED}</testsuite></testsuites>')
    assert case.parameters == "[webkit]"


def test_retries_of_one_project_stay_attempts() -> None:
    retried = '<testcase name="b" classname="a.spec.ts"><flakyFailure/></testcase>'
    found = cases(playwright(project("chromium", FAILED + PASSED + retried)))
    assert len({identity(case) for case in found[:2]}) == 1
    assert [case.attempt for case in found[2:]] == [1, 2]
    assert {case.parameters for case in found} == {"[chromium]"}


def test_a_project_in_the_name_is_not_added_again() -> None:
    """Playwright's option `includeProjectInTestName`."""
    inside = '<testcase name="[chromium] login › works" classname="a.spec.ts"/>'
    (case,) = cases(playwright(project("chromium", inside)))
    assert (case.name, case.parameters) == ("[chromium] login › works", "")


@pytest.mark.parametrize("root", ["", ' name="vitest tests" tests="1"', ' id="1" name="x"'])
def test_a_host_of_other_producers_is_a_machine(root: str) -> None:
    (case,) = cases(f"<testsuites{root}>{project('runner-17', PASSED)}</testsuites>")
    assert case.parameters == ""


def properties(**values: str) -> str:
    pairs = (f'<property name="{name}" value="{value}"/>' for name, value in values.items())
    return f"<properties>{''.join(pairs)}</properties>"


@pytest.mark.parametrize(
    ("suite", "parameters"),
    [
        (
            {"device": "Pixel_3(AVD) - 9", "flavor": "", "project": ":app"},
            "[Pixel_3(AVD) - 9, :app]",
        ),
        ({"browserName": "chrome", "java.version": "17"}, "[chrome]"),
        ({"browser": "Chrome 119.0.6045.105"}, "[Chrome]"),  # no new case at each upgrade
        ({"java.version": "17", "user.name": "ci"}, ""),
    ],
)
def test_properties_of_a_suite_say_what_its_tests_ran_on(
    suite: dict[str, str], parameters: str
) -> None:
    inside = properties(**suite) + '<testcase name="a" classname="C"/>' * 3
    other = '<testsuite name="C"><testcase name="a" classname="C"/></testsuite>'
    found = cases(f'<testsuites><testsuite name="C">{inside}</testsuite>{other}</testsuites>')
    assert [case.parameters for case in found] == [parameters] * 3 + [""]


def test_properties_of_a_case_count_too() -> None:
    inside = "".join(
        f'<testcase name="a[1]">{properties(browser=name, owner="me")}</testcase>'
        for name in ("chrome", "firefox")
    )
    found = cases(f'<testsuite name="s">{inside}</testsuite>')
    assert [case.parameters for case in found] == ["[1][chrome]", "[1][firefox]"]


def test_an_attribute_device_counts() -> None:
    """Maestro."""
    suites = "".join(
        f'<testsuite name="flows" device="{name}"><testcase name="a"/></testsuite>'
        for name in ("iPhone 15", "iPhone 16")
    )
    found = cases(f"<testsuites>{suites}</testsuites>")
    assert [case.parameters for case in found] == ["[iPhone 15]", "[iPhone 16]"]

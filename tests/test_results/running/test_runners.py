"""Runners that are not here: programs play them, and are strict about their arguments."""

import json
from pathlib import Path

import pytest

from ci_stat.records.case_results import CaseResult, Outcome
from ci_stat.test_results.running.model import Rerun
from ci_stat.test_results.running.runners.base import Runner, Setup, batched, unsafe_reason
from ci_stat.test_results.running.runners.choose import choose, runner_of
from ci_stat.test_results.running.runners.generic import Templates
from ci_stat.test_results.running.runners.pytest import reported_name
from tests.support.command import Call
from tests.test_results.running.support import calls, junit, outcomes, program, run_tests


@pytest.mark.parametrize(
    ("command", "runner"),
    [
        ("pytest tests", "pytest"),
        ("/opt/venv/bin/py.test", "pytest"),
        (".venv/bin/python3.12 -m pytest -x", "pytest"),
        ("uv run --frozen pytest", "pytest"),
        ("coverage run -m pytest", "pytest"),
        ("env A=b nice -n 10 poetry run pytest", "pytest"),
        ("go test ./...", "go"),
        ("./gradlew test", "gradle"),
        ("mvn -B verify", "maven"),
        ("./mvnw test", "maven"),
        ("npx jest", "jest"),
        ("node_modules/.bin/jest --ci", "jest"),
        ("cargo nextest run", "nextest"),
        ("ctest --test-dir build", "ctest"),
        ("make check", None),
        ("python run_pytest.py pytest", None),
        ("./all.sh go test", None),
        ("go vet", None),
    ],
)
def test_the_first_words_name_the_runner(command: str, runner: str | None) -> None:
    assert runner_of(command.split())[0] == runner


def setup(folder: Path, *argv: str, workers: int = 1) -> Runner:
    return choose(Setup(argv, folder, folder, workers), Templates())


def failed(class_name: str, name: str, file: str = "", word: str = "") -> CaseResult:
    return CaseResult("s", class_name, name, Outcome.FAILED, word, file=file)


def reruns(runner: Runner, *cases: CaseResult) -> list[tuple[str, ...]]:
    found: list[Rerun] = list(runner.reruns(cases, 2))
    return [rerun.invocation.argv for rerun in found if rerun.invocation is not None]


def test_arguments_go_before_the_dashes_of_the_runner(tmp_path: Path) -> None:
    runner = setup(tmp_path, "uv", "run", "--", "mvn", "test", "--", "x")
    assert runner.shard((), 1).argv[-4:] == (
        "test", "-Dmaven.test.failure.ignore=true", "--", "x",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "shares_work"),
    [("-n 4", True), ("-nauto", True), ("--numprocesses=2", True), ("-n 0", False), ("-v", False)],
)
def test_xdist_shares_the_work_itself(options: str, shares_work: bool, tmp_path: Path) -> None:
    assert setup(tmp_path, "pytest", *options.split(), "tests").shares_work is shares_work


# The output of `go test -json` of two packages; with -run, only the selected test runs.
GO = r"""
import json, re
if words[0] == "list":
    assert words[1:] == ["-tags", "it", "-f", words[4], "./..."], words
    print("x/a\nx/b\nx/silent")
    sys.exit()
assert words[0] == "test" and words[1:3] == ["-tags", "it"] and "-json" in words, words
run = [word[5:] for word in words if word.startswith("-run=")]
packages = [word for word in words[3:] if not word.startswith("-")]
tests = {"x/a": ["TestOk", "TestFlaky/a.b", "TestFlaky"], "x/b": ["TestB"], "x/silent": []}
bad = False
for package in packages:
    for test in tests[package]:
        if run and not re.search(run[0].split("/")[0], test.split("/")[0]): continue
        fails = test.startswith("TestFlaky") and not run
        bad |= fails
        print(json.dumps({"Action": "run", "Package": package, "Test": test}))
        action = "fail" if fails else "pass"
        print(json.dumps({"Action": action, "Package": package, "Test": test, "Elapsed": 0.5}))
    if tests[package]:
        print(json.dumps({"Action": "fail" if bad else "pass", "Package": package}))
sys.exit(1 if bad else 0)
"""


def test_go_repeats_tests_of_a_package_and_misses_packages(call: Call, tmp_path: Path) -> None:
    go = program(tmp_path, "go", GO)
    options = ("--workers", "2", "--retries", "1", "--max-failed-share", "100")
    answer, data = run_tests(call, *options, "--", go, "test", "-tags", "it", "./...")
    assert outcomes(data) == {
        "TestOk": ["passed"],
        "TestFlaky/a.b": ["failed", "passed"],
        "TestFlaky": ["failed", "passed"],
        "TestB": ["passed"],
    }
    again = calls(tmp_path)[-1]
    assert again[-4:] == ["-count=1", "-run=^(TestFlaky)$", "-json", "x/a"]
    assert data["missing"] == ["x/silent"]
    assert answer.code == 12


def test_go_repeats_a_package_that_a_panic_ended(tmp_path: Path) -> None:
    runner = setup(tmp_path, "go", "test", "-run", "Only", "-count", "3", "./...")
    cases = failed("x/a", "TestA", word="no end"), failed("x/b", "TestB")
    assert reruns(runner, *cases) == [
        ("go", "test", "-run", "Only", "-count=1", "-json", "x/a"),
        ("go", "test", "-count=1", "-run=^(TestB)$", "-json", "x/b"),
    ]


def test_go_keeps_arguments_of_the_tests(tmp_path: Path) -> None:
    runner = setup(tmp_path, "go", "test", "./...", "-v", "-args", "-x", "y")
    assert runner.shard((), 1).argv == (
        "go", "test", "-v", "-json", "./...", "-args", "-x", "y",
    )  # fmt: skip


def test_jest_repeats_names_in_their_files(tmp_path: Path) -> None:
    runner = setup(tmp_path, "npx", "jest", "--ci")
    cases = failed("outer (x|y)", "adds  $1", "src/a.test.js"), failed("", "--help", "b.test.js")
    assert reruns(runner, *cases) == [
        (
            "npx", "jest", "--ci", "--reporters=default", "--reporters=jest-junit",
            r"--testNamePattern=^(outer\s+\(x\|y\)\s+adds\s+\$1|--help)$",
            "--runTestsByPath", f"{tmp_path}/src/a.test.js", f"{tmp_path}/b.test.js",
        )
    ]  # fmt: skip


def test_jest_does_not_repeat_a_file_that_was_not_loaded(tmp_path: Path) -> None:
    case = failed("Test suite failed to run", "c.js", "c.js")
    reasons = [rerun.reason for rerun in setup(tmp_path, "jest").reruns([case], 2)]
    assert reasons == ["its file could not be loaded"]


NEXTEST = """
assert words[:2] == ["nextest", "run"] and "--no-fail-fast" in words, words
settings = words[words.index("--tool-config-file") + 1]
assert settings.startswith("ci-stat:/"), settings
path = pathlib.Path(settings[8:]).read_text().split('path = "')[1].split('"')[0]
if "-E" in words:
    assert words[words.index("-E") + 1] == "(binary_id(=app::it) & test(=net::flaky))", words
case = '<testcase classname="app::it" name="net::flaky">%s</testcase>'
body = case % ("" if "-E" in words else '<failure message="m"/>')
other = "" if "-E" in words else '<testcase classname="app" name="ok"/>'
pathlib.Path(path).write_text("<testsuite name='app'>%s%s</testsuite>" % (body, other))
sys.exit(0 if "-E" in words else 100)
"""


def test_nextest_repeats_by_a_filter(call: Call, tmp_path: Path) -> None:
    cargo = program(tmp_path, "cargo", NEXTEST)
    answer, data = run_tests(
        call, "--retries", "1", "--workers", "3", "--", cargo, "nextest", "run"
    )
    assert answer.code == 0, answer
    assert outcomes(data) == {"net::flaky": ["failed", "passed"], "ok": ["passed"]}
    assert "--test-threads=3" in calls(tmp_path)[0]


GRADLE = """
assert words[0] == "test" and "--continue" in words, words
folder = pathlib.Path("app/build/test-results/test")
folder.mkdir(parents=True, exist_ok=True)
is_retry = "--tests" in words
if is_retry:
    assert words[1:4] == ["--tests", "com.acme.FooTest.adds", "--continue"], words
body = '<testcase classname="com.acme.FooTest" name="adds()">%s</testcase>'
failure = "" if is_retry else '<failure message="m"/>'
(folder / "TEST-com.acme.FooTest.xml").write_text(
    "<testsuite name='com.acme.FooTest'>%s</testsuite>" % (body % failure))
sys.exit(0 if is_retry else 1)
"""


def test_gradle_repeats_methods(call: Call, tmp_path: Path) -> None:
    gradle = program(tmp_path, "gradlew", GRADLE)
    old = Path("app/build/test-results/test")
    old.mkdir(parents=True)
    (old / "TEST-Old.xml").write_text(junit("!old"))
    answer, data = run_tests(call, "--retries", "1", "--", gradle, "test")
    assert answer.code == 0, answer
    assert outcomes(data) == {"adds()": ["failed", "passed"]}


def test_maven_repeats_methods_and_whole_classes(tmp_path: Path) -> None:
    runner = setup(tmp_path, "mvn", "test")
    cases = (
        failed("x.ATest", "bad(int)[3]"),
        failed("x.ATest$In", "inner"),
        failed("x.BTest", "a name with spaces"),
        failed("-Dexec=rm", "x"),
    )
    cases = (CaseResult("s", "x.ATest", "bad", Outcome.FAILED, parameters="(int)[3]"), *cases[1:])
    found = list(runner.reruns(cases, 2))
    assert found[0].reason == "its class is not the name of a class"
    assert found[1].invocation is not None
    assert "-Dtest=x.ATest#bad,x.ATest$In#inner,x.BTest" in found[1].invocation.argv


CTEST = """
if "-N" in words:
    print("Test project /b\\n  Test  #1: ok\\n  Test #12: bad (a)\\n  Test #13: gone\\n")
    sys.exit()
out = pathlib.Path(words[words.index("--output-junit") + 1])
case = '<testcase name="%s" classname="%s" status="%s">%s</testcase>'
if "-I" in words:
    numbers = pathlib.Path(words[words.index("-I") + 1]).read_text()
    assert numbers == "0,0,0,12,13\\n", numbers
    cases = [("bad (a)", "run", "")]
else:
    unstarted = '<skipped message="Unable to find executable"/>'
    failure = '<failure message=""/>'
    cases = [("ok", "run", ""), ("bad (a)", "fail", failure), ("gone", "notrun", unstarted)]
body = "".join(case % (name, name, status, inner) for name, status, inner in cases)
out.write_text("<testsuite name='(empty)'>%s</testsuite>" % body)
sys.exit(0 if "-I" in words else 8)
"""


def test_ctest_repeats_numbers_and_a_missing_program_is_an_error(
    call: Call, tmp_path: Path
) -> None:
    ctest = program(tmp_path, "ctest", CTEST)
    answer, data = run_tests(call, "--retries", "1", "--", ctest)
    assert answer.code == 11
    assert outcomes(data) == {"ok": ["passed"], "bad (a)": ["failed", "passed"], "gone": ["error"]}
    assert data["notes"] == ["1 test not reported by retry 1"]


@pytest.mark.parametrize(
    ("node_id", "name"),
    [
        ("tests/test_a.py::test_x", ("tests.test_a", "test_x")),
        ("test_a.py::TestX::test_y[1::2/3]", ("test_a.TestX", "test_y[1::2/3]")),
        ("a/b.txt::b.txt", ("a.b.txt", "b.txt")),
        ("test_a.py::test_x[\x1b]", ("test_a", "test_x[#x1B]")),
    ],
)
def test_pytest_names(node_id: str, name: tuple[str, str]) -> None:
    assert reported_name(node_id) == name


def test_names_that_cannot_be_arguments() -> None:
    assert unsafe_reason("a\0b") == "its name contains NUL"
    assert unsafe_reason("--exec") == "its name looks like an option"
    assert unsafe_reason("x" * 200_000) == "its name is too long"
    assert unsafe_reason("a b") == ""


def test_long_lists_are_divided() -> None:
    words = [f"test_{number}" for number in range(20_000)]
    batches = list(batched(words))
    assert [word for batch in batches for word in batch] == words
    assert len(batches) > 1
    assert all(len("|".join(batch)) <= 100_000 for batch in batches)


def test_files_are_divided_among_shards(call: Call, tmp_path: Path) -> None:
    body = """
cases = "".join('<testcase classname="C" name="%s"/>' % word for word in words[1:])
pathlib.Path(words[0]).write_text("<testsuite>%s</testsuite>" % cases)
"""
    runner = program(tmp_path, "runner", body)
    for name in "abcde":
        Path(f"{name}.test").touch()
    options = ("--files", "*.test", "--workers", "2")
    answer, data = run_tests(call, *options, "--", runner, "{results}", "{files}")
    assert answer.code == 0
    assert set(outcomes(data)) == {f"{name}.test" for name in "abcde"}
    assert sorted(len(shard["units"]) for shard in data["shards"]) == [2, 3]
    assert json.loads(Path("out.json").read_text()) == data

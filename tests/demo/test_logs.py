"""The logs of the demo: their raw form is that of Jenkins, and they show the failures promised."""

import re
from collections import Counter
from datetime import datetime, timedelta

import pytest

from ci_stat.demo import generate_rows, log_failures, log_text
from ci_stat.demo.cases import CASE_OF, REGRESSION_CASE, Case
from ci_stat.demo.log_blocks import block
from ci_stat.demo.log_lines import checkout_target
from ci_stat.demo.world import DEMO_SEED, REPRINT_SINCE
from ci_stat.records import RunRow

Log = tuple[RunRow, str]
_STAMP = re.compile(r"^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z\]", re.MULTILINE)
_CHECKOUT = re.compile(r"git checkout -f (\w+)")


@pytest.fixture(scope="module")
def failed() -> list[RunRow]:
    return [row for row in generate_rows() if row.status == "FAILURE"]


@pytest.fixture(scope="module")
def logs(failed: list[RunRow]) -> list[Log]:
    texts = ((row, log_text(row)) for row in failed)
    return [(row, text.decode(errors="replace")) for row, text in texts if text is not None]


@pytest.fixture(scope="module")
def everything() -> str:
    """Return one log per job and failure of a larger demo, so that rare forms are included."""
    first: dict[object, RunRow] = {}
    for row in generate_rows(4_000, 5):
        if row.status == "FAILURE":
            first.setdefault((row.job, kept(row) or row.job_id % 8), row)
    return "\n".join((log_text(row) or b"").decode(errors="replace") for row in first.values())


def kept(row: RunRow) -> str | None:
    """Return the only failure that the table stores for a run."""
    assert row.analysis_res is None or isinstance(row.analysis_res, dict)
    return next((values[0] for values in (row.analysis_res or {}).values()), None)


def test_a_log_follows_from_seed_job_and_number(failed: list[RunRow]) -> None:
    for row in failed[:40]:
        assert log_text(row) == log_text(row)
    row = next(row for row in failed if log_text(row) and log_text(row, 1))
    assert log_text(row) != log_text(row, 1)


def test_a_few_logs_are_lost_and_only_failures_have_one(
    failed: list[RunRow], logs: list[Log]
) -> None:
    assert 0.01 < 1 - len(logs) / len(failed) < 0.08
    others = (row for row in generate_rows(days=1) if row.status != "FAILURE")
    assert {log_text(row) for row in others} == {None}
    lost = next(row for row in failed if log_text(row) is None)
    assert log_failures(lost) == ()


def test_logs_are_3_to_40_kilobytes(logs: list[Log]) -> None:
    sizes = [len(text.encode()) for _, text in logs]
    assert min(sizes) > 2_500
    assert max(sizes) < 40_000


def test_logs_have_the_raw_form(logs: list[Log]) -> None:
    for _, text in logs:
        assert text.endswith("Finished: FAILURE\n")
        assert "\x1b[8mha:////4" in text
        assert "[Pipeline] " in text
        assert "\nscript returned exit code " in text  # outside of the stamps
    joined = "\n".join(text for _, text in logs)
    assert re.search(
        r"\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{3} \+08:00\] \[INFO\] \[\w+\.go:\d+\]", joined
    )
    assert re.search(r"Z\]$", joined, re.MULTILINE)
    assert re.search(r"Z\] $", joined, re.MULTILINE)
    assert "\ufffd" in joined  # a few logs contain bytes that are not UTF-8


def test_stamps_are_utc_and_go_on_from_the_start_of_the_run(logs: list[Log]) -> None:
    for row, text in logs[:200]:
        stamps = [datetime.fromisoformat(stamp) for stamp in _STAMP.findall(text)]
        assert stamps == sorted(stamps)
        assert row.time is not None
        assert stamps[0] >= row.time - timedelta(hours=8)
        assert stamps[-1] < row.time - timedelta(hours=8) + timedelta(
            milliseconds=2 * (row.duration or 0) + 60_000
        )


def test_the_last_checkout_is_the_commit(logs: list[Log]) -> None:
    for row, text in logs:
        assert _CHECKOUT.findall(text)[-1] == checkout_target(row, DEMO_SEED)
        assert row.commit in (None, checkout_target(row, DEMO_SEED))
    nightly = [checkout_target(row, DEMO_SEED) for row, _ in logs if row.commit is None]
    assert 1 < len(set(nightly)) < len(nightly)


def test_the_failure_in_the_table_is_the_first_of_the_log(failed: list[RunRow]) -> None:
    for row in failed:
        text, failures = kept(row), log_failures(row)
        if text is not None and failures:
            name = CASE_OF[text].regex_spelling if text in CASE_OF else text
            assert failures[0].name == name


def needle(name: str, message: str) -> str:
    """Return a text that the log must contain.

    The name of a SQL case consists of its file and its statement, which are on one line of the log.
    """
    test = re.match(r"\[(\w+)\]:", name)
    if test:
        return f"run test [{test[1]}] err: sql:{name[test.end() :]}"
    plain = name.removeprefix("FAIL: ").removeprefix("DATA RACE:").removeprefix("leaktest.go:")
    return message or ("there is a core dumped" if name == "core dumped" else plain)


def test_logs_show_each_planted_failure(logs: list[Log]) -> None:
    kinds: Counter[str] = Counter()
    for row, text in logs:
        for failure in log_failures(row):
            kinds[failure.kind] += 1
            assert needle(failure.name, failure.message) in text
    assert set(kinds) == {"case", "compile", "check", "env"}


def test_logs_show_more_cases_than_the_table(logs: list[Log]) -> None:
    more = [row for row, _ in logs if kept(row) and len(log_failures(row)) > 1]
    unknown = [row for row, _ in logs if not kept(row)]
    silent = [row for row in unknown if not log_failures(row)]
    assert len(more) > 50
    assert 0.2 < len(silent) / len(unknown) < 0.9


def test_failures_are_printed_twice_since_18_june(logs: list[Log]) -> None:
    for row, text in logs:
        assert row.time is not None
        blocks = re.findall(r"-{70}\n\S+ FAIL: (\S+ \S+)$", text, re.MULTILINE)
        for name in blocks:
            assert text.count(f"FAIL: {name}\n") == (2 if row.time >= REPRINT_SINCE else 1)


@pytest.mark.parametrize(
    "form",
    [
        "PANIC: ",
        "... Panic: runtime error",
        "goroutine ",
        "WARNING: DATA RACE",
        "appears to have leaked: ",
        "panic: test timed out",
        "--- FAIL: TestT (",
        "    --- FAIL: ",
        "Error Trace:",
        "\x1b[31mFAILED\x1b[0m. ",
        "Test fail: Outputs are not matching.",
        "level=fatal msg=",
        "### Error querying database.",
        "could not compile",
        "OOPS: ",
    ],
)
def test_every_form_occurs(everything: str, form: str) -> None:
    assert form in everything


def test_equal_cases_fail_with_equal_messages(logs: list[Log]) -> None:
    def masked(text: str) -> str:
        start = text.index(REGRESSION_CASE.regex_spelling)
        return re.sub(
            r"\d+|\[\S*\]|[ ]+$",
            "#",
            text[start : start + 400].partition("...")[2].partition("\n")[0],
        )

    assert len({masked(text) for _, text in logs if REGRESSION_CASE.regex_spelling in text}) == 1


def test_rows_from_elsewhere_get_a_log_too() -> None:
    row = RunRow(
        "a_job",
        7,
        "FAILURE",
        datetime(2024, 1, 1),
        analysis_res={"case": ["x_test.go:aSuite.TestX"]},
    )
    text = log_text(row)
    assert text is not None
    assert b"FAIL: x_test.go:1: aSuite.TestX" in text
    case = Case("text", "no form at all")
    assert block(case, None) == ["no form at all"]  # type: ignore[arg-type]

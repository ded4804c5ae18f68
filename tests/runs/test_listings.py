"""The long lists: order, nesting, colours, width, and hostile texts."""

import io
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

import ci_stat.ci_stat as stat
from ci_stat.escape import visible
from ci_stat.records import CaseFailure, RunRow
from ci_stat.rendering.terminal.lines import line, to_text, whole_line
from ci_stat.result import Result
from tests.support.golden import Golden
from tests.support.results import result
from tests.support.rows import history, pull, row

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_WIDTHS = st.integers(24, 120)


def _scene() -> list[RunRow]:
    """Two jobs, three pull requests and nightly runs: all types of lines of a list."""
    rows = history("P F P | A", pr=7)
    rows[1].analysis_res = {"case": ["a_test.go:S.Test"]}
    rows[1].comment = "/run-unit-test"
    rows += history("F F", job="check", pr=8, first=20)
    rows += history("P", job="check", pr=9, first=30)
    rows += history("F P", job="nightly", pr=None, first=40)
    rows[-2].analysis_res = {"env": ["socket timeout"]}
    return rows


def _printed(function: object, thing: object, **options: object) -> str:
    out = io.StringIO()
    function(thing, file=out, **options)  # type: ignore[operator]
    return out.getvalue()


def _both(res: Result, **options: object) -> str:
    return _printed(stat.job_list, res.job_map, **options) + _printed(
        stat.pr_list, res.pr_map, **options
    )


def test_job_list_golden(golden: Golden) -> None:
    golden.check("job_list.txt", _printed(stat.job_list, result(_scene()).job_map, color=False))


def test_pr_list_golden(golden: Golden) -> None:
    golden.check("pr_list.txt", _printed(stat.pr_list, result(_scene()).pr_map, color=False))


def test_summary_golden(golden: Golden) -> None:
    golden.check("summary.txt", _printed(stat.summary, result(_scene()), color=False, width=120))


def test_empty_summary_golden(golden: Golden) -> None:
    golden.check("summary_empty.txt", _printed(stat.summary, result([]), color=False, width=120))


def test_worst_come_first_and_only_failing_pull_requests_are_listed() -> None:
    text = _printed(stat.job_list, result(_scene()).job_map, color=False)
    heads = [head for head in text.splitlines() if head and not head.startswith(" ")]
    assert [head.split()[0] for head in heads[:3]] == ["check", "unit", "nightly"]
    assert "o/r#8" in text
    assert "o/r#9" not in text


def _depths(text: str) -> list[int]:
    return [(len(shown) - len(shown.lstrip(" "))) // 4 for shown in text.splitlines()]


def test_nesting_is_indentation() -> None:
    """An editor folds job > PR > run > failure, and PR > commit > run > failure."""
    res = result(_scene())
    for text in (
        _printed(stat.job_list, res.job_map, color=False),
        _printed(stat.pr_list, res.pr_map, color=False),
    ):
        depths = _depths(text)
        assert set(depths) == {0, 1, 2, 3}
        assert all(after <= before + 1 for before, after in pairwise(depths))


def test_colours_are_written_into_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    res = result(_scene())
    plain = _both(res, color=False)
    assert _ANSI.search(plain) is None
    coloured = _both(res)
    assert "\x1b[" in coloured
    assert _ANSI.sub("", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert _both(res) == plain
    assert _both(res, color=True) == coloured


def test_a_dump_cuts_no_wide_line_and_a_terminal_does() -> None:
    title = "w" * 1_500
    res = result(
        [row(job_id=1, status="FAILURE", repo="o/r", description=pull(7, ghprbPullTitle=title))]
    )
    assert title in _both(res, color=False)
    narrow = _both(res, color=False, width=60)
    assert title not in narrow
    assert max(map(cell_len, narrow.splitlines())) <= 60
    assert "…" in narrow


@given(
    st.lists(st.tuples(st.text(), st.sampled_from(["", "red"])), max_size=5),
    st.integers(12, 40),
    st.integers(0, 3),
)
def test_a_cut_line_fits_with_any_letters(
    parts: list[tuple[str, str]], width: int, depth: int
) -> None:
    for text in to_text([line(depth, *parts)], color=False, width=width):
        assert cell_len(text) <= max(width, 4 * depth + 10)


@given(st.text(), st.text())
def test_no_text_acts_on_the_terminal(first: str, second: str) -> None:
    bad = pull(7, ghprbPullTitle=first + "\x1b]0;x\x07", ghprbPullAuthorLogin=second)
    rows = [
        row(
            first or "x",
            1,
            "FAILURE",
            repo=second or "o/r",
            branch=first,
            comment=second,
            commit=first + "\x9b31m",
            description=bad,
            analysis_res={"case": [second or "x"]},
        ),
        row("n", 2, second or "x", time=None),
    ]
    printed = _both(result(rows), color=False) + _printed(stat.summary, result(rows), color=False)
    _assert_harmless(printed.split("\n"))


def _assert_harmless(lines: Iterable[str]) -> None:
    for text in lines:
        assert visible(text, limit=10**9) == text


def test_a_list_ends_with_the_source_of_its_numbers() -> None:
    res = result(_scene())
    for text in (_both(res, color=False), _printed(stat.summary, res, color=False)):
        assert "[2021-06-19 00:00:00, 2021-06-20 00:00:00) Asia/Shanghai" in text
        assert "newest row 2021-06-19 23:59:00" in text
        assert "query: SELECT * FROM ci_data" in text


def test_a_plain_dict_of_jobs_is_listed_too() -> None:
    jobs = dict(result(_scene()).job_map)
    assert _printed(stat.job_list, jobs, color=False).startswith("check ")


def _failed(**more: Any) -> Result:
    """A failed run of o/r#7 with a failure from its log."""
    res = result([row("unit", 1, "FAILURE", pr=7), row("unit", 2, "FAILURE", pr=7)])
    first, second = res.all_runs
    failure = CaseFailure("case", "a_test.go:9: S.Test", source="log", **more)
    return Result([replace(first, failures=(failure,)), second], res.provenance)


def test_a_failure_has_three_lines_of_its_log() -> None:
    excerpt = (
        "FAIL: a_test.go:9: S.Test\n\na_test.go:31:\n    c.Assert(n, Equals, 3)\n"
        "... obtained int = 2\n... expected int = 3"
    )
    res = _failed(message="obtained 2, expected 3: c.Assert(n, Equals, 3)", excerpt=excerpt)
    listed = _printed(stat.job_list, res.job_map, color=False)
    _, _, below = listed.partition("case: a_test.go:9: S.Test\n")
    assert [text.strip() for text in below.splitlines()[:4]] == [
        "obtained 2, expected 3: c.Assert(n, Equals, 3)",
        "a_test.go:31:",
        "c.Assert(n, Equals, 3)",
        "... obtained int = 2",
    ]


def test_without_a_message_the_lines_of_the_log_are_shown() -> None:
    listed = _printed(stat.job_list, _failed(excerpt="one\ntwo").job_map, color=False)
    assert "case: a_test.go:9: S.Test\n                one\n                two\n" in listed


def test_a_failed_run_without_a_failure_says_so() -> None:
    for text in (
        _printed(stat.job_list, _failed().job_map, color=False),
        _printed(stat.pr_list, _failed().pr_map, color=False),
    ):
        assert text.count("no error message found") == 1


def test_a_pull_request_ends_with_its_failures() -> None:
    listed = _printed(stat.pr_list, _failed().pr_map, color=False)
    assert "    failures 1\n        S.Test 1 run: unit #1\n" in listed


@given(
    st.lists(st.sampled_from(["name.Test", "a/b/c", " ", "界界", "x" * 30]), min_size=1), _WIDTHS
)
def test_a_whole_line_is_whole_at_any_width(words: list[str], width: int) -> None:
    indented = whole_line(1, *((word, "red") for word in words))
    shown = list(to_text([indented], color=False, width=width))
    assert max(map(cell_len, shown)) <= width
    together = "".join(text.strip() for text in shown)
    assert together.replace(" ", "") == "".join(words).replace(" ", "")
    colored = to_text([indented], color=True, width=width)
    assert [_ANSI.sub("", text).rstrip() for text in colored] == shown


def test_messages_and_names_wrap_and_lines_of_logs_are_cut() -> None:
    long = "obtained 2, expected 3: c.Assert(numberOfRowsOfThePartition, Equals, 3)"
    listed = _printed(
        stat.job_list, _failed(message=long, excerpt="y" * 200).job_map, color=False, width=60
    )
    assert long.replace(" ", "") in re.sub(r"\s", "", listed)
    assert "y…" in listed

"""Which jobs are rerun, by whom, and why."""

from hypothesis import given
from hypothesis import strategies as st

from ci_stat.reports.reruns import most_rerun
from tests.support.results import result
from tests.support.rows import history


def test_why_a_job_was_rerun() -> None:
    jobs = result(history("F F A P P | F | U P")).job_map.values()
    (row,), more = most_rerun(jobs, 5, 5)
    assert (row.job, row.reruns, row.runs, more) == ("unit", 7, 8, 0)
    assert dict(row.why) == {
        "after a failure": 2,
        "after an abort": 1,
        "after a success": 1,
        "after a new commit": 2,
        "after another end": 1,
    }
    assert [(pr.number, pr.times) for pr in row.prs] == [(7, 7)]


def test_what_is_not_shown_is_counted() -> None:
    rows = [run for pr in range(1, 7) for run in history("F P", pr=pr, first=pr * 10)]
    rows += history("F P", job="other", first=100)
    (row,), more = most_rerun(result(rows).job_map.values(), 1, 4)
    assert (row.job, len(row.prs), row.more_prs, more) == ("unit", 4, 2, 1)


def test_jobs_without_reruns_and_nightly_runs() -> None:
    rows = [*history("P", job="a"), *history("F F F", job="nightly", pr=None, first=50)]
    assert most_rerun(result(rows).job_map.values(), 5, 5) == ((), 0)


@given(st.lists(st.tuples(st.integers(1, 3), st.text("PFAU|", min_size=1, max_size=8)), max_size=6))
def test_reasons_add_up_to_reruns(drawn: list[tuple[int, str]]) -> None:
    rows = [
        run
        for at, (pr, letters) in enumerate(drawn)
        for run in history(letters, pr=pr, first=at * 10 + 1)
    ]
    res = result(rows)
    rerun, _ = most_rerun(res.job_map.values(), 9, 9)
    assert sum(row.reruns for row in rerun) == res.rerun_cnt
    assert all(
        sum(n for _, n in row.why) == row.reruns == sum(pr.times for pr in row.prs) for row in rerun
    )

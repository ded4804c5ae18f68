"""What runs add up to: counts, reruns, attempts, failures."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ci_stat.records import RunRow, Tally
from ci_stat.result.counting import count_jobs, count_prs, count_window
from tests.support.results import result
from tests.support.rows import BEGIN, history, pull, row


def test_pull_request_runs_and_nightly_runs_are_apart() -> None:
    """The first ci_stat listed and counted nightly runs among pull request runs (A9.4)."""
    res = result(history("P F A U", pr=7) + history("F F P", job="nightly", pr=None))
    assert (res.success_cnt, res.fail_cnt, res.abort_cnt, res.other_cnt, res.total_cnt) == (
        1,
        1,
        1,
        1,
        4,
    )
    assert res.special_tally == Tally(1, 2)
    assert [run.job_name for run in res.special_list] == ["nightly"] * 3
    assert set(res.run_list).isdisjoint(res.special_list)
    assert sum(job.total_cnt for job in res.job_map.values()) == 7


def test_rates_are_shares_of_finished_runs_everywhere() -> None:
    res = result(history("P F U U"))
    assert (
        res.tally.fail_rate
        == res.job_map["unit"].tally.fail_rate
        == res.pr_map[7].tally.fail_rate
        == 0.5
    )
    assert Tally(other=3).fail_rate is None


def test_reruns_and_attempts() -> None:
    res = result(history("F F P | P P") + history("P", job="check", first=20))
    pr = res.pr_map[7]
    assert (pr.rerun_cnt("unit"), pr.rerun_cnt("check"), pr.rerun_cnt("none"), pr.rerun_cnt()) == (
        4,
        0,
        0,
        4,
    )
    assert pr.total_rerun_cnt == res.rerun_cnt == res.job_map["unit"].rerun_cnt == 4
    # Same job on the same commit: 2 beyond the first on the first commit, 1 on the second.
    assert (
        pr.attempt_cnt("unit"),
        pr.attempt_cnt(),
        res.job_map["unit"].attempt_cnt,
        res.attempt_cnt,
    ) == (3, 3, 3, 3)


def test_a_rerun_is_counted_inside_one_pull_request() -> None:
    rows = history("P P", pr=7) + history("P", pr=8, first=9)
    assert result(rows).job_map["unit"].rerun_cnt == 1


def test_commits_come_in_order_with_their_runs() -> None:
    pr = result(history("F P | P")).pr_map[7]
    assert [commit.hash for commit in pr.commit_hashes] == ["sha0", "sha1"]
    assert [str(commit) for commit in pr.commit_hashes] == ["sha0", "sha1"]
    assert [[run.job_id for run in commit.jobs] for commit in pr.commits] == [[1, 2], [3]]
    assert [(commit.fail_cnt, commit.success_cnt, commit.pr) for commit in pr.commits] == [
        (1, 1, pr),
        (0, 1, pr),
    ]


def test_title_author_and_branch_are_those_of_the_newest_run() -> None:
    rows = [
        row(
            job_id=2,
            time=BEGIN + timedelta(hours=2),
            repo="o/r",
            branch="new",
            description=pull(1, ghprbPullTitle="new"),
        ),
        row(
            job_id=1,
            time=BEGIN + timedelta(hours=1),
            repo="o/r",
            branch="old",
            description=pull(1, ghprbPullTitle="old"),
        ),
    ]
    pr = result(rows).pr_map[1]
    assert (pr.title, pr.branch, pr.author, pr.link) == (
        "new",
        "new",
        "author",
        "https://github.com/o/r/pull/1",
    )


def _failed(job_id: int, **analysis: list[str]) -> RunRow:
    return row(job_id=job_id, status="FAILURE", pr=job_id, analysis_res=analysis)


def test_both_spellings_of_a_case_are_one_failure() -> None:
    res = result(
        [
            _failed(1, case=["file_test.go:Suite.Test"]),
            _failed(2, case=["FAIL: file_test.go:606: Suite.Test", "file_test.go:Suite.Test"]),
            _failed(3, case=["PANIC: /home/jenkins/a/file_test.go:9: Suite.Test"]),
            _failed(4, env=["socket timeout"], case=["Other.Test"]),
            _failed(5),
        ]
    )
    assert {name: (info.kind, info.fail_cnt()) for name, info in res.fail_info_map.items()} == {
        "Suite.Test": ("case", 3),
        "Other.Test": ("case", 1),
        "socket timeout": ("env", 1),
    }
    assert res.miss_cnt == 1
    assert res.run_list[1].case == ["FAIL: file_test.go:606: Suite.Test", "file_test.go:Suite.Test"]
    assert res.run_list[0].fail_info == [("file_test.go:Suite.Test", "")]
    assert res.fail_info_map["Suite.Test"].prs == [("o/r", 1), ("o/r", 2), ("o/r", 3)]
    assert list(res.pr_map[4].fail_info_map) == ["Other.Test", "socket timeout"]


def test_one_name_of_two_kinds_is_two_failures() -> None:
    res = result([_failed(1, env=["x"]), _failed(2, case=["x"]), _failed(3, case=["x"])])
    assert {name: info.fail_cnt() for name, info in res.fail_info_map.items()} == {
        "x": 2,
        "env: x": 1,
    }


def test_a_success_never_misses_a_failure_and_never_has_one() -> None:
    res = result(
        [
            row(job_id=1, status="SUCCESS", pr=1, analysis_res={"case": ["x"]}),
            row(job_id=2, status="ABORTED"),
        ]
    )
    assert (res.miss_cnt, res.fail_info_map, res.run_list[0].failures) == (0, {}, ())


@given(seed=st.integers(0, 2**32), drawn=st.text("PFAU|", max_size=30))
def test_the_order_of_rows_never_changes_a_result(seed: int, drawn: str) -> None:
    rows = (
        history(drawn, pr=7)
        + history(drawn, job="nightly", pr=None)
        + history(drawn[::-1], pr=8, first=5, job="b")
    )
    for some_row in rows[::3]:
        some_row.time = BEGIN + timedelta(
            minutes=3
        )  # equal times, so that the ties are put in order too
    shuffled = list(rows)
    Random(seed).shuffle(shuffled)
    one, other = result(rows), result(shuffled)
    assert count_window(one) == count_window(other)
    assert count_jobs(one.job_map) == count_jobs(other.job_map)
    assert count_prs(one.pr_map) == count_prs(other.pr_map)
    assert [(r.job_name, r.job_id) for r in one.all_runs] == [
        (r.job_name, r.job_id) for r in other.all_runs
    ]


def test_a_gap_in_time_is_shown_as_one() -> None:
    res = result([row(job_id=1, time=BEGIN), row(job_id=2, time=BEGIN + timedelta(hours=23))])
    periods = count_window(res).periods
    assert len(periods) == 24
    assert [period.tally.total for period in periods] == [1] + [0] * 22 + [1]

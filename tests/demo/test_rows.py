"""The rows of the demo: exact number, ordered, repeatable, and in the form of the real table."""

import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import msgspec
import pytest

from ci_stat.demo import DEMO_BEGIN, DEMO_END, generate_encoded, generate_rows
from ci_stat.demo.world import JOB_OF, NIGHTLY
from ci_stat.errors import UsageError
from ci_stat.records import RunRow

PLUGIN_KEYS = {
    *(
        "sha1",
        "GIT_BRANCH",
        "ghprbActualCommitAuthor",
        "ghprbActualCommitAuthorEmail",
        "ghprbAuthorRepoGitUrl",
    ),
    *(
        "ghprbTriggerAuthor",
        "ghprbTriggerAuthorEmail",
        "ghprbTriggerAuthorLogin",
        "ghprbTriggerAuthorLoginMention",
    ),
    *("ghprbPullId", "ghprbSourceBranch", "ghprbPullAuthorEmail", "ghprbPullAuthorLogin"),
    *("ghprbPullAuthorLoginMention", "ghprbPullDescription", "ghprbPullTitle", "ghprbPullLink"),
    *("ghprbPullLongDescription", "ghprbCredentialsId"),
}


@pytest.fixture(scope="module")
def rows() -> list[RunRow]:
    return list(generate_rows())


def parameters(row: RunRow) -> dict[str, str]:
    assert isinstance(row.description, dict)
    return row.description


def moment(row: RunRow) -> datetime:
    assert row.time is not None
    return row.time


def pulls(rows: list[RunRow]) -> list[RunRow]:
    return [row for row in rows if row.repo is not None]


def test_the_number_of_rows_is_exact(rows: list[RunRow]) -> None:
    assert len(rows) == 420 * 14
    assert sum(1 for _ in generate_rows(37, 3)) == 111
    assert sum(1 for _ in generate_rows(1, 1)) == 1


def test_the_seed_decides_everything() -> None:
    assert list(generate_rows(200, 3)) == list(generate_rows(200, 3))
    assert list(generate_rows(200, 3)) != list(generate_rows(200, 3, seed=1))


def test_the_size_of_descriptions_changes_nothing_else() -> None:
    def rest(size: int | None) -> list[tuple[object, ...]]:
        return [row[:9] for row in generate_encoded(200, 3, description_bytes=size)]

    assert rest(None) == rest(3_000)


def test_begin_moves_the_whole_demo(rows: list[RunRow]) -> None:
    earlier = list(generate_rows(begin=DEMO_BEGIN - timedelta(days=14)))
    assert [(row.job, row.status, row.commit) for row in earlier] == [
        (r.job, r.status, r.commit) for r in rows
    ]
    assert moment(rows[0]) - moment(earlier[0]) == timedelta(days=14)


def test_rows_come_in_the_order_of_time_within_the_window(rows: list[RunRow]) -> None:
    assert all(moment(one) <= moment(next_one) for one, next_one in pairwise(rows))
    assert moment(rows[0]) >= DEMO_BEGIN
    assert moment(rows[-1]) < DEMO_END
    assert {moment(row).date() for row in rows} == {
        (DEMO_BEGIN + timedelta(days=day)).date() for day in range(14)
    }


def test_job_and_number_identify_a_row_and_numbers_count_up(rows: list[RunRow]) -> None:
    assert len({(row.job, row.job_id) for row in rows}) == len(rows)
    by_job = defaultdict(list)
    for row in rows:
        by_job[row.job].append(row.job_id)
    assert all(
        numbers == list(range(numbers[0], numbers[0] + len(numbers))) for numbers in by_job.values()
    )


@pytest.mark.parametrize(
    ("rows_per_day", "days", "seed"), [(420, 14, 20210621), (420, 14, 3), (2_000, 7, 1)]
)
def test_shares_of_the_statuses(rows_per_day: int, days: int, seed: int) -> None:
    counts = Counter(row.status for row in generate_rows(rows_per_day, days, seed=seed))
    assert set(counts) == {"SUCCESS", "FAILURE", "ABORTED"}
    total = counts.total()
    assert 0.66 < counts["SUCCESS"] / total < 0.75
    assert 0.16 < counts["FAILURE"] / total < 0.24
    assert 0.07 < counts["ABORTED"] / total < 0.13


def test_all_jobs_run_and_serve_several_branches(rows: list[RunRow]) -> None:
    assert {row.job for row in rows} == set(JOB_OF)
    assert all(row.repo == JOB_OF[row.job].repo for row in rows)
    branches = {row.branch for row in rows if row.job == "tidb_ghpr_unit_test"}
    assert branches == {"master", "release-5.1", "release-5.0", "release-4.0"}


def test_days_are_busier_than_nights_and_weekends_quieter(rows: list[RunRow]) -> None:
    hours = Counter(moment(row).hour for row in pulls(rows))
    days = Counter(moment(row).weekday() for row in rows)
    assert sum(hours[hour] for hour in range(10, 18)) > 4 * sum(hours[hour] for hour in range(8))
    assert min(days[day] for day in range(5)) > 1.5 * max(days[5], days[6])


def test_parameters_of_a_pull_request_run(rows: list[RunRow]) -> None:
    for row in pulls(rows):
        values = parameters(row)
        number = int(values["ghprbPullId"])
        assert set(values) == PLUGIN_KEYS | set(JOB_OF[row.job].defaults)
        assert all(isinstance(value, str) for value in values.values())
        assert values["sha1"] in (f"origin/pr/{number}/merge", row.commit)
        assert values["GIT_BRANCH"] == values["ghprbSourceBranch"]
        assert values["ghprbPullLink"] == f"https://github.com/{row.repo}/pull/{number}"
        assert values["ghprbPullDescription"].startswith(
            f"GitHub pull request #{number} of commit {row.commit}, "
        )
        assert values["ghprbTriggerAuthorLoginMention"] in (
            "",
            f"@{values['ghprbTriggerAuthorLogin']}",
        )
        assert not {"\n", "\r"} & set(
            values["ghprbPullTitle"] + values["ghprbPullLongDescription"] + str(row.comment)
        )


def test_some_parameters_are_missing_empty_or_more_than_19(rows: list[RunRow]) -> None:
    descriptions = [parameters(row) for row in pulls(rows)]
    assert {len(values) for values in descriptions} == {19, 20, 21}
    assert "null" in {values["ghprbPullLongDescription"] for values in descriptions}
    assert "" in {values["ghprbPullAuthorEmail"] for values in descriptions}
    assert any(
        values["ghprbPullDescription"].endswith(", has merge conflicts.") for values in descriptions
    )
    bodies = "".join({values["ghprbPullLongDescription"] for values in descriptions})
    assert all(text in bodies for text in ("\\r\\n", '\\"B\\"', "测试", "🚀"))


def test_nightly_runs_belong_to_no_pull_request(rows: list[RunRow]) -> None:
    nightly = [row for row in rows if row.job == NIGHTLY.name]
    assert 0.08 < len(nightly) / len(rows) < 0.10
    assert {(row.repo, row.commit, row.comment, row.branch) for row in nightly} == {
        (None, None, None, "master")
    }
    assert all(key.startswith("release_test__") for row in nightly for key in parameters(row))
    assert Counter(row.status for row in nightly)["FAILURE"] > 50


def test_comments_are_what_started_the_run(rows: list[RunRow]) -> None:
    comments = Counter(row.comment for row in pulls(rows))
    assert all(
        comments[text] > 70 for text in ("null", "/run-all-tests", "/merge", "/run-unit-test")
    )
    assert any(text and "\\n/run" in text for text in comments)
    for row in pulls(rows):
        assert (row.comment == "null") == (parameters(row)["ghprbTriggerAuthorLogin"] == "")


def test_reruns_of_a_commit_have_every_outcome(rows: list[RunRow]) -> None:
    seen = defaultdict(set)
    for row in pulls(rows):
        seen[row.job, row.commit].add(row.status)
    assert sum({"SUCCESS", "FAILURE"} <= outcomes for outcomes in seen.values()) > 50
    tiny = [row for row in rows if row.status == "SUCCESS" and (row.duration or 0) < 28_000]
    assert 0.02 < len(tiny) / len(rows) < 0.25  # `hasBeenTested`
    assert all("/" in str(row.comment) for row in tiny if row.job == "tidb_ghpr_unit_test")


def test_analysis_has_one_key_and_one_value_as_in_2021(rows: list[RunRow]) -> None:
    kinds: Counter[str] = Counter()
    for row in rows:
        if row.status == "SUCCESS" or row.analysis_res is None:
            assert row.analysis_res is None
            kinds["NULL"] += row.status == "FAILURE"
            continue
        assert isinstance(row.analysis_res, dict)
        assert len(row.analysis_res) <= 1
        assert all(len(values) == 1 for values in row.analysis_res.values())
        kinds[next(iter(row.analysis_res), "{}")] += 1
    assert set(kinds) == {"NULL", "{}", "case", "compile", "check", "env"}
    assert min(kinds.values()) >= 10


def test_the_old_host_explains_less(rows: list[RunRow]) -> None:
    def unexplained(repo: str) -> float:
        failed = [row for row in rows if row.repo == repo and row.status == "FAILURE"]
        return sum(row.analysis_res is None for row in failed) / len(failed)

    assert unexplained("tikv/tikv") > 0.25 > unexplained("pingcap/tidb")


@pytest.mark.parametrize("size", [1_300, 2_000, 3_000])
def test_mean_size_of_descriptions(size: int) -> None:
    rows = pulls(list(generate_rows(6_000, 8, description_bytes=size)))
    mean = sum(len(msgspec.json.encode(row.description)) for row in rows) / len(rows)
    assert 0.9 < mean / size < 1.1


def test_encoded_rows_are_the_same_rows(rows: list[RunRow]) -> None:
    for row, encoded in zip(rows, generate_encoded(), strict=True):
        *plain, description, analysis = encoded
        assert plain == [getattr(row, name) for name in row.__struct_fields__[:9]]
        assert (
            None if description is None else msgspec.json.decode(description)
        ) == row.description
        assert (None if analysis is None else msgspec.json.decode(analysis)) == row.analysis_res


def test_rows_stream_and_memory_stays_flat() -> None:
    endless = generate_rows(10_000, 1_000)
    assert isinstance(endless, Iterator)
    assert len(list(islice(endless, 50))) == 50

    def peak(days: int) -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _ in generate_rows(1_000, days)) == 1_000 * days
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(12) < 1.5 * peak(3)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        generate_rows(0)
    with pytest.raises(UsageError, match="wall clock"):
        generate_rows(begin=datetime(2021, 6, 7, tzinfo=UTC))

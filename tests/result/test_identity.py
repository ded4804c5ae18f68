"""Pull requests are (repo, number), commits (repo, hash).

The first ci_stat merged them (A9.3, A9.7).
"""

from typing import Any

import pytest

from ci_stat.records import RunRow
from tests.support.results import result
from tests.support.rows import pull, row


def _has(container: Any, key: object) -> bool:
    return key in container


def _two_repos() -> list[RunRow]:
    return [
        row(
            job_id=1,
            status="FAILURE",
            repo="pingcap/tidb",
            commit="abc123",
            description=pull(100, ghprbPullTitle="A"),
        ),
        row(job_id=2, repo="tikv/tikv", commit="abc999", description=pull(100, ghprbPullTitle="B")),
        row(job_id=3, repo="tikv/tikv", commit="def", description=pull(101)),
    ]


def test_equal_numbers_of_two_repositories_are_two_pull_requests() -> None:
    res = result(_two_repos())
    assert {key: (pr.title, pr.fail_cnt) for key, pr in res.pr_map.items()} == {
        ("pingcap/tidb", 100): ("A", 1),
        ("tikv/tikv", 100): ("B", 0),
        ("tikv/tikv", 101): ("title 101", 0),
    }


def test_a_bare_number_finds_its_only_pull_request() -> None:
    res = result(_two_repos())
    assert res.pr_map[101].repo == "tikv/tikv"
    assert res.pr_map.get(101) is res.pr_map["tikv/tikv", 101]
    assert _has(res.pr_map, 101)
    assert not _has(res.pr_map, 5)
    assert res.pr_map.get(5) is None
    with pytest.raises(KeyError, match="5"):
        res.pr_map[5]


def test_an_ambiguous_number_names_the_candidates() -> None:
    res = result(_two_repos())
    with pytest.raises(KeyError, match=r"100 is not unique.*pingcap/tidb.*tikv/tikv"):
        res.pr_map[100]
    with pytest.raises(KeyError, match="not unique"):
        res.pr_map.get(100)
    assert _has(res.pr_map, 100)


def test_commits_are_found_by_hash_and_by_unique_prefix() -> None:
    commits = result(_two_repos()).commit_hash_map
    assert commits["pingcap/tidb", "abc123"].hash == "abc123"
    assert commits["abc123"].repo == commits["abc1"].repo == "pingcap/tidb"
    assert commits["tikv/tikv", "abc"].hash == "abc999"
    assert not _has(commits, "zz")
    assert not _has(commits, "")
    with pytest.raises(KeyError, match=r"abc123.*abc999"):
        commits["abc"]


def test_a_whole_hash_is_no_prefix_of_a_longer_one() -> None:
    rows = [
        row(job_id=n, repo="o/r", commit=commit, description=pull(1))
        for n, commit in enumerate(("abc", "abcd"))
    ]
    assert result(rows).commit_hash_map["abc"].hash == "abc"


def test_a_commit_of_two_pull_requests_counts_in_both() -> None:
    rows = [
        row(job_id=1, status="FAILURE", repo="o/r", commit="same", description=pull(1)),
        row(job_id=2, status="SUCCESS", repo="o/r", commit="same", description=pull(2)),
        row(job_id=3, status="FAILURE", repo="o/r", commit="same", description=pull(2)),
    ]
    res = result(rows)
    assert [pr.number for pr in res.commit_hash_map["same"].prs] == [1, 2]
    hashes = [[str(commit) for commit in res.pr_map[n].commit_hashes] for n in (1, 2)]
    assert hashes == [["same"], ["same"]]
    assert (res.pr_map[1].fail_cnt, res.pr_map[2].fail_cnt) == (1, 1)
    assert res.commit_hash_map["same"].fail_cnt == 2
    assert [len(pr.commits[0].runs) for pr in res.pr_map.values()] == [1, 2]


def test_a_job_does_not_pretend_one_branch() -> None:
    rows = [
        row(job_id=1, pr=1, branch="master"),
        row(job_id=2, pr=1, branch="release-5.0"),
        row("b", 1, branch="x"),
    ]
    res = result(rows)
    job = res.job_map["unit"]
    assert (job.repo, job.branch, job.branches) == ("o/r", None, ["master", "release-5.0"])
    assert (res.job_map["b"].repo, res.job_map["b"].branch) == (None, "x")


def test_more_keys_than_the_plugin_passes_are_still_a_pull_request() -> None:
    """The first ci_stat asked for exactly 19 keys; jobs with parameters of their own have more."""
    many = pull(7, **{f"key{n}": "x" for n in range(30)})
    res = result(
        [
            row(job_id=1, repo="o/r", description=many),
            row(job_id=2, repo="o/r", description={"ghprbPullId": "7"}),
        ]
    )
    assert [run.pr_number for run in res.run_list] == [7, 7]


def test_nineteen_keys_without_a_number_are_no_pull_request() -> None:
    res = result([row(job_id=1, repo="o/r", description={f"key{n}": "x" for n in range(19)})])
    assert (len(res.run_list), len(res.special_list)) == (0, 1)


def test_without_a_repository_there_is_no_pull_request() -> None:
    assert len(result([row(job_id=1, repo=None, description=pull(7))]).special_list) == 1

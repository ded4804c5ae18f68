"""What people type for a pull request or a run."""

import pytest

from ci_stat.errors import UsageError
from ci_stat.questions.reference import PullReference, pull_reference, run_reference


@pytest.mark.parametrize(
    ("typed", "repo", "number"),
    [
        ("25036", "", 25036),
        (" #25036 ", "", 25036),
        ("pingcap/tidb#7", "pingcap/tidb", 7),
        ("tidb#7", "tidb", 7),
        ("https://github.com/pingcap/tidb/pull/7", "pingcap/tidb", 7),
        ("https://github.com/pingcap/tidb/pull/7/files#diff-1", "pingcap/tidb", 7),
        ("https://git.example/api/pulls/7", "api", 7),
        ("https://gitlab.example/group/sub/app/-/merge_requests/7?tab=1", "group/sub/app", 7),
    ],
)
def test_a_pull_request_is_a_number_a_name_or_a_link(typed: str, repo: str, number: int) -> None:
    assert pull_reference(typed) == PullReference(repo, number)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "-1",
        "007",
        "1" * 19,
        "٣",
        "foo",
        "a#b",
        "#",
        "https://h/a/b/issues/7",
        "http://[",
        "x y#7",
    ],
)
def test_anything_else_is_an_error_that_says_what_to_write(typed: str) -> None:
    with pytest.raises(UsageError, match="Write its number, owner/name#number, or its link"):
        pull_reference(typed)


def test_a_name_without_its_owner_means_every_owner() -> None:
    assert PullReference("TiDB", 7).matches("pingcap/tidb")
    assert PullReference("pingcap/tidb", 7).matches("PingCAP/TiDB")
    assert not PullReference("pingcap/tidb", 7).matches("other/tidb")
    assert not PullReference("idb", 7).matches("pingcap/tidb")


@pytest.mark.parametrize(
    ("path", "job"),
    [
        ("job/a/job/b/job/main/7/", "a/b/main"),
        ("job/my%20folder/job/my%20job/7/console", "my folder/my job"),
        ("job/app/job/feature%252Fx/7/", "app/feature%2Fx"),
        ("job/app/view/change-requests/job/PR-1/7/", "app/PR-1"),
        ("view/all/view/b%20c/job/a/job/b/job/main/7/", "a/b/main"),
        ("job/view/job/main/7/", "view/main"),
    ],
)
def test_pages_of_jobs_in_folders(path: str, job: str) -> None:
    """Also from the view of a Jenkins in which the link was copied."""
    reference = run_reference(f"https://ci.example/jenkins/{path}", None)
    jobs = ["main", job]
    assert next(reference.candidates(jobs)) == (job, 7)

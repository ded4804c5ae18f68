"""Pull requests and their comments."""

import pytest

from ci_stat.connectors.github.forge import GitHubForge
from tests.connectors.github.forge import REPO, forge_of
from tests.connectors.github.forge.steps import FAILED, FORK, PROBE, SENT, commit, head_of, opened
from tests.support.github.code import Code


def test_a_pull_request(code: Code, forge: GitHubForge) -> None:
    number = opened(forge)
    first, second = forge.pull(number), forge.pull(number)
    assert first is not None
    assert second is not None
    assert (first.mergeable, second.mergeable) == (None, True)
    assert (first.title, first.body, first.author) == ("stability", "A body", "ci-bot")
    assert (first.head_repo, first.head_branch, first.base_branch) == (REPO, PROBE, "master")
    assert first.head_sha == forge.branch_head(REPO, PROBE)
    assert first.is_open
    assert forge.changed_files(number) == ("probe.txt",)
    assert forge.pull(number + 1) is None

    assert forge.add_labels(number, ["stability"]).state is SENT
    assert code.issue(number).labels == ["stability"]
    assert forge.close_pull(number).state is SENT
    assert forge.close_pull(number).state is SENT
    closed = forge.pull(number)
    assert closed is not None
    assert not closed.is_open
    assert closed.closed is not None


def test_a_pull_request_from_a_fork(code: Code) -> None:
    code.forks.add(FORK)
    forge = forge_of(code.github, fork=FORK)
    number = opened(forge)
    assert forge.branch_head(REPO, PROBE) is None
    (pull,) = forge.pulls_of(PROBE)
    assert (pull.number, pull.head_repo) == (number, FORK)
    forge.close()


def test_a_conflict(code: Code, forge: GitHubForge) -> None:
    sha = commit(forge, "Makefile", "all: ours\n")
    forge.create_branch(PROBE, sha)
    code.commit({"Makefile": "all: theirs\n"})
    number = forge.create_pull(PROBE, "master", "t", "b", draft=True).id
    forge.pull(number)
    pull = forge.pull(number)
    assert pull is not None
    assert pull.mergeable is False
    assert forge.changed_files(number) == ("Makefile",)


def test_pull_requests_that_are_refused(code: Code, forge: GitHubForge) -> None:
    opened(forge)

    def reason(branch: str, base: str = "master", title: str = "t") -> str:
        written = forge.create_pull(branch, base, title, "", draft=False)
        assert (written.state, written.code) == (FAILED, 422)
        return written.reason

    assert f"A pull request already exists for pingcap:{PROBE}." in reason(PROBE)
    assert "head" in reason("missing")
    assert "base" in reason(PROBE, "missing")
    forge.create_branch("empty", head_of(forge))
    assert "No commits between master and pingcap:empty" in reason("empty")
    assert "title" in reason(PROBE, title=" ")


def test_a_token_without_rights(code: Code, forge: GitHubForge) -> None:
    sha = commit(forge)
    code.github.denied |= {"contents", "pulls", "comments"}
    for written in (
        forge.create_branch(PROBE, sha),
        forge.create_pull(PROBE, "master", "t", "b", draft=False),
    ):
        assert (written.state, written.code) == (FAILED, 403)
        assert "Pull requests: write" in written.hint


def test_deleting_a_branch_closes_its_pull_request(code: Code, forge: GitHubForge) -> None:
    number = opened(forge)
    forge.delete_branch(PROBE)
    pull = forge.pull(number)
    assert pull is not None
    assert not pull.is_open


def test_lists_of_pull_requests(code: Code, forge: GitHubForge) -> None:
    code.github.per_page_max = 100
    code.github.creations_per_minute = 1_000
    numbers = [opened(forge, f"p/{number}", f"f{number}") for number in range(3)]
    code.commit({"x": "y"}, "other")
    forge.close_pull(numbers[0])
    assert [pull.number for pull in forge.open_pulls("master")] == numbers[:0:-1]
    assert forge.open_pulls("other") == ()
    assert [pull.number for pull in forge.pulls_of("p/0")] == numbers[:1]
    assert forge.pulls_of("p/0", "open") == ()
    assert forge.pulls_of("p") == ()

    assert forge.recent_pulls("master", 5) == ()
    code.pulls[numbers[0]].merged_at = code.github.moment
    (merged,) = forge.recent_pulls("master", 5)
    assert (merged.number, merged.is_merged) == (numbers[0], True)


def test_comments_over_several_pages(code: Code, forge: GitHubForge) -> None:
    number = opened(forge)
    for text in range(150):
        code.github.comment(number, f"note {text}", "someone")
    written = forge.create_comment(number, "/test all")
    comments = forge.comments(number)
    assert len(comments) == 151
    assert (comments[0].body, comments[-1].body) == ("note 0", "/test all")
    assert comments[-1].id == written.id
    with pytest.raises(ValueError, match="65536 are allowed"):
        forge.create_comment(number, "x" * 65_537)

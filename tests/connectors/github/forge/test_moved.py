"""A repository that gets another name: calls go on there, within the same GitHub only."""

from collections.abc import Callable

import pytest

from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.errors import SourceError
from ci_stat.records.forge import ForgeWrite, NewFile
from tests.connectors.github.forge import REPO, forge_of
from tests.connectors.github.forge.steps import FAILED, FORK, PROBE, SENT, WHEN, head_of, opened
from tests.support.github.code import Code

NEW = "tikv/ticdc-new"


def test_reads_go_on_under_the_new_name(code: Code, forge: GitHubForge) -> None:
    number = opened(forge)
    code.github.comment(number, "a note", "someone")
    before = head_of(forge), forge.branches(REPO, ""), forge.signals(head_of(forge))
    code.rename(REPO, NEW)
    assert forge.name_of(REPO) == REPO, "nothing has said so yet"
    assert (head_of(forge), forge.branches(REPO, ""), forge.signals(head_of(forge))) == before
    assert forge.name_of(REPO) == NEW
    assert forge.repository(REPO).full_name == NEW
    assert [one.body for one in forge.comments(number)] == ["a note"]
    (pull,) = forge.pulls_of(PROBE)
    assert (pull.number, pull.head_repo) == (number, NEW)
    assert forge.is_member("ci-bot") is True
    assert code.github.requests[-1].path == "/orgs/tikv/members/ci-bot"


WRITES: dict[str, Callable[[GitHubForge], ForgeWrite]] = {
    "commit": lambda forge: forge.create_commit(head_of(forge), [NewFile("x", "y")], "m\n", WHEN),
    "branch": lambda forge: forge.create_branch("new", "SHA"),
    "pull": lambda forge: forge.create_pull(PROBE, "other", "t", "b", draft=False),
    "labels": lambda forge: forge.add_labels(1, ["stability"]),
    "comment": lambda forge: forge.create_comment(1, "/test all"),
    "close": lambda forge: forge.close_pull(1),
    "delete": lambda forge: forge.delete_branch(PROBE),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_made_once_under_the_new_name(code: Code, forge: GitHubForge, name: str) -> None:
    """The first call after the move is a write, but for that which reads before."""
    assert opened(forge) == 1
    base = head_of(forge)
    code.store.create_ref(code.owner, "refs/heads/other", base)
    code.rename(REPO, f"tikv/{name}")
    if name == "branch":
        assert forge.create_branch("new", base).state is SENT
    else:
        assert WRITES[name](forge).state is SENT
    assert forge.name_of(REPO) == f"tikv/{name}"
    assert len(code.pulls) == (2 if name == "pull" else 1)
    assert len(code.issue(1).comments) == (name == "comment")


def test_a_fork_that_moved(code: Code) -> None:
    code.forks.add(FORK)
    forge = forge_of(code.github, fork=FORK)
    opened(forge)
    code.rename(FORK, "ci-bot/another")
    (pull,) = forge.pulls_of(PROBE)
    assert forge.branch_head(FORK, PROBE) == pull.head_sha
    assert pull.head_repo == forge.name_of(FORK) == "ci-bot/another"
    assert forge.name_of(REPO) == REPO
    forge.close()


@pytest.mark.parametrize("where", ["http://127.0.0.1:9/repositories/7", "", "/elsewhere", "//x/"])
def test_a_redirect_to_another_place_is_not_followed(
    code: Code, forge: GitHubForge, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code.rename(REPO, NEW)
    monkeypatch.setattr("tests.support.github.code.people.redirect", lambda *_: where)
    with pytest.raises(SourceError, match="the repository has moved") as caught:
        forge.repository(REPO)
    assert "new name" in caught.value.hint
    written = forge.create_branch(PROBE, "0" * 40)
    assert (written.state, written.code) == (FAILED, 307)
    assert "moved" in written.reason
    assert forge.name_of(REPO) == REPO
    assert not any(call.path.startswith("/elsewhere") for call in code.github.requests)


def test_an_issue_that_was_transferred_moves_no_repository(code: Code, forge: GitHubForge) -> None:
    number = opened(forge)
    code.github.transfer(number, "pingcap/other")
    assert forge.create_comment(number, "/test all").state is FAILED
    assert forge.name_of(REPO) == REPO

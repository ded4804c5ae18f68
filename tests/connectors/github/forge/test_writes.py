"""Writes that meet faults and refusals."""

from collections.abc import Callable, Sequence

import pytest

from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.records.forge import ForgeWrite, NewFile
from tests.connectors.github.forge import REPO
from tests.connectors.github.forge.steps import (
    FAILED,
    PROBE,
    SENT,
    UNCERTAIN,
    WHEN,
    commit,
    head_of,
    opened,
)
from tests.support.github import Fault
from tests.support.github.code import Code

Write = Callable[[GitHubForge, str], ForgeWrite]
WRITES: dict[str, Write] = {
    "branch": lambda forge, what: forge.create_branch(f"new/{what}", head_of(forge)),
    "pull": lambda forge, what: forge.create_pull(what, "master", "t", "b", draft=False),
    "comment": lambda forge, _: forge.create_comment(1, "/test all"),
}
WRONG = tuple(  # answers of a success without what was asked for
    f"{what}-after"
    for what in ("empty-200", "empty-201", "object-200", "object-201", "list-201", "other-201")
)
EXACT = {"branch": "/git/refs$", "pull": "/pulls$", "comment": "/comments$"}


def effects(code: Code) -> dict[str, int]:
    return {
        "branch": sum(name.startswith("new/") for name in code.heads(REPO)),
        "pull": len(code.pulls) - 1,
        "comment": len(code.issue(1).comments),
    }


def prepared(code: Code, forge: GitHubForge, branches: Sequence[str]) -> None:
    """A pull request, and branches of which there is none."""
    assert opened(forge) == 1
    sha = commit(forge, "ready.txt")
    for branch in branches:
        code.store.create_ref(code.owner, f"refs/heads/{branch}", sha)


@pytest.mark.parametrize("name", WRITES)
def test_a_limited_write_is_made_once(code: Code, forge: GitHubForge, name: str) -> None:
    faults = ("429", "429-retry-after", "secondary", "secondary-bare")
    prepared(code, forge, faults)
    for count, what in enumerate(faults, 1):
        code.github.fault(Fault(what, method="POST", path=EXACT[name]))
        assert WRITES[name](forge, what).state is SENT, what
        assert effects(code)[name] == count, what


@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_answer_is_lost_is_uncertain_and_not_repeated(
    code: Code, forge: GitHubForge, name: str
) -> None:
    faults = ("drop-after", "502-after", "500-after", "html-200-after", *WRONG)
    prepared(code, forge, faults)
    for count, what in enumerate(faults, 1):
        code.github.fault(Fault(what, method="POST", path=EXACT[name]))
        assert WRITES[name](forge, what).state is UNCERTAIN, what
        assert effects(code)[name] == count, what


@pytest.mark.parametrize("name", WRITES)
def test_a_refused_write_has_no_effect(code: Code, forge: GitHubForge, name: str) -> None:
    faults = ("401", "403", "404", "410")
    prepared(code, forge, faults)
    for what in faults:
        code.github.fault(Fault(what, method="POST", path=EXACT[name]))
        written = WRITES[name](forge, what)
        assert (written.state, written.code) == (FAILED, int(what))
        assert written.reason
        assert effects(code)[name] == 0


@pytest.mark.parametrize("what", ["drop-after", "502-after", "503", "429"])
def test_closing_and_deleting_are_repeated(code: Code, forge: GitHubForge, what: str) -> None:
    number = opened(forge)
    code.github.fault(Fault(what, method="PATCH"), Fault(what, method="DELETE"))
    assert forge.close_pull(number).state is SENT
    assert forge.delete_branch(PROBE).state is SENT
    assert code.issue(number).state == "closed"
    assert set(code.heads(REPO)) == {"master"}


def test_a_tree_whose_answer_is_lost(code: Code, forge: GitHubForge) -> None:
    """Objects can be created again, so the whole commit is."""
    base = head_of(forge)
    code.github.fault(Fault("drop-after", method="POST", path="/git/trees$"))
    first = forge.create_commit(base, [NewFile("a", "b")], "m\n", WHEN)
    assert first.state is UNCERTAIN
    assert forge.create_commit(base, [NewFile("a", "b")], "m\n", WHEN).state is SENT


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_to_another_write_is_uncertain(
    code: Code, forge: GitHubForge, what: str
) -> None:
    number, base = opened(forge), head_of(forge)
    calls: dict[str, Callable[[], ForgeWrite]] = {
        "/git/trees$": lambda: forge.create_commit(base, [NewFile("a", "b")], "m\n", WHEN),
        "/git/commits$": lambda: forge.create_commit(base, [NewFile("a", "b")], "m\n", WHEN),
        "/labels$": lambda: forge.add_labels(number, ["stability"]),
        f"/pulls/{number}$": lambda: forge.close_pull(number),
        "/git/refs/heads/": lambda: forge.delete_branch(PROBE),
    }
    for path, call in calls.items():
        code.github.fault(Fault(what, path=path, times=9))
        assert call().state is UNCERTAIN, path
        code.github.faults.waiting.clear()


def test_a_branch_that_may_not_be_deleted_is_not_called_deleted(
    code: Code, forge: GitHubForge
) -> None:
    forge.create_branch(PROBE, commit(forge))
    code.github.may_push = False
    written = forge.delete_branch(PROBE)
    assert (written.state, written.code) == (FAILED, 404)
    assert PROBE in code.heads(REPO)

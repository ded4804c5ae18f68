"""GitHub as the place of campaigns: each call against the strict stand-in, and each fault."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.errors import SourceError
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite, NewFile
from tests.connectors.github.forge import REPO, code_server, forge_of
from tests.support.github import Fault
from tests.support.github.code import Code
from tests.support.github.publishing import add_status

WHEN = datetime(2026, 1, 5, 9, tzinfo=UTC)
FORK = "ci-bot/ticdc"
PROBE = "ci-stat/campaign/a/1"
SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Code]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with code_server(tmp_path) as code:
        yield code
        assert code.github.findings == []


@pytest.fixture
def forge(code: Code) -> Iterator[GitHubForge]:
    forge = forge_of(code.github)
    yield forge
    forge.close()


def head_of(forge: GitHubForge) -> str:
    head = forge.branch_head(REPO, "master")
    assert head is not None
    return head


def commit(forge: GitHubForge, path: str = "probe.txt", content: str = "one\n") -> str:
    written = forge.create_commit(head_of(forge), [NewFile(path, content)], "measure\n", WHEN)
    assert written.state is SENT
    return written.sha


def opened(forge: GitHubForge, branch: str = PROBE, path: str = "probe.txt") -> int:
    forge.create_branch(branch, commit(forge, path, f"{branch}\n"))
    written = forge.create_pull(branch, "master", "stability", "A body", draft=False)
    assert written.state is SENT, written
    return written.id


# Who we are, and where


def test_who_we_are(code: Code, forge: GitHubForge) -> None:
    assert forge.viewer() == "ci-bot"
    assert forge.scopes() is None
    code.github.scopes = ("repo", "read:org")
    assert forge.scopes() == ("repo", "read:org")
    code.github.scopes = ()
    assert forge.scopes() == ()


def test_an_app_has_no_login(code: Code, forge: GitHubForge) -> None:
    code.github.is_app = True
    assert forge.viewer() == ""


def test_a_repository_and_its_fork(code: Code, forge: GitHubForge) -> None:
    code.forks.add(FORK)
    base, fork = forge.repository(REPO), forge.repository(FORK)
    assert (base.full_name, base.default_branch, base.parent) == (REPO, "master", "")
    assert base.can_push
    assert not base.is_archived
    assert (fork.parent, fork.can_push) == (REPO, True)
    code.github.may_push, code.archived = False, True
    assert not forge.repository(REPO).can_push
    assert forge.repository(REPO).is_archived
    with pytest.raises(SourceError, match="not found"):
        forge.repository("pingcap/nothing")


def test_a_repository_that_moved(code: Code, forge: GitHubForge) -> None:
    """All calls say so; writes have no effect."""
    code.renamed[REPO] = "pingcap/ticdc-new"
    code.github.repo = "pingcap/ticdc-new"
    with pytest.raises(SourceError, match="the repository has moved") as caught:
        forge.repository(REPO)
    assert "new name" in caught.value.hint
    written = forge.create_branch(PROBE, "0" * 40)
    assert (written.state, written.code) == (FAILED, 301)
    assert "moved" in written.reason
    assert "new name" in written.hint


def test_members_and_collaborators(code: Code, forge: GitHubForge) -> None:
    code.collaborators.add("a-friend")
    assert forge.is_member("ci-bot") is True
    assert forge.is_member("a-friend") is False
    assert forge.is_collaborator("a-friend") is True
    assert forge.is_collaborator("stranger") is False
    code.github.may_push = False
    assert forge.is_collaborator("a-friend") is None, "the token may not ask"


# Branches and files


def test_branches(code: Code, forge: GitHubForge) -> None:
    sha = commit(forge)
    assert forge.branch_head(REPO, PROBE) is None
    assert forge.create_branch(PROBE, sha).state is SENT
    assert forge.branch_head(REPO, PROBE) == sha
    assert forge.branches(REPO, "ci-stat/campaign/") == {PROBE: sha}
    assert forge.branches(REPO, "nothing/") == {}

    again = forge.create_branch(PROBE, sha)
    assert (again.state, again.code) == (FAILED, 422)
    assert "Reference already exists" in again.reason

    assert forge.delete_branch(PROBE).state is SENT
    assert forge.delete_branch(PROBE).state is SENT, "it is gone already"
    assert set(forge.branches(REPO, "")) == {"master"}


def test_more_branches_than_a_page(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    for number in range(105):
        code.store.create_ref("pingcap", f"refs/heads/many/{number}", sha)
    assert len(forge.branches(REPO, "many/")) == 105


def test_equal_commits_are_one_commit(code: Code, forge: GitHubForge) -> None:
    first, second = commit(forge), commit(forge)
    assert first == second
    assert commit(forge, content="two\n") != first
    shown = code.store.run("show", "--format=%an %cn %aI %cI%n%B", "--name-status", first)
    assert shown == (
        "ci_stat ci_stat 2026-01-05T09:00:00+00:00 2026-01-05T09:00:00+00:00\n"
        "measure\n\n\nA\tprobe.txt"
    )


def test_a_commit_on_an_unknown_base(code: Code, forge: GitHubForge) -> None:
    with pytest.raises(SourceError, match="not found"):
        forge.create_commit("0" * 40, [NewFile("a", "b")], "m", WHEN)


@pytest.mark.parametrize("text", ["plain\n", "", "no end", "\u4f60\u597d \U0001f600\n", "a\r\nb\0"])
def test_a_file(code: Code, forge: GitHubForge, text: str) -> None:
    sha = commit(forge, "a folder/\u00fc #1?.txt", text)
    assert forge.file(REPO, "a folder/\u00fc #1?.txt", sha) == text
    assert forge.file(REPO, "missing", sha) is None


def test_what_is_no_text_file(code: Code, forge: GitHubForge) -> None:
    sha = commit(forge, "folder/big.txt", "x" * 1_000_001)
    with pytest.raises(SourceError):
        forge.file(REPO, "folder", sha)
    with pytest.raises(SourceError, match="over 1 MB"):
        forge.file(REPO, "folder/big.txt", sha)


# Pull requests


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


# Statuses and check runs


def put(code: Code, sha: str, context: str, state: str) -> None:
    given = {"context": context, "state": state, "description": "d"}
    add_status(code.github, sha, given, "ti-chi-bot")


def test_signals_over_several_pages(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    for number in range(130):
        put(code, sha, f"job {number}", "pending")
        code.github.advance(timedelta(seconds=1))
    signals = forge.signals(sha)
    assert [signal.context for signal in signals] == [f"job {number}" for number in range(130)]
    assert {signal.creator for signal in signals} == {"ti-chi-bot"}


def test_statuses_keep_their_history_beside_check_runs(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    put(code, sha, "unit", "pending")
    code.github.advance(timedelta(minutes=5))
    put(code, sha, "unit", "failure")
    code.github.checks[1] = {
        "id": 1,
        "name": "build",
        "head_sha": sha,
        "started_at": "2026-01-05T09:01:00Z",
        "status": "in_progress",
        "output": {},
        "annotations": [],
    }
    states = [(one.kind, one.context, one.state) for one in forge.signals(sha)]
    assert states == [
        ("status", "unit", "pending"),
        ("check", "build", "pending"),
        ("status", "unit", "failure"),
    ]
    code.github.checks[1] |= {"conclusion": "success", "completed_at": "2026-01-05T09:09:00Z"}
    last = forge.signals(sha)[-1]
    assert (last.context, last.state, last.updated.minute) == ("build", "success", 9)


def test_an_unchanged_list_costs_nothing(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    put(code, sha, "unit", "pending")
    first = forge.signals(sha)
    left = code.github.rate.remaining
    assert forge.signals(sha) == first
    assert code.github.rate.remaining == left
    put(code, sha, "unit", "success")
    assert len(forge.signals(sha)) == 2


def put_many(code: Code, sha: str, count: int) -> None:
    for number in range(count):
        put(code, sha, f"job {number}", "pending")


@pytest.mark.parametrize("count", [100, 150])
def test_a_list_of_statuses_that_lost_its_link_is_not_believed(
    code: Code, forge: GitHubForge, count: int
) -> None:
    sha = head_of(forge)
    put_many(code, sha, count)
    code.github.faults.add(Fault("missing-link", path="statuses"))
    assert len(forge.signals(sha)) == count, "the list is read again"
    assert len(forge.signals(sha)) == count


def test_a_list_of_statuses_that_always_lacks_its_link_is_refused(
    code: Code, forge: GitHubForge
) -> None:
    sha = head_of(forge)
    put_many(code, sha, 150)
    code.github.faults.add(Fault("missing-link", path="statuses", times=2))
    with pytest.raises(SourceError, match="link to its next page is missing"):
        forge.signals(sha)
    assert len(forge.signals(sha)) == 150, "the list that was cut is not remembered"


def test_a_status_that_arrives_between_two_pages_is_no_second_result(
    code: Code, forge: GitHubForge
) -> None:
    sha = head_of(forge)
    put_many(code, sha, 150)

    def arrive(seconds: float) -> None:
        put(code, sha, "late", "pending")

    # The server fails once at the second page: a status arrives while the client waits.
    waiting = forge_of(code.github, sleep=arrive)
    code.github.faults.add(Fault("502", path="statuses", query="(^|&)page=2"))
    signals = waiting.signals(sha)
    ids = [signal.id for signal in signals]
    assert len(ids) == len(set(ids))
    assert {f"job {number}" for number in range(150)} <= {one.context for one in signals}


def test_a_list_of_checks_that_is_cut_is_refused(code: Code, forge: GitHubForge) -> None:
    sha = head_of(forge)
    for id in (1, 2):
        code.github.checks[id] = {
            "id": id,
            "name": f"build {id}",
            "head_sha": sha,
            "started_at": "2026-01-05T09:01:00Z",
            "output": {},
            "annotations": [],
        }
    code.github.fault(Fault("short-page", path="check-runs"))
    with pytest.raises(SourceError, match="1 of 2"):
        forge.signals(sha)
    assert len(forge.signals(sha)) == 2


# Faults of reads


READS: dict[str, Callable[[GitHubForge], object]] = {
    "viewer": lambda forge: forge.viewer(),
    "repository": lambda forge: forge.repository(REPO),
    "branch_head": lambda forge: forge.branch_head(REPO, "master"),
    "branches": lambda forge: forge.branches(REPO, "m"),
    "pull": lambda forge: forge.pull(1),
    "pulls_of": lambda forge: forge.pulls_of(PROBE),
    "open_pulls": lambda forge: forge.open_pulls("master"),
    "changed_files": lambda forge: forge.changed_files(1),
    "comments": lambda forge: forge.comments(1),
    "signals": lambda forge: forge.signals("a" * 40),
    "file": lambda forge: forge.file(REPO, "README.md", "master"),
}
PASSING = (
    *("500", "502", "503", "429", "429-retry-after", "secondary", "secondary-bare"),
    *("drop-before", "drop-after", "truncated"),
)


@pytest.mark.parametrize("name", READS)
def test_a_read_outlasts_a_passing_fault(code: Code, forge: GitHubForge, name: str) -> None:
    assert opened(forge) == 1
    forge.pull(1)
    expected = READS[name](forge_of(code.github))
    for what in PASSING:
        other = forge_of(code.github)
        code.github.fault(Fault(what))
        assert READS[name](other) == expected, what
        other.close()


@pytest.mark.parametrize("name", READS)
def test_a_read_that_gets_no_valid_answer_says_so(
    code: Code, forge: GitHubForge, name: str
) -> None:
    """None and an empty list are answers: no fault may look like one."""
    assert opened(forge) == 1
    for what in ("html-200", "empty-200", "401", "403", "503", "truncated"):
        if (name, what) == ("viewer", "403"):
            continue  # this is how the answer for an App differs
        code.github.fault(Fault(what, times=50))
        with pytest.raises(SourceError):
            READS[name](forge_of(code.github))
        code.github.faults.waiting.clear()


def test_the_primary_limit_is_waited_for(code: Code, forge: GitHubForge) -> None:
    limit = code.github.rate
    limit.remaining, limit.reset = 0, code.github.now + timedelta(minutes=4)
    assert forge.branch_head(REPO, "master")
    assert sum(code.github.waits) >= 4 * 60


def test_a_long_primary_limit_is_told(code: Code, forge: GitHubForge) -> None:
    limit = code.github.rate
    limit.remaining, limit.reset = 0, code.github.now + timedelta(minutes=40)
    with pytest.raises(SourceError, match="rate limit"):
        forge.branch_head(REPO, "master")
    written = forge.create_branch("new", "0" * 40)
    assert written.state is FAILED
    assert "rate limit" in written.reason


# Faults of writes


Write = Callable[[GitHubForge], ForgeWrite]
WRITES: dict[str, Write] = {
    "branch": lambda forge: forge.create_branch("new", commit(forge)),
    "pull": lambda forge: forge.create_pull("ready", "master", "t", "b", draft=False),
    "comment": lambda forge: forge.create_comment(1, "/test all"),
}
EXACT = {"branch": "/git/refs$", "pull": "/pulls$", "comment": "/comments$"}


def effects(code: Code) -> dict[str, int]:
    return {
        "branch": sum(name == "new" for name in code.heads(REPO)),
        "pull": len(code.pulls) - 1,
        "comment": len(code.issue(1).comments),
    }


def prepared(forge: GitHubForge) -> None:
    assert opened(forge) == 1
    forge.create_branch("ready", commit(forge, "ready.txt"))


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("what", ["429", "429-retry-after", "secondary", "secondary-bare"])
def test_a_limited_write_is_made_once(code: Code, forge: GitHubForge, name: str, what: str) -> None:
    prepared(forge)
    code.github.fault(Fault(what, method="POST", path=EXACT[name]))
    assert WRITES[name](forge).state is SENT
    assert effects(code)[name] == 1


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    "what", ["drop-after", "502-after", "500-after", "html-200-after", "empty-200-after"]
)
def test_a_write_whose_answer_is_lost_is_uncertain_and_not_repeated(
    code: Code, forge: GitHubForge, name: str, what: str
) -> None:
    prepared(forge)
    code.github.fault(Fault(what, method="POST", path=EXACT[name]))
    assert WRITES[name](forge).state is UNCERTAIN
    assert effects(code)[name] == 1


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("what", ["401", "403", "404", "410"])
def test_a_refused_write_has_no_effect(
    code: Code, forge: GitHubForge, name: str, what: str
) -> None:
    prepared(forge)
    code.github.fault(Fault(what, method="POST", path=EXACT[name]))
    written = WRITES[name](forge)
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


# git over HTTP


def test_the_same_code_is_served_by_git(code: Code, forge: GitHubForge, tmp_path: Path) -> None:
    number = opened(forge)

    def git(*arguments: str) -> str:
        environment = code.store.environment({"NO_PROXY": "127.0.0.1"})
        person = ["-c", "user.name=Me", "-c", "user.email=me@example.com"]
        done = subprocess.run(
            ["git", *person, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    git("clone", "-q", f"{code.github.url}/{REPO}.git", "clone", "-b", PROBE)
    assert git("-C", "clone", "rev-parse", "HEAD") == forge.branch_head(REPO, PROBE)
    git("-C", "clone", "commit", "-q", "--allow-empty", "-m", "pushed by another")
    git("-C", "clone", "push", "-q", "origin", PROBE)
    pull = forge.pull(number)
    assert pull is not None
    assert pull.head_sha == git("-C", "clone", "rev-parse", "HEAD")

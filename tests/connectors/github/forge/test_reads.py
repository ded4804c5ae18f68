"""Reads that meet faults and rate limits."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.errors import SourceError
from tests.connectors.github.forge import REPO, forge_of
from tests.connectors.github.forge.steps import FAILED, PROBE, opened
from tests.support.github import Fault
from tests.support.github.code import Code

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

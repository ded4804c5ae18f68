"""What most tests of the client begin with."""

from datetime import UTC, datetime

from ci_stat.connectors.github.forge import GitHubForge
from ci_stat.records import DeliveryState
from ci_stat.records.forge import NewFile
from tests.connectors.github.forge import REPO

WHEN = datetime(2026, 1, 5, 9, tzinfo=UTC)
FORK = "ci-bot/ticdc"
PROBE = "ci-stat/campaign/a/1"
SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN


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

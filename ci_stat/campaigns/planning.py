"""What a campaign does, and when, before anything is done. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_stat.campaigns.marker import branch_of
from ci_stat.campaigns.model import Campaign, FileMode, Probe, Spec
from ci_stat.errors import UsageError

WRITES_AN_HOUR = 500  # content that GitHub lets an account create
_CALLS_TO_OPEN = 8  # base, blob, tree, commit, branch, pull request, mergeable, viewer
_CALLS_TO_END = 5  # comment, look at the pull request and branch, close, delete
_CALLS_OF_A_POLL = 3  # pull request, statuses, check runs


@dataclass(frozen=True, slots=True)
class PlannedCalls:
    """The calls of a campaign, at most. `last`: when the last pull request ends at the latest."""

    writes: int
    comments: int
    reads: int
    busiest_hour: int
    last: datetime


def planned(spec: Spec, now: datetime, new_hex: Callable[[int], str]) -> Campaign:
    """A new campaign whose first pull request is due now. Raises UsageError for an invalid spec.

    `new_hex`: random hex digits of the wanted number.
    """
    check(spec)
    id = new_hex(12)
    probes = []
    for position in range(1, spec.count + 1):
        nonce = new_hex(16)
        due = now + (position - 1) * spec.stagger
        branch = branch_of(id, position, nonce)
        probes.append(Probe(position, due, nonce, branch=branch))
    return Campaign(id, spec, now, probes=tuple(probes))


def check(spec: Spec) -> None:
    """Raise UsageError if the campaign cannot be run as it is described."""
    if not spec.contexts:
        raise UsageError(
            "The campaign expects no job: `contexts` is empty.",
            "Name the statuses or check runs that decide, as a pull request shows them.",
        )
    if spec.file_mode is FileMode.LINE and not spec.file:
        raise UsageError("`file` is missing.", "Name the file to which each commit adds a line.")
    if " | " in spec.title:
        raise UsageError("The title contains ' | ', after which Prow reads parameters.", "Omit it.")
    limits = (
        ("pull requests", spec.count, spec.budget.pull_requests),
        ("comments", comments_of(spec) * spec.count, spec.budget.comments),
    )
    for what, needed, limit in limits:
        if limit and needed > limit:
            raise UsageError(
                f"The campaign needs {needed} {what}, but its budget is {limit}.",
                "Raise the budget, or plan fewer pull requests.",
            )


def comments_of(spec: Spec) -> int:
    """The comments at one pull request: commands, their repetition, and the result."""
    commands = len(spec.commands) if spec.comment_each else min(1, len(spec.commands))
    return 2 * commands + 1


def calls_of(spec: Spec, now: datetime, poll: timedelta) -> PlannedCalls:
    """The calls of a campaign that begins now. `poll`: the usual time between two looks."""
    writes_each = 6 + comments_of(spec) + bool(spec.labels)
    polls = int(spec.deadline / poll) + 1
    reads_each = _CALLS_TO_OPEN + _CALLS_TO_END + polls * _CALLS_OF_A_POLL
    at_once = int(timedelta(hours=1) / spec.stagger) + 1 if spec.stagger else spec.count
    open_at_once = int(spec.deadline / spec.stagger) + 1 if spec.stagger else spec.count
    polls_an_hour = int(timedelta(hours=1) / poll) * _CALLS_OF_A_POLL
    busiest = min(spec.count, at_once) * (writes_each + _CALLS_TO_OPEN)
    return PlannedCalls(
        writes=writes_each * spec.count,
        comments=comments_of(spec) * spec.count,
        reads=reads_each * spec.count,
        busiest_hour=busiest + min(spec.count, open_at_once) * polls_an_hour,
        last=now + (spec.count - 1) * spec.stagger + spec.deadline,
    )

"""What a campaign does, and when, before anything is done. Pure."""

from collections.abc import Callable
from datetime import datetime

from ci_stat.campaigns.marker import branch_of
from ci_stat.campaigns.model import Campaign, FileMode, Probe, Spec
from ci_stat.campaigns.outlook import planned_count
from ci_stat.errors import UsageError


def planned(spec: Spec, now: datetime, new_hex: Callable[[int], str]) -> Campaign:
    """A new campaign whose first pull request is due now. Raises UsageError for an invalid spec.

    `new_hex`: random hex digits of the wanted number.
    """
    check(spec)
    id = new_hex(12)
    probes = []
    for position in range(1, planned_count(spec) + 1):
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
    if planned_count(spec) < 1:
        raise UsageError(
            "The budget allows no pull request.",
            "Each one needs its commands twice, if they are repeated, and a comment with the"
            " result: raise `budget.comments`.",
        )
    if spec.file_mode is FileMode.LINE and not spec.file:
        raise UsageError("`file` is missing.", "Name the file to which each commit adds a line.")
    if " | " in spec.title:
        raise UsageError("The title contains ' | ', after which Prow reads parameters.", "Omit it.")

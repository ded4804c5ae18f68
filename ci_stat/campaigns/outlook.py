"""What a campaign would do, when, with how many calls, and what it can show. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from ci_stat.campaigns.decisions import SHORTEST
from ci_stat.campaigns.model import Ending, Spec
from ci_stat.campaigns.verdict import FLAKE, runs_needed
from ci_stat.statistics.proportions import chance_to_show, exact_upper
from ci_stat.statistics.sequential import always_upper

RATE_LIMIT = 5_000  # calls an hour that GitHub grants a user
_HOUR = timedelta(hours=1)
_OPEN_WRITES = 5  # blob, tree, commit, branch, pull request
_OPEN_READS = 4  # head of the base branch, its commit, twice whether it can be merged
_LOOK_READS = 3  # pull request, statuses, check runs
_END_WRITES = 2  # last comment, closing
_END_READS = 3  # pull request, comments, branch


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of GitHub's API, at most, without repeated ones and further pages.

    `writes`, `reads`: of the whole campaign, if each pull request is looked at every minute until
    its deadline. `hourly`: of its busiest hour.
    """

    writes: int
    reads: int
    hourly: int

    @property
    def total(self) -> int:
        return self.writes + self.reads


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a campaign would do.

    - `openings`: when each pull request is opened. `end`: the latest end of the campaign.
    - `together`: how many pull requests are open at once, at most.
    - `upper`: below which rate the failure rate is shown to be if all pass (95 %).
    - `flakes`: by failure rate the chance that the campaign shows it.
    - `needed`: pull requests that must pass to rule out the target; None without a target.
    """

    openings: tuple[datetime, ...]
    end: datetime
    together: int
    calls: Calls
    upper: float
    flakes: tuple[tuple[float, float], ...]
    needed: int | None


def outlook(spec: Spec, begin: datetime) -> Outlook:
    """What a campaign that begins then would do."""
    count = planned_count(spec)
    openings = tuple(begin + place * spec.stagger for place in range(count))
    together = _together(spec, count)
    upper = always_upper(0, count) if spec.until_decided else exact_upper(0, count)
    rates = sorted({0.02, FLAKE, 0.10, spec.target_rate} - {0})
    return Outlook(
        openings=openings,
        end=(openings[-1] if openings else begin) + spec.deadline,
        together=together,
        calls=_calls(spec, count, together),
        upper=upper,
        flakes=tuple((rate, chance_to_show(rate, count)) for rate in rates),
        needed=runs_needed(spec.target_rate, 0, spec.until_decided),
    )


def planned_count(spec: Spec) -> int:
    """The pull requests that the budget allows, if commands are repeated at each of them."""
    count, budget = spec.count, spec.budget
    if budget.pull_requests:
        count = min(count, budget.pull_requests)
    if budget.comments:
        count = min(count, budget.comments // _most_comments(spec))
    return count


def _most_comments(spec: Spec) -> int:
    """The comments at one pull request, at most: commands, once more, and the result."""
    return 2 * comments_of(spec) + 1


def _together(spec: Spec, count: int) -> int:
    if not spec.stagger:
        return count
    return min(count, max(1, ceil(spec.deadline / spec.stagger)))


def _calls(spec: Spec, count: int, together: int) -> Calls:
    looks = ceil(spec.deadline / SHORTEST)
    writes, reads = _writes(spec), _OPEN_READS + _END_READS
    of_openings = _openings_an_hour(spec, count) * (writes + reads)
    return Calls(
        writes=count * writes,
        reads=count * (reads + looks * _LOOK_READS),
        hourly=together * ceil(_HOUR / SHORTEST) * _LOOK_READS + of_openings,
    )


def _openings_an_hour(spec: Spec, count: int) -> int:
    if not spec.stagger:
        return count
    return min(count, ceil(_HOUR / spec.stagger))


def comments_of(spec: Spec) -> int:
    """The comments with commands at each pull request."""
    if not spec.commands:
        return 0
    return len(spec.commands) if spec.comment_each else 1


def _writes(spec: Spec) -> int:
    """The calls that open and end one pull request."""
    labels = 1 if spec.labels else 0
    deletes = 1 if Ending.CLOSE in (spec.passed, spec.failed) else 0
    return _OPEN_WRITES + labels + comments_of(spec) + _END_WRITES + deletes

"""Ends the pull request of a probe: the last comment, closing, and the branch.

Only what is certainly ours is closed or deleted: the marker, the author, the branch and its commit
must be those that we created.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ci_stat.campaigns import marker
from ci_stat.campaigns.calls import CampaignCalls
from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.judging import aborted
from ci_stat.campaigns.model import (
    COUNTED_STATES,
    Campaign,
    CampaignState,
    Ending,
    JobState,
    Probe,
    ProbeState,
)
from ci_stat.campaigns.opening import NotAccepted, Opener, sent
from ci_stat.campaigns.views.comments import closing_comment, final_comment
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite, PullState
from ci_stat.store.state.calls import CallKind


def ending_of(campaign: Campaign, probe: Probe) -> Ending:
    """What becomes of a probe: failures may be kept, and only what has no failure counts as passed.

    A pull request that somebody pushed to is left to them.
    """
    states = {job.state for job in probe.jobs}
    if JobState.SUPERSEDED in states:
        return Ending.KEEP
    if JobState.FAILED in states:
        return campaign.spec.failed
    has_all_passed = states == {JobState.PASSED}
    return campaign.spec.passed if has_all_passed else Ending.CLOSE


@dataclass(frozen=True, slots=True)
class Closer:
    """Ends probes at one forge. `clock`: the aware present. `hosts`: private, never named."""

    forge: Forge
    calls: CampaignCalls
    opener: Opener
    clock: Callable[[], datetime]
    hosts: tuple[str, ...] = ()

    def end(self, campaign: Campaign, probe: Probe) -> Probe:
        """The ended probe. Raises SourceError, NotDelivered, DatabaseError."""
        if not probe.number:
            probe = self._with_pull(campaign, probe)
        if not probe.number:
            return self._never_opened(campaign, probe)

        pull = self.forge.pull(probe.number)
        if pull is None or not self.is_ours(campaign, probe, pull):
            reason = probe.reason or "the pull request is not as it was opened: left alone"
            return replace(probe, state=ProbeState.KEPT, reason=reason, ended=self.clock())

        ending = ending_of(campaign, probe)
        if pull.is_open:
            self._comment_result(campaign, probe, ending)
        if ending is Ending.KEEP and pull.is_open:
            return self._ended(campaign, probe, ProbeState.KEPT)
        self.close(campaign, probe, pull)
        return self._ended(campaign, probe, ProbeState.CLOSED)

    def _with_pull(self, campaign: Campaign, probe: Probe) -> Probe:
        """The probe with the pull request that a killed driver may have opened."""
        pulls = self.forge.pulls_of(probe.branch)
        ours = (pull for pull in pulls if marker.is_of(pull.body, campaign, probe))
        known = next(ours, None)
        return replace(probe, number=known.number, url=known.url) if known else probe

    def _never_opened(self, campaign: Campaign, probe: Probe) -> Probe:
        """The probe without its branch, if there is one."""
        self._delete_branch(campaign, probe)
        state = _without_result(campaign, replace(probe, triggered=None))
        now = self.clock()
        jobs = aborted(probe, now, "the pull request was not opened")
        return replace(probe, state=state, jobs=jobs, ended=now)

    def _ended(self, campaign: Campaign, probe: Probe, state: ProbeState) -> Probe:
        has_result = any(job.state in COUNTED_STATES for job in probe.jobs)
        if state is ProbeState.CLOSED and not has_result:
            state = _without_result(campaign, probe)
        now = self.clock()
        jobs = aborted(probe, now, "the job was not started")
        return replace(probe, state=state, jobs=jobs, ended=now)

    def is_ours(self, campaign: Campaign, probe: Probe, pull: PullState) -> bool:
        """Whether nobody but us has changed the pull request's source."""
        viewer = self.forge.viewer()
        is_author = not viewer or pull.author.casefold() == viewer.casefold()
        is_source = pull.head_branch == probe.branch and pull.head_sha == probe.head_sha
        repo = self.forge.name_of(campaign.spec.branches_repo)
        is_there = pull.head_repo.casefold() == repo.casefold()
        return is_author and is_source and is_there and marker.is_of(pull.body, campaign, probe)

    def _comment_result(self, campaign: Campaign, probe: Probe, ending: Ending) -> None:
        def body(mark: str) -> str:
            return final_comment(campaign.spec, probe, ending, mark, self.hosts)

        self.opener.comment(campaign, probe, "result", body)

    def close(self, campaign: Campaign, probe: Probe, pull: PullState) -> None:
        """Close the pull request and delete its branch, which are ours."""
        number = probe.number

        def close() -> ForgeWrite:
            return self.forge.close_pull(number)

        def look() -> ForgeWrite | None:
            known = self.forge.pull(number)
            is_open = known is not None and known.is_open
            return None if is_open else ForgeWrite(DeliveryState.SENT, number)

        if pull.is_open:
            closed = self.calls.make(CallKind.CLOSE, (campaign.id, probe.nonce), close, look)
            sent(closed, "close the pull request")
        self._delete_branch(campaign, probe)

    def _delete_branch(self, campaign: Campaign, probe: Probe) -> None:
        """Delete the branch of a probe if it has our commit."""
        repo, branch = campaign.spec.branches_repo, probe.branch

        def delete() -> ForgeWrite:
            return self.forge.delete_branch(branch)

        def look() -> ForgeWrite | None:
            is_there = self.forge.branch_head(repo, branch) is not None
            return None if is_there else ForgeWrite(DeliveryState.SENT)

        head = self.forge.branch_head(repo, branch)
        if head is not None and head == probe.head_sha:
            deleted = self.calls.make(CallKind.DELETE, (campaign.id, probe.nonce), delete, look)
            sent(deleted, "delete the branch")

    def trim_kept(
        self, campaigns: Sequence[Campaign], campaign: Campaign
    ) -> list[tuple[Campaign, Probe]]:
        """Close the oldest kept pull requests over the limit. Return them as they are now."""
        kept = kept_probes(campaigns, campaign.spec.branch)
        surplus = kept[: max(0, len(kept) - campaign.spec.kept_limit)]
        if not surplus:
            return []
        newest = kept[-1][1]
        closed = []
        for owner, probe in surplus:
            pull = self.forge.pull(probe.number)
            if pull is None or not self.is_ours(owner, probe, pull):
                closed.append((owner, replace(probe, state=ProbeState.CLOSED)))
                continue
            reason = self._refusal_of_closing(campaign, owner, probe, pull, newest)
            closed.append((owner, replace(probe, state=ProbeState.CLOSED, reason=reason)))
        return closed

    def _refusal_of_closing(
        self, campaign: Campaign, owner: Campaign, probe: Probe, pull: PullState, newest: Probe
    ) -> str:
        """Close a kept pull request. Why that was refused for ever, or the reason as it was."""
        try:
            if pull.is_open:
                self._comment_closing(campaign, owner, probe, newest)
            # A driver that was killed after closing has left the branch.
            self.close(owner, probe, pull)
        except NotAccepted as error:
            return error.message
        return probe.reason

    def _comment_closing(
        self, campaign: Campaign, owner: Campaign, probe: Probe, newest: Probe
    ) -> None:
        def body(mark: str) -> str:
            return closing_comment(campaign.spec.kept_limit, newest.url, mark)

        self.opener.comment(owner, probe, "closing", body)


def _without_result(campaign: Campaign, probe: Probe) -> ProbeState:
    """The state of a closed pull request of which no job passed or failed."""
    if campaign.state is not CampaignState.RUNNING:
        return ProbeState.CANCELLED
    return ProbeState.BLOCKED if probe.triggered is None else ProbeState.CLOSED


def kept_probes(campaigns: Sequence[Campaign], branch: str) -> list[tuple[Campaign, Probe]]:
    """The kept pull requests of campaigns on a base branch, the oldest first."""
    kept = [
        (campaign, probe)
        for campaign in campaigns
        if campaign.spec.branch == branch
        for probe in campaign.probes
        if probe.state is ProbeState.KEPT and probe.number
    ]
    return sorted(kept, key=lambda pair: (pair[1].opened or pair[0].started, pair[1].number))

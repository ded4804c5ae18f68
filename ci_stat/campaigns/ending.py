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
from ci_stat.campaigns.model import Campaign, CampaignState, Ending, JobState, Probe, ProbeState
from ci_stat.campaigns.opening import Opener, sent
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
        pull = self.forge.pull(probe.number) if probe.number else None
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

    def _ended(self, campaign: Campaign, probe: Probe, state: ProbeState) -> Probe:
        has_result = any(job.state in (JobState.PASSED, JobState.FAILED) for job in probe.jobs)
        if state is ProbeState.CLOSED and not has_result:
            is_cancelled = campaign.state is not CampaignState.RUNNING
            state = ProbeState.CANCELLED if is_cancelled else state
            state = ProbeState.BLOCKED if probe.triggered is None else state
        return replace(probe, state=state, ended=self.clock())

    def is_ours(self, campaign: Campaign, probe: Probe, pull: PullState) -> bool:
        """Whether nobody but us has changed the pull request's source."""
        viewer = self.forge.viewer()
        is_author = not viewer or pull.author.casefold() == viewer.casefold()
        is_source = pull.head_branch == probe.branch and pull.head_sha == probe.head_sha
        is_there = pull.head_repo.casefold() == campaign.spec.branches_repo.casefold()
        return is_author and is_source and is_there and marker.is_of(pull.body, campaign, probe)

    def _comment_result(self, campaign: Campaign, probe: Probe, ending: Ending) -> None:
        def body(mark: str) -> str:
            return final_comment(campaign.spec, probe, ending, mark, self.hosts)

        self.opener.comment(campaign, probe, "result", body)

    def close(self, campaign: Campaign, probe: Probe, pull: PullState) -> None:
        """Close the pull request and delete its branch, which are ours."""
        identity = (campaign.id, probe.nonce)

        def is_closed() -> ForgeWrite | None:
            known = self.forge.pull(probe.number)
            is_open = known is not None and known.is_open
            return None if is_open else ForgeWrite(DeliveryState.SENT, probe.number)

        def is_deleted() -> ForgeWrite | None:
            head = self.forge.branch_head(campaign.spec.branches_repo, probe.branch)
            return ForgeWrite(DeliveryState.SENT) if head is None else None

        if pull.is_open:
            close = self.forge.close_pull
            number = probe.number
            closed = self.calls.make(CallKind.CLOSE, identity, lambda: close(number), is_closed)
            sent(closed, "close the pull request")
        head = self.forge.branch_head(campaign.spec.branches_repo, probe.branch)
        if head == probe.head_sha:
            delete = self.forge.delete_branch
            branch = probe.branch
            deleted = self.calls.make(CallKind.DELETE, identity, lambda: delete(branch), is_deleted)
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
            if pull.is_open:
                self._comment_closing(campaign, owner, probe, newest)
            # A driver that was killed after closing has left the branch.
            self.close(owner, probe, pull)
            closed.append((owner, replace(probe, state=ProbeState.CLOSED)))
        return closed

    def _comment_closing(
        self, campaign: Campaign, owner: Campaign, probe: Probe, newest: Probe
    ) -> None:
        def body(mark: str) -> str:
            return closing_comment(campaign.spec.kept_limit, newest.url, mark)

        self.opener.comment(owner, probe, "closing", body)


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

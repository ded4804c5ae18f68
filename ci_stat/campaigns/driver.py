"""Drives a campaign: one step at a time, each stored before the next.

A step is an action for one probe. A driver that is killed anywhere is followed by another one that
reads the campaign from our state and continues; `calls` keeps both from doing anything twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ci_stat.campaigns.calls import CampaignCalls
from ci_stat.campaigns.decisions import Action, Step, commands_to_repeat, next_step
from ci_stat.campaigns.ending import Closer
from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.judging import aborted, is_ended, judged
from ci_stat.campaigns.ledger import Ledger
from ci_stat.campaigns.model import (
    Campaign,
    CampaignState,
    JobResult,
    JobState,
    Move,
    Probe,
    ProbeState,
)
from ci_stat.campaigns.opening import NotAccepted, Opener
from ci_stat.campaigns.verdict import decision
from ci_stat.records.forge import PullState
from ci_stat.statistics.sequential import Answer


def without_logs(job: JobResult) -> JobResult:
    """A job as it is, where no log can be read."""
    return job


@dataclass(frozen=True)
class Driver:
    """Drives the campaigns at one forge. `clock`: the aware present.

    `with_failures`: adds to a failed job what its log says, and what is known about that.
    """

    forge: Forge
    ledger: Ledger
    calls: CampaignCalls
    clock: Callable[[], datetime]
    with_failures: Callable[[JobResult], JobResult] = without_logs
    hosts: tuple[str, ...] = ()

    @property
    def opener(self) -> Opener:
        return Opener(self.forge, self.calls, self.clock)

    @property
    def closer(self) -> Closer:
        return Closer(self.forge, self.calls, self.opener, self.clock, self.hosts)

    def step(self, campaign: Campaign) -> tuple[Campaign, Step]:
        """The campaign after its next step, and that step. WAIT and FINISH may change nothing.

        Raises SourceError, NotDelivered, UsageError, DatabaseError; then nothing is lost.
        """
        after, step = self._step(campaign)
        return self._with_moves(after), step

    def _step(self, campaign: Campaign) -> tuple[Campaign, Step]:
        step = next_step(campaign, self.clock())
        if step.action is Action.FINISH:
            # A driver that was killed after it kept a pull request has not trimmed.
            return self._finished(self._trimmed(campaign)), step
        if step.action is Action.WAIT:
            return campaign, step

        probe = campaign.probes[step.position - 1]
        try:
            after = self._after(campaign, probe, step.action)
        except NotAccepted as error:
            after = self._refused(probe, error)
        changed = self.ledger.put_probe(campaign, after)
        if after.state in (ProbeState.CLOSED, ProbeState.KEPT):
            changed = self._decided(changed)
        if after.state is ProbeState.KEPT:
            changed = self._trimmed(changed)
        return changed, step

    def _after(self, campaign: Campaign, probe: Probe, action: Action) -> Probe:
        if action is Action.SKIP:
            reason = campaign.reason or "the campaign ended before it was due"
            return replace(probe, state=ProbeState.CANCELLED, reason=reason)
        if action is Action.END:
            return self.closer.end(campaign, probe)
        if action is Action.POLL:
            return self._polled(campaign, probe)
        if probe.state is ProbeState.PLANNED:
            return self.opener.prepared(campaign, probe)
        if campaign.state is CampaignState.CANCELLING:
            return self._given_up(probe)
        return self.opener.step(campaign, probe)

    def _refused(self, probe: Probe, error: NotAccepted) -> Probe:
        """A probe of which a write was refused for ever: it ends, and at its end is left alone."""
        if probe.state is not ProbeState.ENDING:
            return replace(probe, state=ProbeState.ENDING, reason=error.message)
        state = ProbeState.KEPT if probe.number else ProbeState.BLOCKED
        now = self.clock()
        jobs = aborted(probe, now, error.message)
        return replace(probe, state=state, reason=error.message, jobs=jobs, ended=now)

    def _given_up(self, probe: Probe) -> Probe:
        """A probe that is being opened while the campaign is cancelled."""
        return replace(probe, state=ProbeState.ENDING, jobs=aborted(probe, self.clock()))

    def _polled(self, campaign: Campaign, probe: Probe) -> Probe:
        pull = self.forge.pull(probe.number)
        if pull is None:
            reason = "the pull request does not exist any more"
            jobs = aborted(probe, self.clock(), reason)
            return replace(probe, state=ProbeState.KEPT, reason=reason, jobs=jobs)

        probe = self._read(campaign, probe, pull)
        if campaign.state is CampaignState.CANCELLING:
            probe = replace(probe, jobs=aborted(probe, self.clock()))
        if not is_ended(probe):
            return self._repeated(campaign, probe)
        jobs = tuple(self._with_log(job) for job in probe.jobs)
        return replace(probe, state=ProbeState.ENDING, jobs=jobs)

    def _read(self, campaign: Campaign, probe: Probe, pull: PullState) -> Probe:
        signals = self.forge.signals(probe.head_sha)
        now = self.clock()
        jobs = judged(campaign.spec, probe, pull, signals, now)
        return replace(probe, jobs=jobs, polled=now)

    def _repeated(self, campaign: Campaign, probe: Probe) -> Probe:
        """The probe, after the commands of jobs that did not start were given again, once."""
        now = self.clock()
        commands = commands_to_repeat(campaign.spec, probe, now)
        if not commands:
            return probe
        self.opener.comment_commands(campaign, probe, commands, "repeated")
        return replace(probe, repeated=1, commanded=now)

    def _with_log(self, job: JobResult) -> JobResult:
        return self.with_failures(job) if job.state is JobState.FAILED else job

    def _decided(self, campaign: Campaign) -> Campaign:
        """The campaign, ended if its question is decided and it was to run until then."""
        known = decision(campaign)
        if campaign.reason or known is None or known.answer is Answer.UNDECIDED:
            return campaign
        decided = replace(campaign, reason="the question is decided")
        self.ledger.put(decided)
        return decided

    def _trimmed(self, campaign: Campaign) -> Campaign:
        for owner, probe in self.closer.trim_kept(self.ledger.all(), campaign):
            changed = self.ledger.put_probe(owner, probe)
            campaign = changed if owner.id == campaign.id else campaign
        return campaign

    def _with_moves(self, campaign: Campaign) -> Campaign:
        """The campaign with the new names of repositories that moved, stored."""
        spec = campaign.spec
        names = {repo: self.forge.name_of(repo) for repo in (spec.repo, spec.branches_repo)}
        moves = tuple(Move(repo, name) for repo, name in names.items() if name != repo)
        if not moves or moves == campaign.moves:
            return campaign
        moved = replace(campaign, moves=moves)
        self.ledger.put(moved)
        return moved

    def _finished(self, campaign: Campaign) -> Campaign:
        was_cancelled = campaign.state is CampaignState.CANCELLING
        state = CampaignState.CANCELLED if was_cancelled else CampaignState.DONE
        ended = replace(campaign, state=state, ended=self.clock())
        self.ledger.put(ended)
        return ended

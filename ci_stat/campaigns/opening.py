"""Opens the pull request of a probe: commit, branch, pull request, labels, commands.

Each step is done once, even if drivers are killed: what exists at the forge has our marker.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from ci_stat.campaigns import marker
from ci_stat.campaigns.calls import CampaignCalls
from ci_stat.campaigns.forge import Forge
from ci_stat.campaigns.model import Campaign, FileMode, JobResult, Probe, ProbeState, Spec
from ci_stat.errors import NotDelivered, UsageError
from ci_stat.records import DeliveryState
from ci_stat.records.forge import ForgeWrite, PullState
from ci_stat.store.state.calls import CallKind

INVALID = (409, 410, 422)
TOO_MANY = 429
MOVED = (301, 307, 308)  # the new name of the repository is unknown as yet
SERVER_ERRORS = 500  # and above
EXISTING = "Name an existing base branch."
SET_FILE = "Set the `path` in [file]."
MERGEABLE_WITHIN = timedelta(minutes=10)  # after opening; then the commands are given anyway


class NotYetDelivered(NotDelivered):
    """A write without a certain outcome, or refused for the moment: it can be tried again."""


class NotAccepted(NotDelivered):
    """The forge refuses a write for what it says: only this pull request is affected."""


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens probes at one forge. `clock`: the aware present."""

    forge: Forge
    calls: CampaignCalls
    clock: Callable[[], datetime]

    def require_base(self, spec: Spec) -> None:
        """Raise UsageError without the base branch, or the file to which lines are added."""
        base = self.forge.branch_head(spec.repo, spec.branch)
        if base is None:
            raise UsageError(no_branch(spec), EXISTING)
        is_there = (
            spec.file_mode is not FileMode.LINE
            or self.forge.file(spec.repo, spec.file, base) is not None
        )
        if not is_there:
            raise UsageError(f"{spec.repo} has no file {spec.file!r} on {spec.branch}.", SET_FILE)

    def prepared(self, campaign: Campaign, probe: Probe) -> Probe:
        """The probe with the base of this moment, before anything is created."""
        spec, now = campaign.spec, self.clock()
        base = self.forge.branch_head(spec.repo, spec.branch)
        if base is None:
            raise NotAccepted(no_branch(spec), EXISTING)
        return replace(
            probe,
            state=ProbeState.OPENING,
            base_sha=base,
            committed=now.replace(microsecond=0),
            jobs=tuple(JobResult(context) for context in spec.contexts),
        )

    def step(self, campaign: Campaign, probe: Probe) -> Probe:
        """The probe after the next step. Raises SourceError, NotDelivered, DatabaseError."""
        if not probe.head_sha:
            return self._commit(campaign, probe)
        if not probe.number:
            self._branch(campaign, probe)
            return self._pull_request(campaign, probe)
        return self._command(campaign, probe)

    def _commit(self, campaign: Campaign, probe: Probe) -> Probe:
        spec = campaign.spec
        path = marker.path_of(spec, probe)
        content = ""
        if spec.file_mode is FileMode.LINE:
            known = self.forge.file(spec.repo, path, probe.base_sha)
            if known is None:
                raise NotAccepted(f"{spec.repo} has no file {path!r} on {spec.branch}.", SET_FILE)
            content = known
        file = marker.file_of(campaign, probe, content)
        message = marker.message_of(campaign, probe)
        when = probe.committed or self.clock()

        def create() -> ForgeWrite:
            return self.forge.create_commit(probe.base_sha, [file], message, when)

        identity = (campaign.id, probe.nonce, probe.base_sha)
        # Equal arguments give an equal commit: repeating it is how it is looked up.
        written = self.calls.make(CallKind.COMMIT, identity, create, create)
        return replace(probe, head_sha=sent(written, "create the commit").sha)

    def _branch(self, campaign: Campaign, probe: Probe) -> None:
        repo = campaign.spec.branches_repo

        def look() -> ForgeWrite | None:
            head = self.forge.branch_head(repo, probe.branch)
            is_ours = head == probe.head_sha
            return ForgeWrite(DeliveryState.SENT, sha=head or "") if is_ours else None

        identity = (campaign.id, probe.nonce)
        written = self.calls.make(
            CallKind.BRANCH,
            identity,
            lambda: self.forge.create_branch(probe.branch, probe.head_sha),
            look,
        )
        if written.state is DeliveryState.FAILED:
            written = look() or written
        sent(written, "create the branch")

    def _pull_request(self, campaign: Campaign, probe: Probe) -> Probe:
        spec = campaign.spec
        title, body = marker.title_of(spec, probe), marker.body_of(campaign, probe)

        def look() -> ForgeWrite | None:
            pulls = self.forge.pulls_of(probe.branch)
            ours = [pull for pull in pulls if marker.is_of(pull.body, campaign, probe)]
            return _written(ours[0]) if ours else None

        def create() -> ForgeWrite:
            return self.forge.create_pull(probe.branch, spec.branch, title, body, spec.draft)

        identity = (campaign.id, probe.nonce)
        written = self.calls.make(CallKind.PULL_REQUEST, identity, create, look)
        if written.state is DeliveryState.FAILED:
            written = look() or written
        opened = sent(written, "open the pull request")
        return replace(probe, number=opened.id, url=opened.url, opened=self.clock())

    def _command(self, campaign: Campaign, probe: Probe) -> Probe:
        """Label and give the commands, as soon as it is known that the branch can be merged."""
        spec, now = campaign.spec, self.clock()
        pull = self.forge.pull(probe.number)
        if pull is None or not pull.is_open:
            return replace(probe, state=ProbeState.WATCHING, triggered=now, polled=None)
        if pull.mergeable is False:
            return replace(
                probe, state=ProbeState.ENDING, reason=self._conflict(campaign, probe), ended=now
            )
        opened = probe.opened or now
        if pull.mergeable is None and now < opened + MERGEABLE_WITHIN:
            return replace(probe, polled=now)
        if spec.labels:
            self._label(campaign, probe)
        if spec.commands:
            self.comment_commands(campaign, probe, spec.commands, "commands")
        return replace(
            probe,
            state=ProbeState.WATCHING,
            triggered=self.clock(),
            commanded=now,
            polled=None,
        )

    def _conflict(self, campaign: Campaign, probe: Probe) -> str:
        files = self.forge.changed_files(probe.number)
        names = ", ".join(files) or marker.path_of(campaign.spec, probe)
        return f"conflict with {campaign.spec.branch} in {names}"

    def _label(self, campaign: Campaign, probe: Probe) -> None:
        def add() -> ForgeWrite:
            return self.forge.add_labels(probe.number, campaign.spec.labels)

        written = self.calls.make(CallKind.LABEL, (campaign.id, probe.nonce), add, add)
        sent(written, "add the labels")

    def comment_commands(
        self, campaign: Campaign, probe: Probe, commands: tuple[str, ...], part: str
    ) -> None:
        """Comment commands, one a line. `part`: names these comments in their markers."""
        lines = commands if campaign.spec.comment_each else ("\n".join(commands),)
        for number, text in enumerate(lines, 1):
            self.comment(campaign, probe, f"{part} {number}", partial(_marked, text))

    def comment(
        self, campaign: Campaign, probe: Probe, part: str, body_with: Callable[[str], str]
    ) -> None:
        """Comment once. `body_with`: the text with the hidden marker that it is given."""
        mark = marker.comment_mark(campaign, probe, part)

        def look() -> ForgeWrite | None:
            comments = self.forge.comments(probe.number)
            ours = (comment for comment in comments if mark in comment.body)
            first = next(ours, None)
            return ForgeWrite(DeliveryState.SENT, first.id) if first else None

        written = self.calls.make(
            CallKind.COMMENT,
            (campaign.id, probe.nonce, part),
            lambda: self.forge.create_comment(probe.number, body_with(mark)),
            look,
        )
        sent(written, "comment")


def no_branch(spec: Spec) -> str:
    return f"{spec.repo} has no branch {spec.branch!r}."


def _marked(text: str, mark: str) -> str:
    # The commands come first, each on a line of its own, as bots read them.
    return f"{text}\n\n{mark}\n"


def _written(pull: PullState) -> ForgeWrite:
    return ForgeWrite(DeliveryState.SENT, pull.number, url=pull.url)


def sent(written: ForgeWrite, action: str) -> ForgeWrite:
    """The write if it was made. Raises NotDelivered, NotYetDelivered if it may be tried again."""
    if written.state is DeliveryState.SENT:
        return written
    certainty = "could not" if written.state is DeliveryState.FAILED else "perhaps did not"
    raise _error_of(written)(
        f"ci_stat {certainty} {action}: {written.reason or 'no reason was given'}.",
        written.hint or "`ci-stat campaign resume` continues and does nothing twice.",
    )


def _error_of(written: ForgeWrite) -> type[NotDelivered]:
    if _is_passing(written):
        return NotYetDelivered
    return NotAccepted if written.code in INVALID else NotDelivered


def _is_passing(written: ForgeWrite) -> bool:
    """Whether the same write may succeed later."""
    code = written.code or 0
    is_answered_later = code in (*MOVED, TOO_MANY) or code >= SERVER_ERRORS
    return written.state is DeliveryState.UNCERTAIN or is_answered_later

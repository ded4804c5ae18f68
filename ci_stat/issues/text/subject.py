"""The subject of an issue: a decision with its evidence, as block and comment describe it."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from msgspec import UNSET
from msgspec.structs import replace

from ci_stat.issues.decisions.rules import Decision
from ci_stat.issues.evidence import INCIDENT, Evidence, Occurrence, run_keys
from ci_stat.issues.marker import trimmed
from ci_stat.issues.model import Earlier, Marker, masked_name
from ci_stat.issues.text.context import About
from ci_stat.issues.text.footer_v0 import earlier_of_v0
from ci_stat.issues.text.markdown import MarkdownWriter
from ci_stat.redaction.redact import redacted

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Subject:
    """A decision with its evidence; the base of the block's writer."""

    decision: Decision
    evidence: Evidence
    about: About

    @property
    def pen(self) -> MarkdownWriter:
        return MarkdownWriter(self.about.hosts, self.evidence.zone)

    @property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """The evidence for the issue, oldest first.

        Occurrences before the issue's first failure belong to an earlier issue.
        """
        history, marker = self.decision.history, self.decision.marker
        if history is None:
            return ()

        occurrences = history.own or history.occurrences
        if marker is None:
            return occurrences
        own = (occurrence for occurrence in occurrences if occurrence.run.started >= marker.first)
        return tuple(own) or occurrences

    @property
    def is_incident(self) -> bool:
        return self.decision.kind == INCIDENT

    @property
    def name(self) -> str:
        """The failure as code."""
        return self.pen.code(self.decision.name)

    @cached_property
    def marker(self) -> Marker:
        """The marker to write: trimmed, and without secrets, because hidden text is public."""
        assert self.decision.marker is not None  # a text of ours is written
        marker = trimmed(self.decision.marker)
        return replace(
            marker,
            key=self._masked(marker.key),
            branches=tuple(map(self._masked, marker.branches)),
            jobs=tuple(map(self._masked, marker.jobs)),
            members=tuple(map(self._masked, marker.members)),
            why=redacted(marker.why, self.about.hosts),
            commits=self.commits,
            earlier=self._earlier or UNSET,
        )

    def _masked(self, name: str) -> str:
        return name if self.is_plain(name) else masked_name(name)

    @property
    def _earlier(self) -> Earlier | None:
        """The issue that this one follows, as decided or as its text says."""
        before, issue = self.decision.before, self.decision.issue
        if before is not None:
            closed = before.issue.closed_at or before.issue.created_at
            return Earlier(before.issue.number, self.pen.day(closed))
        if issue is None:
            return None
        marker = self.decision.marker
        return (marker and marker.earlier) or earlier_of_v0(issue.issue.body)

    @property
    def commits(self) -> tuple[str, str]:
        """Commits around the first failure: looked up for a new issue, later in its marker."""
        marker = self.decision.marker
        commits = self.about.commits.get(self.decision.key, ("", ""))
        if not any(commits) and marker is not None:
            commits = marker.commits

        failed, passed = (commit if _COMMIT.fullmatch(commit) else "" for commit in commits)
        return failed, passed

    def counted(self) -> tuple[int, int, datetime]:
        """Failed runs, finished runs, and since when they count.

        They count from the issue's first failure, or as far back as the evidence reaches.
        """
        first, marker = self.occurrences[0].run.started, self.decision.marker
        since = min(first, max(marker.first, self.evidence.since)) if marker else first
        failed = len(run_keys(self.occurrences))
        return failed, max(failed, self.evidence.runs_since(since)), since

    def last_run(self) -> str:
        """A link to the newest run of the evidence; the issue may know a newer one."""
        run, marker = self.occurrences[-1].run, self.decision.marker
        if marker is None or run.started >= marker.last:
            return f"the {self.pen.link('last failed run', run.link)}"
        return f"a {self.pen.link('failed run', run.link)}"

    def is_plain(self, text: str) -> bool:
        """Whether the text contains no secret and no private host."""
        return redacted(text, self.about.hosts) == text

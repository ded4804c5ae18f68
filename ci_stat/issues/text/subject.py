"""What an issue is about: the decision with what speaks for it, as whatever is written of it needs it."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from msgspec import UNSET
from msgspec.structs import replace

from ci_stat.issues.evidence import INCIDENT, Evidence, Hit
from ci_stat.issues.marker import trimmed
from ci_stat.issues.model import Earlier, Marker, masked_name
from ci_stat.issues.rules import Decision
from ci_stat.issues.text.context import About
from ci_stat.issues.text.footer_v0 import earlier_of_v0
from ci_stat.issues.text.markdown import Pen
from ci_stat.redaction.redact import redacted

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Subject:
    """Shared by our part of an issue's text, and by comments."""

    decision: Decision
    evidence: Evidence
    about: About

    @property
    def pen(self) -> Pen:
        return Pen(self.about.hosts, self.evidence.zone)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """What speaks for the issue, oldest first: what was before its first failure is another issue's."""
        failing, marker = self.decision.failing, self.decision.marker
        every = (failing.own or failing.hits) if failing else ()
        return (
            tuple(hit for hit in every if marker is None or hit.run.started >= marker.first)
            or every
        )

    @property
    def is_incident(self) -> bool:
        return self.decision.kind == INCIDENT

    @property
    def name(self) -> str:
        """The failure as code."""
        return self.pen.code(self.decision.name)

    @cached_property
    def marker(self) -> Marker:
        """As it is written: hidden is not secret."""
        assert self.decision.marker is not None  # of whatever is ours and written
        marker = trimmed(self.decision.marker)

        def clean(*names: str) -> tuple[str, ...]:
            return tuple(
                name if redacted(name, self.about.hosts) == name else masked_name(name)
                for name in names
            )

        return replace(
            marker, key=clean(marker.key)[0], branches=clean(*marker.branches), jobs=clean(*marker.jobs),
            members=clean(*marker.members), why=redacted(marker.why, self.about.hosts), commits=self.commits,
            earlier=self._earlier or UNSET,
        )  # fmt: skip

    @property
    def _earlier(self) -> Earlier | None:
        """What a new issue follows; ever after its marker says it, or the text of an older version."""
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
        """Around the first failure: looked up for a new issue, and known by its marker ever after."""
        marker = self.decision.marker
        looked_up = self.about.commits.get(self.decision.key, ("", ""))
        failed, passed = looked_up if any(looked_up) or marker is None else marker.commits
        return (
            failed if _COMMIT.fullmatch(failed) else "",
            passed if _COMMIT.fullmatch(passed) else "",
        )

    def counted(self) -> tuple[int, int, datetime]:
        """Failed runs, finished runs, and since when: from its first failure on, or as far back as is known."""
        first, marker = self.hits[0].run.started, self.decision.marker
        since = min(first, max(marker.first, self.evidence.since)) if marker else first
        failed = len({(hit.run.job, hit.run.number) for hit in self.hits})
        return failed, max(failed, self.evidence.runs_since(since)), since

    def last_run(self) -> str:
        """The newest one that is known here; the issue may know of a newer one."""
        run, marker = self.hits[-1].run, self.decision.marker
        if marker is None or run.started >= marker.last:
            return f"the {self.pen.link('last run that failed', run.link)}"
        return f"a {self.pen.link('run that failed', run.link)}"

    def is_plain(self, text: str) -> bool:
        """Whether it may stand in a command: what is quoted for a shell is not found by masking any more."""
        return redacted(text, self.about.hosts) == text

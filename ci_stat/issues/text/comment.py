"""Writes comments: the news about a failure, that it fails again, or why the issue is closed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ci_stat.issues.decisions.rules import Change
from ci_stat.issues.decisions.silence import Silence
from ci_stat.issues.evidence import Occurrence
from ci_stat.issues.marker import comment_mark
from ci_stat.issues.text.body import BODY, Writer
from ci_stat.issues.text.markdown import share
from ci_stat.issues.text.observed import numbers
from ci_stat.rendering.format import plural, span

RUNS = 5  # shown
FEW_BURSTS = 5  # up to here, the probability by bursts is worth a sentence
_MARGIN = 100  # characters for the note that news is left out


@dataclass(frozen=True)
class Comment:
    """A comment; at an issue of another author it also says who writes, and how to stop it."""

    writer: Writer

    def text(self) -> str:
        decision = self.writer.decision
        marks = (decision.stamp, *decision.marks)
        last = ["\n".join(map(comment_mark, marks))]
        if decision.issue is None or not decision.issue.ours:
            last.insert(0, self._introduction())

        room = BODY - len("\n\n".join(last)) - _MARGIN
        parts = []
        for part in _closing(decision.silence) if decision.silence else self._news():
            room -= len(part) + 2
            if room < 0:
                parts.append("More news does not fit into this comment.")
                break
            parts.append(part)
        return "\n\n".join((*parts, *last))

    def _news(self) -> Iterator[str]:
        for change in self.writer.decision.changes:
            describe = _DESCRIBE.get(change.what)
            if describe is not None:
                yield from describe(self, change)
        if self.writer.occurrences:
            yield numbers(self.writer)

    def _again(self, change: Change) -> Iterator[str]:
        """The runs that started after the close: earlier ones say nothing against the fix."""
        issue, pen = self.writer.decision.issue, self.writer.pen
        closed = issue.issue.closed_at if issue else None
        later = [
            occurrence
            for occurrence in self.writer.occurrences
            if closed is None or occurrence.run.started > closed
        ]
        when = f"on {pen.moment(closed, zone=True)}" if closed else pen.said(change.said)
        runs = plural(len(later), "failed run")
        yield f"Failing again: {runs} started after this issue was closed {when}."
        yield "\n".join(self._runs(later))

    def _runs(self, occurrences: Sequence[Occurrence]) -> Iterator[str]:
        """The last runs as links, newest first."""
        pen = self.writer.pen
        for occurrence in occurrences[: -RUNS - 1 : -1]:
            run = occurrence.run
            branch = f" on {pen.code(run.branch, 80)}" if run.branch else ""
            commit = f", commit {pen.code(run.commit)}" if run.commit else ""
            yield f"- {pen.run(occurrence)}{branch}{commit}"
        if len(occurrences) > RUNS:
            yield f"- and {plural(len(occurrences) - RUNS, 'earlier run')}"

    def _message(self, change: Change) -> Iterator[str]:
        pen = self.writer.pen
        first = next(
            (
                occurrence
                for occurrence in self.writer.occurrences
                if (occurrence.failure.message or occurrence.failure.name) == change.said
            ),
            None,
        )
        since = f" since {pen.run(first)}" if first else ""
        yield f"{self.writer.name} fails with a new message{since}:"
        yield pen.fence(change.said, lines=10, size=2_000)
        if change.excerpt and change.excerpt != change.said:
            yield pen.fence(change.excerpt)

    def _branch(self, change: Change) -> Iterator[str]:
        pen = self.writer.pen
        on_branch = (
            occurrence
            for occurrence in self.writer.occurrences
            if occurrence.run.branch == change.said
        )
        first = next(on_branch, None)
        since = f", first seen {pen.run(first)}" if first else ""
        yield f"{self.writer.name} also fails on branch {pen.code(change.said)}{since}."

    def _back(self, change: Change) -> Iterator[str]:
        """`change.said`: whole days, or a date in words."""
        pen, occurrences = self.writer.pen, self.writer.occurrences
        quiet = f"being quiet {pen.said(change.said)}"
        if _is_number(change.said):
            quiet = plural(int(change.said), "quiet day")
        last = f": {pen.run(occurrences[-1])}" if occurrences else ""
        yield f"{self.writer.name} failed again after {quiet}{last}."

    def _members(self, change: Change) -> Iterator[str]:
        yield f"New tests in this incident: {self.writer.pen.code(change.said, 1_000)}."

    def _duplicate(self, change: Change) -> Iterator[str]:
        """GitHub knows the first three words, and links both issues."""
        yield f"Duplicate of #{int(change.said)}"
        yield "Two processes of ci_stat filed this failure at the same time; the older issue stays."

    def _introduction(self) -> str:
        pen, about = self.writer.pen, self.writer.about
        author = f"Written by {pen.code(f'ci_stat {about.version}')}, which tracks failed runs."
        label = about.rules.mute_label
        if not label:
            return author
        return f"{author} Add the label {pen.code(label)} to this issue to stop these comments."


_DESCRIBE = {
    "again": Comment._again,
    "message": Comment._message,
    "branch": Comment._branch,
    "back": Comment._back,
    "members": Comment._members,
    "duplicate": Comment._duplicate,
}


def _closing(silence: Silence) -> Iterator[str]:
    failures, runs = plural(silence.failures, "failure"), plural(silence.runs_since, "finished run")
    over = f" over {span(max(silence.span, timedelta(minutes=1)))}" if silence.failures > 1 else ""
    yield (f"Closed as completed: {failures}{over}, then none for {span(silence.quiet)} in {runs}.")
    if silence.failures > 1:
        yield " ".join(_doubt(silence))
    else:
        yield "With a single failure there is no rate to estimate; only the quiet period counts."
    yield "This issue is reopened if a run that starts from now on fails in the same way."


def _doubt(silence: Silence) -> Iterator[str]:
    """How likely the silence is without a fix; ten failures on one bad day are one event."""
    by_time, by_runs = _chance(silence.chance), _chance(silence.chance_by_runs)
    yield (
        "If nothing had changed, the probability of such a long quiet period would be "
        f"{by_time} by time and {by_runs} by runs."
    )
    if silence.bursts == 1:
        yield "The failures came in a single burst, so a longer quiet period was required."
    elif silence.bursts <= FEW_BURSTS and silence.bursts < silence.failures:
        by_bursts = _chance(silence.chance_by_bursts)
        yield f"The failures came in {silence.bursts} bursts; by bursts it would be {by_bursts}."
    if silence.longest:
        yield f"The longest quiet period before was {span(silence.longest)}."


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 9


def _chance(chance: float) -> str:
    return share(chance) if chance >= 1e-4 else "less than 0.01%"

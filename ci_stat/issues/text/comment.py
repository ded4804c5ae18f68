"""Comments at an issue: what is new, that it fails again, or why it is closed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from ci_stat.issues.evidence import Hit
from ci_stat.issues.marker import comment_mark
from ci_stat.issues.rules import Change
from ci_stat.issues.silence import Silence
from ci_stat.issues.text.body import BODY, Writer
from ci_stat.issues.text.markdown import share
from ci_stat.issues.text.observed import numbers
from ci_stat.rendering.format import plural, span

RUNS = 5  # shown
FEW_BURSTS = 5  # so few that by them the silence is less certain than by failures


@dataclass(frozen=True)
class Comment:
    """What is new, in a comment. At an issue of somebody else also who writes, and how to stop it."""

    writer: Writer

    def text(self) -> str:
        decision = self.writer.decision
        stranger = decision.issue is None or not decision.issue.ours
        last = [
            *(self._stranger() if stranger else ()),
            "\n".join(map(comment_mark, (decision.stamp, *decision.marks))),
        ]
        parts, room = [], BODY - len("\n\n".join(last)) - 100
        for part in self._closing(decision.silence) if decision.silence else self._news():
            room -= len(part) + 2
            if room < 0:
                last.insert(0, "There is more that is new than a comment can hold.")
                break
            parts.append(part)
        return "\n\n".join((*parts, *last))

    def _news(self) -> Iterator[str]:
        for change in self.writer.decision.changes:
            say = _SAY.get(change.what)
            if say is not None:
                yield from say(self, change)
        if self.writer.hits:
            yield numbers(self.writer)

    def _again(self, change: Change) -> Iterator[str]:
        """Runs that started after the close: those before it say nothing against the fix."""
        issue, pen = self.writer.decision.issue, self.writer.pen
        closed = issue.issue.closed_at if issue else None
        later = [hit for hit in self.writer.hits if closed is None or hit.run.started > closed]
        when = f"on {pen.moment(closed, zone=True)}" if closed else pen.said(change.said)
        yield f"Failing again: {plural(len(later), 'run')} failed that started after this was closed {when}."
        yield "\n".join(self._runs(later))

    def _runs(self, hits: list[Hit]) -> Iterator[str]:
        """The newest of these, by link, newest first."""
        pen = self.writer.pen
        for hit in hits[: -RUNS - 1 : -1]:
            branch = f" on {pen.code(hit.run.branch, 80)}" if hit.run.branch else ""
            commit = f", commit {pen.code(hit.run.commit)}" if hit.run.commit else ""
            yield f"- {pen.run(hit)}{branch}{commit}"
        if len(hits) > RUNS:
            yield f"- and {len(hits) - RUNS:,} before"

    def _message(self, change: Change) -> Iterator[str]:
        pen = self.writer.pen
        hit = next(
            (hit for hit in self.writer.hits if (hit.said.message or hit.said.name) == change.said),
            None,
        )
        yield f"{self.writer.name} fails with a new message" + (
            f" since {pen.run(hit)}:" if hit else ":"
        )
        yield pen.fence(change.said, lines=10, size=2_000)
        if change.excerpt and change.excerpt != change.said:
            yield pen.fence(change.excerpt)

    def _branch(self, change: Change) -> Iterator[str]:
        pen = self.writer.pen
        hit = next((hit for hit in self.writer.hits if hit.run.branch == change.said), None)
        first = f": first seen {pen.run(hit)}" if hit else ""
        yield f"{self.writer.name} fails on branch {pen.code(change.said)} too{first}."

    def _back(self, change: Change) -> Iterator[str]:
        """`said`: whole days, or since when."""
        pen, hits = self.writer.pen, self.writer.hits
        quiet = (
            f"{plural(int(change.said), 'quiet day')}"
            if _is_number(change.said)
            else f"quiet {pen.said(change.said)}"
        )
        last = f": failed again {pen.run(hits[-1])}" if hits else ""
        yield f"{self.writer.name} is back after {quiet}{last}."

    def _members(self, change: Change) -> Iterator[str]:
        yield f"Tests that did not fail together with these before: {self.writer.pen.code(change.said, 1_000)}."

    def _closing(self, silence: Silence) -> Iterator[str]:
        said, once = plural(silence.failures, "failure"), silence.failures <= 1
        over = "" if once else f" over {span(max(silence.span, timedelta(minutes=1)))}"
        yield (
            f"Closed as completed: {said}{over}, then none for {span(silence.quiet)} in "
            f"{plural(silence.runs_since, 'finished run')}."
        )
        yield (
            "One failure tells no rate, so the length of the silence alone speaks."
            if once
            else _doubt(silence)
        )
        yield "When a run that starts from now on fails in the same way, this is opened again."

    def _stranger(self) -> Iterator[str]:
        writer = self.writer
        label = writer.about.rules.mute_label
        off = (
            f" The label {writer.pen.code(label)} on this issue stops these comments."
            if label
            else ""
        )
        yield f"Written by {writer.pen.code(f'ci_stat {writer.about.version}')}, which counts failed runs.{off}"


_SAY = {
    "again": Comment._again,
    "message": Comment._message,
    "branch": Comment._branch,
    "back": Comment._back,
    "members": Comment._members,
}


def _doubt(silence: Silence) -> str:
    """How likely it is that nothing was mended. Ten failures on one bad day are one occasion: then that is said too."""
    chances = f"{_chance(silence.chance)} by time, and {_chance(silence.chance_by_runs)} by runs"
    longest = f"The longest silence before was {span(silence.longest)}." if silence.longest else ""
    bursts = ""
    if silence.bursts == 1:
        bursts = "They came in a single burst, so the length of the silence counts for more."
    elif silence.bursts <= FEW_BURSTS and silence.bursts < silence.failures:
        bursts = f"They came in {silence.bursts} bursts; by these it would be {_chance(silence.chance_by_bursts)}."
    said = f"If nothing had changed, the chance of so long a silence would be {chances}."
    return " ".join(filter(None, (said, bursts, longest)))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 9


def _chance(chance: float) -> str:
    return share(chance) if chance >= 1e-4 else "less than 0.01%"

"""An issue's title, and our part of its text: what failed, how often, since when, and what to do about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from shlex import quote

from msgspec.structs import replace

from ci_stat.analysis.evidence import INCIDENT, Evidence, Failing, Hit
from ci_stat.analysis.issue_rules import Decision
from ci_stat.analysis.silence import lower_bound
from ci_stat.escape import visible
from ci_stat.failures import title_name
from ci_stat.records import FailureKind, IssueAction, Marker, masked_name
from ci_stat.reports.issue_about import About
from ci_stat.reports.issue_marker import BEGIN, END, block, hidden, read, remarked, replaced, trimmed
from ci_stat.reports.issue_parts import Pen, command, share
from ci_stat.reports.redaction import redacted
from ci_stat.reports.words import plural

TITLE, BODY = 256, 60_000  # characters of ours; people write around it
WHOLE = 65_000  # of an issue's text with what people wrote; GitHub takes 65,536
# Members, and lines of the log. No lines at all: nothing but the numbers, and what they were of.
_LEVELS = ((50, 30), (10, 10), (0, 3), (0, 0))
DAYS, PLACES = 14, 5  # shown of each
RARE, NEARLY_ALWAYS = 0.5, 0.8  # rates, at the lower end of what they may be
_HIDDEN = 20_000  # characters of a marker: a name that is longer leaves no room for text

# A reference of ours, as the last lines of our part are written; only the tracker's line ends may differ.
_EARLIER = re.compile(
    r"\n(Earlier: #[1-9]\d{0,8} \(closed \d{4}-\d\d-\d\d\)\.)\r?\n\r?\n---\r?\n\r?\n"
    r"`+ ?ci_stat [^`\r\n]{0,100}`+, [^`\r\n]{1,100}\. What people write above and below this stays\.\r?\n\r?\n"
    r"<!-- ci_stat:issue:v1 [^\r\n]{0,30100}-->\s{0,8}\Z"
)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Writer:
    """Our part of an issue's text, and what comments share with it."""

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
        return tuple(hit for hit in every if marker is None or hit.run.started >= marker.first) or every

    @property
    def _is_incident(self) -> bool:
        return self.decision.kind == INCIDENT

    @property
    def name(self) -> str:
        """The failure as code."""
        return self.pen.code(self.decision.name)

    def title(self) -> str:
        decision, hosts = self.decision, self.about.hosts
        failing = decision.failing
        if self._is_incident and failing:
            job = title_name(redacted(failing.hits[0].run.job, hosts), 150)
            return f"unstable tests: {plural(len(failing.members), 'case')} fail together in `{job}`"
        return f"unstable test `{title_name(redacted(decision.name, hosts))}`"[:TITLE]

    def new_body(self) -> str | None:
        """The issue's text with our part brought up to date; None where it is to stay as it is."""
        decision = self.decision
        if decision.issue is None or decision.marker is None:
            return None
        old = decision.issue.issue.body
        new = self._replaced(old) if decision.failing else remarked(old, self.marker)
        return None if new is None or new == old or len(new) > WHOLE else new

    def _replaced(self, old: str) -> str | None:
        """With less of ours where people wrote much; where nothing of ours fits any more, only the marker changes."""
        around = replaced(old, "")
        if around is None:
            return None
        room = WHOLE - len(around)
        text = self.block(min(BODY, room))
        return replaced(old, text) if len(text) <= room else remarked(old, self.marker)

    @cached_property
    def marker(self) -> Marker:
        """As it is written: hidden is not secret."""
        assert self.decision.marker is not None  # of whatever is ours and written
        marker = trimmed(self.decision.marker)

        def clean(*names: str) -> tuple[str, ...]:
            return tuple(name if redacted(name, self.about.hosts) == name else masked_name(name) for name in names)

        return replace(
            marker, key=clean(marker.key)[0], branches=clean(*marker.branches), jobs=clean(*marker.jobs),
            members=clean(*marker.members), why=redacted(marker.why, self.about.hosts), commits=self._commits,
        )  # fmt: skip

    @property
    def _commits(self) -> tuple[str, str]:
        """Around the first failure: looked up for a new issue, and known by its marker ever after."""
        marker = self.decision.marker
        looked_up = self.about.commits.get(self.decision.key, ("", ""))
        failed, passed = looked_up if any(looked_up) or marker is None else marker.commits
        return (failed if _COMMIT.fullmatch(failed) else "", passed if _COMMIT.fullmatch(passed) else "")

    def block(self, room: int = BODY) -> str:
        """Our part, under `room` characters if that can be: of a failure with very long names less is shown."""
        text = ""
        for members, lines in _LEVELS:
            text = block(self._text(members, lines))
            if len(text) < room:
                break
        return text

    def _text(self, members: int, lines: int) -> str:
        silence = ("### How to silence it", "\n".join(self._silence())) if lines else ()
        parts = (
            self.pen.fence(self._message(), lines=10, size=2_000),
            "## Bug Report",
            "### 1. Minimal reproduce step (Required)", *self._steps(),
            "### 2. What did you expect to see? (Required)", self._expected(),
            "### 3. What did you see instead (Required)", *self._seen(members, lines),
            "### 4. What is your version? (Required)", self._version(),
            "### Why this issue is here", self._why(),
            *silence, *self._people(), "---", self._foot(),
        )  # fmt: skip
        line = hidden(self.marker)
        return "\n\n".join((*parts, *([line] if len(line) < _HIDDEN else [])))

    def _message(self) -> str:
        said = self.hits[-1].said
        return said.message or said.excerpt or said.name

    # ------------------------------------------------------------------------------------------------ 1 and 2

    def _steps(self) -> Iterator[str]:
        pen, said = self.pen, self.hits[-1].said
        line, where = "", ""
        if self.decision.kind == FailureKind.CASE and self._is_plain(
            f"{self.decision.name}\n{said.file}\n{said.suite}"
        ):
            line, where = command(self.decision.name, said, self.about.repo, self.about.reproduce)
        shown = pen.fence(line, "sh")
        if line and f"\n{line}\n" in shown:  # what was broken to be harmless is no command any more
            yield shown
            yield from filter(None, [" ".join(self._hints(where))])
        else:
            last = self.hits[-1]
            commit = f" on commit {pen.code(last.run.commit)}" if last.run.commit else ""
            yield f"Run the job {pen.code(last.run.job)} again{commit}: {self._last_run()}."

    def _hints(self, where: str) -> Iterator[str]:
        failed, runs, _ = self._counted()
        least = lower_bound(failed, runs)
        if where:
            yield f"In the folder of {self.pen.code(where)}."
        if least < RARE:
            yield "It fails now and then: run it many times."
        elif least >= NEARLY_ALWAYS:
            yield "It fails in nearly every run."

    def _last_run(self) -> str:
        """The newest one that is known here; the issue may know of a newer one."""
        run, marker = self.hits[-1].run, self.decision.marker
        if marker is None or run.started >= marker.last:
            return f"the {self.pen.link('last run that failed', run.link)}"
        return f"a {self.pen.link('run that failed', run.link)}"

    def _expected(self) -> str:
        if self._is_incident:
            return "All tests pass."
        if self.decision.kind == FailureKind.CASE:
            return f"{self.name} passes in every run."
        return f"No run ends with {self.name}."

    # ------------------------------------------------------------------------------------------------ 3

    def _seen(self, members: int, lines: int) -> Iterator[str]:
        yield self.numbers()
        yield "\n".join(self._when())
        places = list(self._elsewhere())
        if places and lines:
            yield "The same failure in other jobs, or on other branches:"
            yield "\n".join(places)
        if self.decision.failing and self.decision.failing.members and lines:
            yield "\n".join(self._members(self.decision.failing, members))
        yield "\n".join(self._days())
        excerpt = self.hits[-1].said.excerpt
        if excerpt and lines:
            yield f"From the log of {self._last_run()}:"
            yield self.pen.fence(excerpt, lines=lines)

    def numbers(self) -> str:
        """How often, in how many runs, and how sure that is."""
        evidence, pen = self.evidence, self.pen
        failed, runs, since = self._counted()
        jobs = ", ".join(pen.code(job, 80) for job in sorted({hit.run.job for hit in self.hits})[:PLACES])
        said = (
            f"Failed in **{failed:,} of {plural(runs, 'finished run')}** of {jobs} "
            f"from {pen.moment(since)} to {pen.moment(evidence.end, zone=True)}: {share(failed / runs)}, "
            f"and at least {share(lower_bound(failed, runs))} with 95% confidence."
        )
        total = self.decision.marker.failures if self.decision.marker else 0
        return f"{said} In all, {plural(total, 'run')} so far." if total > failed else said

    def _counted(self) -> tuple[int, int, datetime]:
        """Failed runs, finished runs, and since when: from its first failure on, or as far back as is known."""
        first, marker = self.hits[0].run.started, self.decision.marker
        since = min(first, max(marker.first, self.evidence.since)) if marker else first
        failed = len({(hit.run.job, hit.run.number) for hit in self.hits})
        return failed, max(failed, self.evidence.runs_between(since)), since

    def _when(self) -> Iterator[str]:
        pen, marker, hits = self.pen, self.marker, self.hits
        first = pen.run(hits[0]) if hits[0].run.started == marker.first else pen.moment(marker.first)
        last = pen.run(hits[-1]) if hits[-1].run.started >= marker.last else pen.moment(marker.last)
        yield f"- First seen: {first}"
        yield f"- Last seen: {last}"
        branches = [pen.code(branch, 80) for branch in dict.fromkeys(hit.run.branch for hit in hits) if branch]
        if branches:
            yield f"- Branches: {', '.join(branches[:PLACES])}{_and_more(len(branches) - PLACES)}"
        failed, passed = self._commits
        if failed:
            yield f"- Commit of the first failure: {pen.code(failed)}"
        if passed:
            yield f"- Commit of the last pass before it: {pen.code(passed)}"

    def _elsewhere(self) -> Iterator[str]:
        places = self.decision.failing.elsewhere if self.decision.failing else ()
        for each in places[:PLACES]:
            branch = f" on {self.pen.code(each.branch, 80)}" if each.branch else ""
            yield f"- {self.pen.code(each.job, 100)}{branch}: {self.pen.link(plural(each.runs, 'run'), each.link)}"
        if len(places) > PLACES:
            yield f"- and {plural(len(places) - PLACES, 'place')} more"

    def _members(self, failing: Failing, most: int) -> Iterator[str]:
        """The tests of an incident, and in how many of its runs each failed."""
        runs = {(hit.run.job, hit.run.number) for hit in failing.hits}
        yield f"The {plural(len(failing.members), 'test')} that failed together:\n"
        for key, name in list(failing.members.items())[:most]:
            own = self.evidence.failing.get(key)
            n = len({(hit.run.job, hit.run.number) for hit in own.hits} & runs) if own else 0
            yield f"- {self.pen.code(name)}" + (f" in {plural(n, 'run')}" if n else "")
        if len(failing.members) > most:
            yield f"- and {len(failing.members) - most:,} more"

    def _days(self) -> Iterator[str]:
        days = sorted(self.marker.days.items(), reverse=True)
        yield f"| Day ({self.pen.zone_name}) | Failed runs |"
        yield "|---|---:|"
        for day, n in days[:DAYS]:
            yield f"| {day} | {n:,} |"
        before = self.marker.older + sum(n for _, n in days[DAYS:])
        if before:
            yield f"| before | {before:,} |"

    # ------------------------------------------------------------------------------------------------ 4 and the rest

    def _version(self) -> str:
        pen, last = self.pen, self.hits[-1].run
        branch = f"Branch {pen.code(last.branch)}" if last.branch else "Branch not known"
        commit = f"commit {pen.code(last.commit)}" if last.commit else "commit not known"
        return f"{branch}, {commit}: those of {self._last_run()}."

    def _why(self) -> str:
        rules = self.about.rules
        because = self._because()
        why = f"Filed because {because}. " if because else ""
        return (
            f"{why}A test gets an issue when it fails in {plural(rules.failures, 'run')} of one window, or in "
            f"{plural(rules.windows, 'window')} of the last {plural(rules.memory.days, 'day')}. Runs that the "
            f"machines broke do not count. When more than {rules.together} tests fail in one run, or "
            f"{share(rules.share)} of a job's tests, they get one issue together."
        )

    def _silence(self) -> Iterator[str]:
        pen, rules = self.pen, self.about.rules
        if rules.mute_label:
            yield f"- Put the label {pen.code(rules.mute_label)} on this issue: nothing more is written here."
        line = f"ci-stat issues mute {self._muted_name()} --until DATE --why TEXT"
        yield f"- Or run {pen.code(line, 500)}."
        again = f", unless it gets the label {pen.code(rules.refile_label)}" if rules.refile_label else ""
        yield f"- Or close it as not planned: it is not filed again{again}."
        yield "- Closed as completed, it is opened again when a run that starts later fails in the same way."

    def _because(self) -> str:
        """The planner's sentence of then: of a test it tells what it did, of an incident what happened."""
        marker = self.decision.marker
        said = self.pen.said(marker.why) if marker else ""
        return said if not said or self.decision.kind == INCIDENT else f"it {said}"

    def _muted_name(self) -> str:
        name = self.decision.name if self.decision.kind == FailureKind.CASE else self.decision.key
        return quote(name) if self._is_plain(name) and visible(name) == name and len(name) < 300 else "CASE"

    def _is_plain(self, text: str) -> bool:
        """Whether it may stand in a command: what is quoted for a shell is not found by masking any more."""
        return redacted(text, self.about.hosts) == text

    def _people(self) -> Iterator[str]:
        owner = self._owner()
        if owner and self.decision.action is IssueAction.FILE:
            yield f"cc {owner}"
        elif owner:
            yield f"Owner: {self.pen.code(owner)}"  # who was told once
        before = self.decision.before or None
        if before:
            closed = before.issue.closed_at or before.issue.created_at
            yield f"Earlier: #{before.issue.number} (closed {self.pen.day(closed)})."
        elif self.decision.issue:
            yield from _earlier(self.decision.issue.issue.body)

    def _owner(self) -> str | None:
        suite = self.hits[-1].said.suite
        return self.about.owners.of(self.decision.name, suite, self.about.repo) if self.about.owners else None

    def _foot(self) -> str:
        made = self.pen.code(f"ci_stat {self.about.version}")
        return f"{made}, {self.pen.moment(self.about.now, zone=True)}. What people write above and below this stays."


def _earlier(body: str) -> Iterator[str]:
    """The reference in our part of this text. Somebody else's words, wherever they stand, give none."""
    if read(body) is None or replaced(body, "") is None:
        return
    found = _EARLIER.search(body[body.index(BEGIN) : body.index(END)])
    if found:
        yield found[1]


def _and_more(left: int) -> str:
    return f" and {left:,} more" if left > 0 else ""

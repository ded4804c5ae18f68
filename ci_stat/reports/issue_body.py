"""An issue's title, and our part of its text: what failed, how often, since when, and what to do about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from shlex import quote

from msgspec.structs import replace

from ci_stat.analysis.evidence import INCIDENT, Evidence, Failing, Hit
from ci_stat.analysis.issue_rules import Decision
from ci_stat.analysis.silence import lower_bound
from ci_stat.escape import visible
from ci_stat.failures import title_name
from ci_stat.records import FailureKind, IssueAction, Marker
from ci_stat.reports.issue_about import About
from ci_stat.reports.issue_marker import block, hidden, remarked, replaced, trimmed
from ci_stat.reports.issue_parts import Pen, command, share
from ci_stat.reports.redaction import redacted
from ci_stat.reports.words import plural

TITLE, BODY = 256, 60_000  # characters; GitHub takes 65,536 of a text, and people write around ours
DAYS, MEMBERS, PLACES = 14, 50, 5  # shown of each
_HIDDEN = 20_000  # characters of a marker: a name that is longer leaves no room for text

# A reference of ours in the last lines of our part; before the marker, which no foreign text can have in it.
_EARLIER = re.compile(
    r"Earlier: #(\d{1,9}) \(closed (\d{4}-\d\d-\d\d)\)\.\s{1,8}---\s{1,8}[^\r\n]{0,300}\s{1,8}"
    r"<!-- ci_stat:issue:"
)


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
        """What speaks for the issue, oldest first."""
        failing = self.decision.failing
        return (failing.own or failing.hits) if failing else ()

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
        new = replaced(old, self.block()) if decision.failing else remarked(old, self.marker)
        return None if new == old else new

    @cached_property
    def marker(self) -> Marker:
        """As it is written: hidden is not secret."""
        assert self.decision.marker is not None  # of whatever is ours and written
        marker = trimmed(self.decision.marker)

        def clean(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(redacted(name, self.about.hosts) for name in names)

        (key,) = clean((marker.key,))
        return replace(marker, key=key, branches=clean(marker.branches), members=clean(marker.members))

    def block(self) -> str:
        """Our part, under `BODY` characters: of a failure with very long names less is shown."""
        text = ""
        for members, lines in ((MEMBERS, 30), (MEMBERS // 5, 10), (0, 3)):
            text = block(self._text(members, lines))
            if len(text) < BODY:
                break
        return text

    def _text(self, members: int, lines: int) -> str:
        parts = (
            self.pen.fence(self._message(), lines=10, size=2_000),
            "## Bug Report",
            "### 1. Minimal reproduce step (Required)", *self._steps(),
            "### 2. What did you expect to see? (Required)", self._expected(),
            "### 3. What did you see instead (Required)", *self._seen(members, lines),
            "### 4. What is your version? (Required)", self._version(),
            "### Why this issue is here", self._why(),
            "### How to silence it", "\n".join(self._silence()),
            *self._people(), "---", self._foot(),
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
        if line:
            yield pen.fence(line, "sh")
            yield (
                f"In the folder of {pen.code(where)}. " if where else ""
            ) + "It fails now and then: run it many times."
        else:
            last = self.hits[-1]
            commit = f" on commit {pen.code(last.run.commit)}" if last.run.commit else ""
            link = pen.link("the last run that failed", last.run.link)
            yield f"Run the job {pen.code(last.run.job)} again{commit}: {link}."

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
        if places:
            yield "The same failure in other jobs, or on other branches:"
            yield "\n".join(places)
        if self.decision.failing and self.decision.failing.members:
            yield "\n".join(self._members(self.decision.failing, members))
        yield "\n".join(self._days())
        excerpt = self.hits[-1].said.excerpt
        if excerpt:
            yield f"From the log of the {self.pen.link('last run that failed', self.hits[-1].run.link)}:"
            yield self.pen.fence(excerpt, lines=lines)

    def numbers(self) -> str:
        """How often, in how many runs, and how sure that is."""
        hits, evidence, pen = self.hits, self.evidence, self.pen
        failed = len({(hit.run.job, hit.run.number) for hit in hits})
        since = hits[0].run.started
        runs = max(failed, evidence.runs_between(since))
        jobs = ", ".join(pen.code(job, 80) for job in sorted({hit.run.job for hit in hits})[:PLACES])
        said = (
            f"Failed in **{failed:,} of {plural(runs, 'finished run')}** of {jobs} "
            f"from {pen.moment(since)} to {pen.moment(evidence.end, zone=True)}: {share(failed / runs)}, "
            f"and at least {share(lower_bound(failed, runs))} with 95% confidence."
        )
        total = self.decision.marker.failures if self.decision.marker else 0
        return f"{said} In all, {plural(total, 'run')} so far." if total > failed else said

    def _when(self) -> Iterator[str]:
        pen, marker, hits = self.pen, self.marker, self.hits
        first = pen.run(hits[0]) if hits[0].run.started <= marker.first else pen.moment(marker.first)
        yield f"- First seen: {first}"
        yield f"- Last seen: {pen.run(hits[-1])}"
        branches = [pen.code(branch, 80) for branch in dict.fromkeys(hit.run.branch for hit in hits) if branch]
        if branches:
            yield f"- Branches: {', '.join(branches[:PLACES])}{_and_more(len(branches) - PLACES)}"
        failed, passed = self.about.commits.get(self.decision.key, ("", ""))
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
        return f"{branch}, {commit}: those of the {pen.link('last run that failed', last.link)}."

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
        if self.about.silence_hint:
            yield f"- {pen.said(self.about.silence_hint)}"
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
        old = self.decision.issue.issue.body if self.decision.issue else ""
        if before:
            closed = before.issue.closed_at or before.issue.created_at
            yield f"Earlier: #{before.issue.number} (closed {self.pen.day(closed)})."
        elif found := _EARLIER.search(old):
            yield f"Earlier: #{found[1]} (closed {found[2]})."

    def _owner(self) -> str | None:
        suite = self.hits[-1].said.suite
        return self.about.owners.of(self.decision.name, suite, self.about.repo) if self.about.owners else None

    def _foot(self) -> str:
        made = self.pen.code(f"ci_stat {self.about.version}")
        return f"{made}, {self.pen.moment(self.about.now, zone=True)}. What people write above and below this stays."


def _and_more(left: int) -> str:
    return f" and {left:,} more" if left > 0 else ""

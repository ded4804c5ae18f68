"""Of an issue's text: what was seen (part 3): how often, since when, where else, and what the log says."""

from collections.abc import Iterator

from ci_stat.issues.evidence import Failing
from ci_stat.issues.text.markdown import share
from ci_stat.issues.text.subject import Subject
from ci_stat.rendering.format import plural
from ci_stat.statistics.intervals import lower_bound

DAYS, PLACES = 14, 5  # shown of each


def seen(subject: Subject, members: int, lines: int) -> Iterator[str]:
    """`members`: shown of an incident; `lines`: of the log; with none, nothing but the numbers."""
    yield numbers(subject)
    yield "\n".join(_when(subject))
    places = list(_elsewhere(subject))
    if places and lines:
        yield "The same failure in other jobs, or on other branches:"
        yield "\n".join(places)
    if subject.decision.failing and subject.decision.failing.members and lines:
        yield "\n".join(_members(subject, subject.decision.failing, members))
    yield "\n".join(_days(subject))
    excerpt = subject.hits[-1].said.excerpt
    if excerpt and lines:
        yield f"From the log of {subject.last_run()}:"
        yield subject.pen.fence(excerpt, lines=lines)


def numbers(subject: Subject) -> str:
    """How often, in how many runs, and how sure that is."""
    evidence, pen = subject.evidence, subject.pen
    failed, runs, since = subject.counted()
    jobs = ", ".join(
        pen.code(job, 80) for job in sorted({hit.run.job for hit in subject.hits})[:PLACES]
    )
    said = (
        f"Failed in **{failed:,} of {plural(runs, 'finished run')}** of {jobs} "
        f"from {pen.moment(since)} to {pen.moment(evidence.end, zone=True)}: {share(failed / runs)}, "
        f"and at least {share(lower_bound(failed, runs))} with 95% confidence."
    )
    total = subject.decision.marker.failures if subject.decision.marker else 0
    return f"{said} In all, {plural(total, 'run')} so far." if total > failed else said


def _when(subject: Subject) -> Iterator[str]:
    pen, marker, hits = subject.pen, subject.marker, subject.hits
    first = pen.run(hits[0]) if hits[0].run.started == marker.first else pen.moment(marker.first)
    last = pen.run(hits[-1]) if hits[-1].run.started >= marker.last else pen.moment(marker.last)
    yield f"- First seen: {first}"
    yield f"- Last seen: {last}"
    branches = [
        pen.code(branch, 80) for branch in dict.fromkeys(hit.run.branch for hit in hits) if branch
    ]
    if branches:
        yield f"- Branches: {', '.join(branches[:PLACES])}{_and_more(len(branches) - PLACES)}"
    failed, passed = subject.commits
    if failed:
        yield f"- Commit of the first failure: {pen.code(failed)}"
    if passed:
        yield f"- Commit of the last pass before it: {pen.code(passed)}"


def _elsewhere(subject: Subject) -> Iterator[str]:
    places = subject.decision.failing.elsewhere if subject.decision.failing else ()
    for each in places[:PLACES]:
        branch = f" on {subject.pen.code(each.branch, 80)}" if each.branch else ""
        yield f"- {subject.pen.code(each.job, 100)}{branch}: {subject.pen.link(plural(each.runs, 'run'), each.link)}"
    if len(places) > PLACES:
        yield f"- and {plural(len(places) - PLACES, 'place')} more"


def _members(subject: Subject, failing: Failing, most: int) -> Iterator[str]:
    """The tests of an incident, and in how many of its runs each failed."""
    runs = {(hit.run.job, hit.run.number) for hit in failing.hits}
    yield f"The {plural(len(failing.members), 'test')} that failed together:\n"
    for key, name in list(failing.members.items())[:most]:
        own = subject.evidence.failing.get(key)
        n = len({(hit.run.job, hit.run.number) for hit in own.hits} & runs) if own else 0
        yield f"- {subject.pen.code(name)}" + (f" in {plural(n, 'run')}" if n else "")
    if len(failing.members) > most:
        yield f"- and {len(failing.members) - most:,} more"


def _days(subject: Subject) -> Iterator[str]:
    days = sorted(subject.marker.days.items(), reverse=True)
    yield f"| Day ({subject.pen.zone_name}) | Failed runs |"
    yield "|---|---:|"
    for day, n in days[:DAYS]:
        yield f"| {day} | {n:,} |"
    before = subject.marker.older + sum(n for _, n in days[DAYS:])
    if before:
        yield f"| before | {before:,} |"


def _and_more(left: int) -> str:
    return f" and {left:,} more" if left > 0 else ""

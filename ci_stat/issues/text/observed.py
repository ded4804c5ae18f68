"""Part 3 of an issue's block, what was seen: how often, since when, where, and the log."""

from collections.abc import Iterator

from ci_stat.issues.evidence import FailureHistory, run_keys
from ci_stat.issues.text.markdown import share
from ci_stat.issues.text.subject import Subject
from ci_stat.rendering.format import part_of, plural
from ci_stat.statistics.intervals import lower_bound

DAYS, PLACES = 14, 5  # shown of each


def seen(subject: Subject, members: int, lines: int) -> Iterator[str]:
    """Yield the paragraphs.

    - `members`: shown tests of an incident.
    - `lines`: of the log; 0 leaves only the numbers.
    """
    history = subject.decision.history
    yield numbers(subject)
    yield "\n".join(_when(subject))
    if history and history.elsewhere and lines:
        yield "The same failure in other jobs or on other branches:"
        yield "\n".join(_elsewhere(subject, history))
    if history and history.members and lines:
        yield "\n".join(_members(subject, history, members))
    yield "\n".join(_days(subject))

    excerpt = subject.occurrences[-1].failure.excerpt
    if excerpt and lines:
        yield f"From the log of {subject.last_run()}:"
        yield subject.pen.fence(excerpt, lines=lines)


def numbers(subject: Subject) -> str:
    """How often it failed, in how many runs, and the confidence bound of the rate."""
    pen = subject.pen
    failed, runs, since = subject.counted()
    names = sorted({occurrence.run.job for occurrence in subject.occurrences})
    jobs = ", ".join(pen.code(name, 80) for name in names[:PLACES])
    end = pen.moment(subject.evidence.end, zone=True)
    least = f"at least {share(lower_bound(failed, runs))} with 95% confidence"
    # 100% of two runs says nothing that the runs did not say.
    rate = f": {share(failed / runs)}, and {least}." if failed < runs else f". The rate is {least}."
    sentence = (
        f"Failed in **{part_of(failed, runs, 'finished run')}** of {jobs} "
        f"from {pen.moment(since)} to {end}{rate}"
    )

    marker = subject.decision.marker
    total = marker.failures if marker else 0
    return f"{sentence} {plural(total, 'failed run')} in total." if total > failed else sentence


def _when(subject: Subject) -> Iterator[str]:
    pen, marker, occurrences = subject.pen, subject.marker, subject.occurrences
    first, last = occurrences[0], occurrences[-1]
    knows_first = first.run.started == marker.first
    knows_last = last.run.started >= marker.last
    yield f"- First seen: {pen.run(first) if knows_first else pen.moment(marker.first)}"
    yield f"- Last seen: {pen.run(last) if knows_last else pen.moment(marker.last)}"

    if package := occurrences[-1].failure.package:
        yield f"- Package: {pen.code(package)}"
    branches = list(
        dict.fromkeys(filter(None, (occurrence.run.branch for occurrence in occurrences)))
    )
    if branches:
        shown = ", ".join(pen.code(branch, 80) for branch in branches[:PLACES])
        yield f"- Branches: {shown}{_and_more(len(branches) - PLACES)}"

    failed, passed = subject.commits
    if failed:
        yield f"- Commit of the first failure: {pen.code(failed)}"
    if passed:
        yield f"- Commit of the last pass before it: {pen.code(passed)}"


def _elsewhere(subject: Subject, history: FailureHistory) -> Iterator[str]:
    pen, places = subject.pen, history.elsewhere
    for place in places[:PLACES]:
        branch = f" on {pen.code(place.branch, 80)}" if place.branch else ""
        runs = pen.link(plural(place.runs, "run"), place.link)
        yield f"- {pen.code(place.job, 100)}{branch}: {runs}"
    if len(places) > PLACES:
        yield f"- and {plural(len(places) - PLACES, 'place')} more"


def _members(subject: Subject, incident: FailureHistory, limit: int) -> Iterator[str]:
    """The tests of an incident, with the number of its runs in which each failed."""
    runs = run_keys(incident.occurrences)
    yield f"The {plural(len(incident.members), 'test')} that failed together:\n"
    for key, name in list(incident.members.items())[:limit]:
        history = subject.evidence.histories.get(key)
        shared = len(run_keys(history.occurrences) & runs) if history else 0
        in_runs = f" in {plural(shared, 'run')}" if shared else ""
        yield f"- {subject.pen.code(name)}{in_runs}"
    if len(incident.members) > limit:
        yield f"- and {len(incident.members) - limit:,} more"


def _days(subject: Subject) -> Iterator[str]:
    days = sorted(subject.marker.days.items(), reverse=True)
    yield f"| Day ({subject.pen.zone_name}) | Failed runs |"
    yield "|---|---:|"
    for day, count in days[:DAYS]:
        yield f"| {day} | {count:,} |"

    before = subject.marker.older + sum(count for _, count in days[DAYS:])
    if before:
        yield f"| before | {before:,} |"


def _and_more(left: int) -> str:
    return f" and {left:,} more" if left > 0 else ""

"""Sentences about a search, which all forms of output share. Texts of commits are raw."""

from collections.abc import Iterator
from math import floor

from ci_stat.commit_tests.culprit.model import (
    Commit,
    Conclusion,
    Confirmation,
    Counts,
    End,
    Form,
    Kind,
)
from ci_stat.rendering.document import cut
from ci_stat.rendering.format import part_of, plural
from ci_stat.statistics.change_belief import Counted

SHA = 10  # characters that are shown
_SUBJECT = 72
_ENDS = {
    End.BUDGET: "The budget of runs is spent.",
    End.INFRASTRUCTURE: "The infrastructure failed too often in a row.",
    End.NOTHING_TO_RUN: "No commit of the range can be run.",
    End.INTERRUPTED: "The search was interrupted.",
}


def short(sha: str) -> str:
    return sha[:SHA]


def named(commit: Commit) -> str:
    """A commit with the begin of its subject."""
    return f"{short(commit.sha)} {cut(commit.subject, _SUBJECT)}".rstrip()


def chance(probability: float) -> str:
    """A probability in percent that never rounds to certainty."""
    if probability >= 0.99:
        return f"{min(floor(probability * 10_000) / 100, 99.99):g}%"
    return f"{probability:.1%}" if probability >= 0.0005 else "under 0.1%"


def rate(value: float) -> str:
    """An expected failure rate in percent."""
    if 0.005 <= value <= 0.995:
        return f"about {value:.0%}"
    return "under 1%" if value < 0.5 else "over 99%"


def runs_words(counted: Counted, is_broken: bool) -> str:
    """The failed runs of a commit."""
    if is_broken:
        return "broken"
    return f"{counted.failed:.0f} of {counted.runs:.0f}" if counted.runs else ""


def headline(conclusion: Conclusion) -> str:
    """The conclusion in a few words."""
    inner = conclusion.innermost
    if inner.kind is Kind.NO_CULPRIT and inner is conclusion:
        return f"No culprit: {_form(inner)} ({chance(inner.probability)})"
    if inner.kind is Kind.CULPRIT:
        return f"{_culprits(inner)} ({chance(inner.probability)})"
    if inner is not conclusion:
        return f"Merge {short(conclusion.named[0].sha)} ({chance(conclusion.probability)})"
    return f"Not sure: {_likeliest(inner)}"


def sentences(conclusion: Conclusion) -> Iterator[str]:
    """What is concluded, from which runs, and why the search ended."""
    if conclusion.kind is Kind.NO_CULPRIT:
        yield from _no_culprit(conclusion)
    elif conclusion.kind is Kind.CULPRIT:
        yield from _sides(conclusion)
        yield from _confirmed(conclusion)
    else:
        yield from _unsure(conclusion)
    if conclusion.end is not End.SURE:
        yield _ENDS[conclusion.end]
    yield from conclusion.notes


def _culprits(conclusion: Conclusion) -> str:
    first = conclusion.named[0]
    if len(conclusion.named) == 1:
        return f"Culprit: {named(first)}"
    return f"Culprit: one of {len(conclusion.named)} commits up to {named(conclusion.named[-1])}"


def _form(conclusion: Conclusion) -> str:
    counts = conclusion.after
    if conclusion.form is Form.FAILS_BEFORE:
        return "the test fails at the good commit too"
    if conclusion.form is Form.NOT_REPRODUCED:
        return "the test does not fail"
    return f"the test is flaky, at {rate(counts.rate)}"


def _no_culprit(conclusion: Conclusion) -> Iterator[str]:
    good, all_runs = conclusion.before, conclusion.after
    yield (
        f"It failed in {part_of(all_runs.failed, all_runs.runs, 'run')} of all commits, and in"
        f" {part_of(good.failed, good.runs, 'run')} of the good commit."
    )
    yield (
        "No commit of the range changed that noticeably. A change from 0 to 4%, from 10 to 25% or"
        " from 50 to 70% would begin to count."
    )


def _sides(conclusion: Conclusion) -> Iterator[str]:
    since = "that commit" if len(conclusion.named) == 1 else "these commits"
    yield (
        f"Before {since}, it failed in {_counted(conclusion.before)}; since then, in"
        f" {_counted(conclusion.after)}."
    )
    if len(conclusion.named) > 1:
        yield "The others among them do not build, so no run can tell them apart."


def _counted(counts: Counts) -> str:
    return f"{part_of(counts.failed, counts.runs, 'run')} ({rate(counts.rate)})"


def _confirmed(conclusion: Conclusion) -> Iterator[str]:
    confirmation = conclusion.confirmation
    if confirmation is None:
        yield "It was not confirmed by runs of it and its parent."
    elif confirmation.is_reached:
        yield f"Confirmed: {confirmation_words(confirmation)}"


def confirmation_words(confirmation: Confirmation) -> str:
    """The runs that confirm, and the level that they reach."""
    pairs = confirmation.pairs
    return (
        f"run in turn, {short(confirmation.suspect)} failed in"
        f" {part_of(confirmation.failed_suspect, pairs, 'run')}, and"
        f" {short(confirmation.parent)} before it in"
        f" {part_of(confirmation.failed_parent, pairs, 'run')} ({chance(confirmation.level)})."
    )


def _unsure(conclusion: Conclusion) -> Iterator[str]:
    yield f"No culprit at all: {chance(conclusion.no_culprit)}."
    if len(conclusion.named) > 1:
        first, last = conclusion.named[0], conclusion.named[-1]
        yield (
            f"One of {plural(len(conclusion.named), 'commit')}: {chance(conclusion.probability)},"
            f" from {named(first)} to {named(last)}."
        )
    confirmation = conclusion.confirmation
    if confirmation is not None and confirmation.pairs:
        yield f"Not confirmed yet: {confirmation_words(confirmation)}"


def _likeliest(conclusion: Conclusion) -> str:
    likeliest = max(conclusion.suspicions, key=lambda entry: entry.probability)
    return f"the likeliest is {named(likeliest.commit)} ({chance(likeliest.probability)})"

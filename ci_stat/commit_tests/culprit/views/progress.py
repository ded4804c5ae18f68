"""The belief while a search runs: as a document for a terminal, or a line for each change."""

from collections.abc import Iterator

from ci_stat.commit_tests.culprit.model import Observation
from ci_stat.commit_tests.culprit.service import Progress
from ci_stat.commit_tests.culprit.views.bars import bar, strip
from ci_stat.commit_tests.culprit.views.words import chance, named, runs_words, short
from ci_stat.rendering.document import Document, Paragraph, Span, Table, Text, Tone, text
from ci_stat.rendering.format import plural
from ci_stat.statistics.change_belief import Counted

_SUSPECTS = 6  # shown
_BAR = 16  # cells
_STRIP = 60  # cells


def progress_document(progress: Progress) -> Document:
    """The likeliest suspects with bars, the whole range as a strip, and the runs so far."""
    search, assessment = progress.search, progress.assessment
    title = f"{plural(len(search.commits.suspects), 'suspect')}, {_runs(progress)}"
    shares = assessment.belief.suspects[0].tolist()
    return Document(
        title=title,
        subtitle=_activity(progress),
        tone=Tone.PLAIN,
        summary=title,
        blocks=(
            Paragraph((text(Span(strip(shares, _STRIP), Tone.BAD)),)),
            Table("", ("suspect", "belief", "", "failed"), tuple(_rows(progress)), essential=True),
        ),
    )


def progress_line(progress: Progress) -> str:
    """The belief on one line."""
    assessment = progress.assessment
    leader = progress.search.commits.at(assessment.leader.last)
    likeliest = f"{named(leader)} {chance(assessment.leader.probability)}"
    return f"{_runs(progress)}: {likeliest}, no culprit {chance(assessment.no_culprit)}"


def observation_line(observation: Observation) -> str:
    """What a run said."""
    confirming = " (to confirm)" if observation.confirms else ""
    detail = f": {observation.detail}" if observation.detail else ""
    return f"{short(observation.commit)} {observation.answer}{confirming}{detail}"


def _runs(progress: Progress) -> str:
    return f"{progress.assessment.evidence.own_runs:,} of {progress.search.rules.budget:,} runs"


def _activity(progress: Progress) -> str:
    running = [short(progress.search.commits.at(trial.place).sha) for trial in progress.open_trials]
    doing = "confirming" if progress.assessment.confirms else "running"
    return f"{doing}: {', '.join(running)}" if running else ""


def _rows(progress: Progress) -> Iterator[tuple[Text, ...]]:
    assessment = progress.assessment
    shares = assessment.belief.suspects[0].tolist()
    likeliest = sorted(range(len(shares)), key=lambda index: -shares[index])[:_SUSPECTS]
    for index in sorted(likeliest):
        yield _row(progress, index + 1, shares[index])
    none = assessment.no_culprit
    yield text("no culprit"), text(chance(none)), text(Span(bar(none, _BAR), Tone.WARN)), ()


def _row(progress: Progress, place: int, share: float) -> tuple[Text, ...]:
    evidence = progress.assessment.evidence
    return (
        text(named(progress.search.commits.at(place))),
        text(chance(share)),
        text(Span(bar(share, _BAR), Tone.BAD)),
        text(runs_words(evidence.counts.get(place, Counted()), place in evidence.unusable)),
    )

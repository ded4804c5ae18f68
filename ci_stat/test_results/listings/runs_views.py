"""The list of runs as JSON, CSV and document."""

from typing import Any

from ci_stat.rendering.document import (
    Document,
    Paragraph,
    Span,
    Table,
    Text,
    Tone,
    cut,
    cut_name,
    text,
)
from ci_stat.rendering.format import plural
from ci_stat.test_results.flakiness.data import run_data, window_data
from ci_stat.test_results.flakiness.words import window_words
from ci_stat.test_results.labels_text import label_pairs
from ci_stat.test_results.listings.runs import ListedRun, ListedRuns
from ci_stat.test_results.views.words import short_commit, short_run

Row = dict[str, Any]

_COLUMNS = ("run", "started (UTC)", "branch", "commit", "tests", "failed", "flaky")


def runs_data(listing: ListedRuns) -> Row:
    """The runs; `total` counts those beyond the limit too."""
    return {
        "window": window_data(listing.window),
        "total": listing.total,
        "shown": len(listing.runs),
        "runs": runs_rows(listing),
    }


def runs_rows(listing: ListedRuns) -> list[Row]:
    """One row a run. `seconds` is the time of all attempts of all tests."""
    return [_row(listed) for listed in listing.runs]


def _row(listed: ListedRun) -> Row:
    counts = listed.counts
    return {
        "id": listed.run.id,
        "name": short_run(listed.run),
        **run_data(listed.run),
        "tests": counts.tests,
        "passed": counts.passed,
        "failed": counts.failed,
        "errors": counts.errors,
        "skipped": counts.skipped,
        "flaky": counts.flaky,
        "attempts": counts.runs,
        "seconds": round(counts.seconds, 3),
        "is_whole": listed.is_whole,
    }


def runs_document(listing: ListedRuns) -> Document:
    """The runs as a table."""
    title = plural(listing.total, "run")
    more = listing.total - len(listing.runs)
    rows = tuple(_cells(listed) for listed in listing.runs)
    blocks: list[Table | Paragraph] = [Table("", _COLUMNS, rows, more=more, what="more run")]
    if any(not listed.is_whole for listed in listing.runs):
        words = "* a result file is empty, cut or broken: tests may be missing"
        blocks.append(Paragraph((text(Span(words, Tone.WARN)),)))
    return Document(
        title=title,
        subtitle=window_words(listing.window),
        tone=Tone.PLAIN,
        summary=title,
        blocks=tuple(blocks),
    )


def _cells(listed: ListedRun) -> tuple[Text, ...]:
    info, counts = listed.run.info, listed.counts
    labels = label_pairs(info.labels)
    separator = "" if info.number is not None else " "
    name = f"{info.job}{separator}{short_run(listed.run)}{f' ({labels})' if labels else ''}"
    failed = counts.failed + counts.errors
    mark = "" if listed.is_whole else " *"
    return (
        text(cut_name(name, 160)),
        text(f"{listed.run.started:%Y-%m-%d %H:%M}"),
        text(cut(info.branch, 80)),
        text(cut(short_commit(info.commit), 12)),
        text(f"{counts.tests:,}{mark}"),
        text(Span(f"{failed:,}", Tone.BAD if failed else Tone.PLAIN)),
        text(f"{counts.flaky:,}"),
    )

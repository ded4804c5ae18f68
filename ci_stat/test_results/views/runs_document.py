"""Runs with test results as a table, for notebooks."""

from collections.abc import Sequence
from datetime import datetime

from ci_stat.rendering.document import Document, Table, Text, Tone, cut, linked, text
from ci_stat.rendering.format import plural
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.cases.history import labels_words

_ROWS = 20


def runs_document(runs: Sequence[StoredRun], begin: datetime, end: datetime) -> Document:
    """The newest runs, newest first, and the number of all."""
    rows = tuple(_row(run) for run in runs[::-1][:_ROWS])
    columns = ("started (UTC)", "run", "labels", "commit", "branch")
    table = Table("", columns, rows, 100, len(runs) - len(rows), "more run")
    title = plural(len(runs), "run")
    window = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    return Document(title, window, Tone.PLAIN, title, (table,) if rows else ())


def _row(run: StoredRun) -> tuple[Text, ...]:
    info = run.info
    number = f" #{info.number}" if info.number is not None else ""
    attempt = f".{info.attempt}" if info.attempt > 1 else ""
    return (
        text(f"{run.started:%Y-%m-%d %H:%M}"),
        text(linked(f"{cut(info.job, 100)}{number}{attempt}", info.url)),
        text(cut(labels_words(info.labels), 100)),
        text(cut(info.commit[:12], 12)),
        text(cut(info.branch, 100)),
    )

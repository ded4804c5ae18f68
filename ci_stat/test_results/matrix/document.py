"""The entries of a matrix as a table for people."""

from collections.abc import Sequence

from ci_stat.rendering.document import Document, Table, Tone, cut_name, text
from ci_stat.rendering.format import plural
from ci_stat.test_results.matrix.model import Entry, text_of

_VALUE = 60  # characters


def matrix_document(entries: Sequence[Entry], type_: str) -> Document:
    """The document: a row for each entry."""
    names = list(dict.fromkeys(name for entry in entries for name in entry.values | entry.extra))
    rows = []
    for entry in entries:
        values = entry.values | entry.extra
        texts = [text_of(values[name]) if name in values else "–" for name in names]
        rows.append(tuple(text(cut_name(value, _VALUE)) for value in texts))
    count = plural(len(entries), "entry", "entries")
    title = f"{count} of type {type_}"
    return Document(
        title=title,
        subtitle="",
        tone=Tone.PLAIN,
        summary=title,
        blocks=(Table("", tuple(names), tuple(rows)),),
    )

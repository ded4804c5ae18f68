"""Writes a summary as files: JSON, HTML, JUnit XML, Markdown."""

import json
from collections.abc import Sequence
from pathlib import Path

from ci_stat.errors import UsageError, WriteError
from ci_stat.escape import visible
from ci_stat.formats.files import open_output
from ci_stat.formats.junit_write import write_junit
from ci_stat.rendering.as_html import page
from ci_stat.rendering.as_markdown import as_markdown
from ci_stat.test_results.aggregating.data import summary_data
from ci_stat.test_results.aggregating.document import summary_document
from ci_stat.test_results.aggregating.model import Summary
from ci_stat.test_results.aggregating.service import AGGREGATE, NO_NAME
from ci_stat.test_results.running.collected import suites_of

FORMATS = {
    "json": "summary.json",
    "html": "summary.html",
    "junit": "junit.xml",
    "markdown": "summary.md",
}
_SUFFIXES = {".json": "json", ".html": "html", ".xml": "junit", ".md": "markdown"}
HTML_TESTS = 1000  # that a page names; it says how many more there are
_HTML_LINES = 30  # of the text of a failure


def parse_formats(text: str | None) -> list[str]:
    """Return the formats of `json,html`. Raises UsageError."""
    if text is None:
        return []
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        shown = visible(text, 80)
        raise UsageError(f"--format {shown!r} is unknown.", f"Formats: {', '.join(FORMATS)}.")
    return list(dict.fromkeys(names))


def targets(output: str, formats: Sequence[str]) -> dict[str, str]:
    """Return the file of each format: `output` itself for one format, else files in that folder.

    Without formats, the suffix of `output` decides; a folder gets all. Raises UsageError.
    """
    path = Path(output)
    suffix = _SUFFIXES.get(path.suffix.lower())
    is_folder = path.is_dir() or output.endswith("/")
    if not is_folder and suffix and list(formats) in ([], [suffix]):
        return {suffix: output}
    if not is_folder and len(formats) == 1 and path.suffix:
        return {formats[0]: output}
    if path.is_file():
        shown = visible(output, 200)
        raise UsageError(f"--output {shown!r} is a file.", "Several formats need a folder.")
    return {name: str(path / FORMATS[name]) for name in formats or FORMATS}


def write_summary(summary: Summary, files: dict[str, str], limit: int) -> None:
    """Write the files. `limit`: tests in JSON and Markdown. Raises WriteError."""
    for form, name in files.items():
        _make_folder(Path(name).parent)
        with open_output(name) as file:
            if form == "junit":
                suites = [
                    suite
                    for entry in summary.entries
                    for suite in suites_of(
                        entry.tests,
                        "" if entry.name == NO_NAME else f"[{entry.name}]",
                        [(f"label.{key}", value) for key, value in sorted(entry.labels.items())],
                    )
                ]
                write_junit(file, suites, AGGREGATE)
            else:
                file.write(_text(form, summary, limit))


def _text(form: str, summary: Summary, limit: int) -> str:
    if form == "json":
        return json.dumps(summary_data(summary, limit), indent=2) + "\n"
    if form == "html":
        return page(summary_document(summary, HTML_TESTS, _HTML_LINES), style="card")
    return as_markdown(summary_document(summary, limit))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        shown = visible(folder, 200)
        raise WriteError(f"Cannot create the folder {shown}: {error.strerror}.") from None

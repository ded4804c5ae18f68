"""`ci-stat tests aggregate`: join the result files of a matrix."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from ci_stat.cli.work import output as printing
from ci_stat.cli.work.tests.ending import require_pass
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.format import plural
from ci_stat.runs.progress_bar import counting
from ci_stat.test_results.aggregating.data import summary_data
from ci_stat.test_results.aggregating.document import summary_document
from ci_stat.test_results.aggregating.expected import read_expected
from ci_stat.test_results.aggregating.labels import LabelPattern
from ci_stat.test_results.aggregating.model import Summary
from ci_stat.test_results.aggregating.output import parse_formats, targets, write_summary
from ci_stat.test_results.aggregating.service import aggregate as joined
from ci_stat.test_results.inputs import find_inputs


def aggregate(
    paths: Sequence[str],
    output: str | None,
    formats: str | None,
    expect: Sequence[str],
    patterns: Sequence[str],
    limit: int,
    as_json: bool,
    color: str,
) -> None:
    names = parse_formats(formats)
    files = targets(output or ".", names) if output or names else {}
    expected = read_expected(expect)
    label_patterns = [LabelPattern(pattern) for pattern in patterns]
    roots = [path for path in paths if os.path.isdir(path)]
    with ExitStack() as open_files:
        inputs = list(find_inputs(paths, sys.stdin.buffer, open_files))
        with counting("Reading", len(inputs), "files") as advance:
            summary = joined(inputs, roots, expected, label_patterns, advance)

    write_summary(summary, files, limit)
    printing.print_either(
        summary_data(summary, limit), on_terminal(summary_document(summary, limit)), as_json, color
    )
    _require_pass(summary)


def _require_pass(summary: Summary) -> None:
    failed = summary.counts.failed + summary.counts.errors
    unknown = [] if summary.is_whole else _unknown(summary)
    place = "The summary above"
    require_pass(failed, unknown, place, f"{place} names them.")


def _unknown(summary: Summary) -> list[str]:
    parts = []
    if summary.missing:
        entries = plural(len(summary.missing), "matrix entry is", "matrix entries are")
        parts.append(f"{entries} missing")
    if summary.problems:
        parts.append(plural(len(summary.problems), "result is", "results are") + " not whole")
    if not summary.counts.tests:
        parts.append("no test ran")
    return parts

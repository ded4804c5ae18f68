"""Tries what `ci-stat init` is about to write."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from ci_stat.cli.work.check import CI_DATABASE, Check, checks
from ci_stat.cli.work.init.answers import Answers, values_of
from ci_stat.config import KEYS, Settings, Value
from ci_stat.context import Context, real_time
from ci_stat.errors import (
    BadRecord,
    CiStatError,
    SchemaMismatch,
    ServerUnreachable,
    SettingsError,
)
from ci_stat.formats.jsonl import decode_line
from ci_stat.rendering.format import plural
from ci_stat.runs.import_runs import open_input
from ci_stat.runs.sync_github.ranges import Range
from ci_stat.store.ci_data.stored_builds import has_table
from ci_stat.store.embedded import is_embedded

_SOURCE = "ci-stat init"
_DAYS = 30
_LINES = 1_000  # of a file of runs that are tried


def checks_of(answers: Answers, existing: Mapping[str, Any]) -> Iterator[Check]:
    """Try what the file would set up. Raises SettingsError or UsageError for invalid answers."""
    merged = dict(existing) | values_of(answers, existing)
    texts = {
        key: Value(str(value), _SOURCE)
        for key, value in merged.items()
        if key in KEYS and value not in (None, "")
    }
    settings = Settings(texts)
    has_database = bool(merged.get("url") or merged.get("host"))
    said = set()
    with Context(settings) as context:
        for result in _results(answers, context, has_database):
            message = result.error.message if result.error else ""
            if not message or message not in said:
                yield result
            said.add(message)


def _results(answers: Answers, context: Context, has_database: bool) -> Iterator[Check]:
    """All results; an invalid setting fails all checks that need it."""
    for result in checks(context):
        if result.name != CI_DATABASE:
            yield result
        elif has_database or not isinstance(result.error, ServerUnreachable):
            yield _to_be_filled(result, answers, context)
    if answers.github:
        yield _workflow_runs(answers.repository, context)
    if answers.files:
        yield _file_of_runs(answers.files, context)


def _to_be_filled(result: Check, answers: Answers, context: Context) -> Check:
    """The result for the CI database; a sync or an import may still have to create the table."""
    fills = answers.github or answers.jenkins or answers.files
    if isinstance(result.error, ServerUnreachable) and _lacks_file(context):
        if fills:
            return Check(result.name, "ok, the first import or sync creates the file")
        hint = "Correct the path. For a new file, also say what fills it: --github, --jenkins, ..."
        return Check(result.name, error=ServerUnreachable(result.error.message, hint))
    if not fills or not isinstance(result.error, SchemaMismatch):
        return result
    if has_table(context.source.engine):
        return result
    return Check(result.name, "ok, the first import or sync creates the table ci_data")


def _lacks_file(context: Context) -> bool:
    """Whether the database is a SQLite file that does not exist."""
    engine = context.source.engine
    return is_embedded(engine) and not Path(engine.url.database or "").exists()


def _workflow_runs(repo: str, context: Context) -> Check:
    """Ask GitHub for the newest workflow runs: a token may lack the right to read them."""
    client = context.logs.actions
    now = real_time()
    recent = Range(int((now - timedelta(days=_DAYS)).timestamp()), int(now.timestamp()))
    try:
        page = client.run_page(client.runs_target(repo, recent.created))
    except CiStatError as error:
        return Check("GitHub Actions", error=error)
    runs = plural(page.total, "workflow run")
    limits = ", without a token: 60 requests an hour, and no logs" if client.is_anonymous else ""
    return Check("GitHub Actions", f"ok, {runs} in the last {_DAYS} days{limits}")


def _file_of_runs(file: str, context: Context) -> Check:
    """Decode the first lines of a file of runs."""
    bad = []
    number = 0
    try:
        zone = context.source.origin.zone
        with open_input(file) as lines:
            for number, line in enumerate(islice(lines, _LINES), 1):
                try:
                    _ = line.strip() and decode_line(line, zone)
                except BadRecord as error:
                    bad.append(f"line {number}: {error}")
    except CiStatError as error:
        return Check("files", error=error)
    if number == len(bad):
        why = bad[0] if bad else "it is empty"
        return Check("files", error=SettingsError(f"{file} has no run: {why}.", "docs/formats.md"))
    warning = f"{plural(len(bad), 'line')} cannot be read, the first is {bad[0]}" if bad else ""
    return Check("files", f"ok, {file}, {plural(number - len(bad), 'line')} read", warning=warning)

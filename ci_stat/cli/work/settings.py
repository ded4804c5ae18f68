"""`ci-stat config`: show the settings that are set, by feature, and their sources."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ci_stat.cli.work import output
from ci_stat.config import PATH_VARIABLE, Settings, load
from ci_stat.config.settings import Shown
from ci_stat.escape import visible
from ci_stat.rendering.format import plural


def config(check: bool, show_all: bool, as_json: bool) -> None:
    settings = load()
    output.warn(settings)
    rows = [row for row in settings.shown() if show_all or row.is_set]

    if not as_json:
        output.print_table(_screen(rows, settings, show_all), "auto")
        if check:
            _check(settings)
    elif check:
        _check(settings, _data(rows, settings))
    else:
        output.print_json(_data(rows, settings))


def _check(settings: Settings, data: dict[str, Any] | None = None) -> None:
    """Print the checks, or add them to the JSON data and print it."""
    from ci_stat.cli.work.check_output import print_checks, print_checks_as_json  # SQLAlchemy

    if data is None:
        print_checks(settings)
    else:
        print_checks_as_json(settings, data)


def _data(rows: Sequence[Shown], settings: Settings) -> dict[str, Any]:
    return {
        "file": settings.file,
        "warnings": list(settings.warnings),
        "settings": [
            {
                "group": row.group,
                "key": row.key,
                "value": row.value,
                "source": row.source,
                "purpose": row.purpose,
            }
            for row in rows
        ],
    }


# The screen


def _screen(rows: Sequence[Shown], settings: Settings, show_all: bool) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    for _ in range(3 if show_all else 2):
        table.add_column(overflow="fold")
    for title in dict.fromkeys(row.group for row in rows):
        table.add_row(Text(title, "bold underline"))
        _add([row for row in rows if row.group == title], table, settings, show_all)
        table.add_row("")
    return Group(*([table] if rows else []), *_foot(rows, settings, show_all))


def _add(rows: Sequence[Shown], table: Table, settings: Settings, with_purpose: bool) -> None:
    for row in rows:
        cells = [Text(row.key, "bold"), Text(visible(row.value)), Text(_source(row, settings))]
        style = "" if row.is_set else "dim"
        table.add_row(*cells, *([Text(row.purpose)] if with_purpose else []), style=style)


def _source(row: Shown, settings: Settings) -> str:
    """Where the value is from; the file by its name, as the last line has its path."""
    is_file = settings.file is not None and row.source == settings.file
    return visible(Path(row.source).name if is_file else row.source)


def _foot(rows: Sequence[Shown], settings: Settings, show_all: bool) -> Iterator[Text]:
    if not rows:
        yield Text("Nothing is set: the data is in SQLite files in your data folder.\n")
    file = settings.file or f"none ({PATH_VARIABLE} is not set)"
    yield Text(visible(f"settings file: {file}"))
    if not show_all:
        left = len(settings.shown()) - len(rows)
        yield Text(f"{plural(left, 'more setting')} with defaults: ci-stat config --all", "dim")

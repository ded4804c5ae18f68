"""A comparison as a rich renderable: totals, failures, jobs and durations."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.rendering.format import clock, duration, filters, percent, plural, span, staleness
from ci_stat.rendering.terminal.columns import Column, FirstFitting, Fitted, Role
from ci_stat.result.comparing import (
    Change,
    Comparison,
    DurationChange,
    FailureChange,
    JobChange,
    Side,
)
from ci_stat.result.comparing.changes import Duration, Rate, RateChange
from ci_stat.result.comparing.durations import LEAST_RUNS
from ci_stat.runs.views.cells import Cell
from ci_stat.statistics.intervals import Interval

T = TypeVar("T", FailureChange, JobChange, DurationChange)
_STYLES = {
    Change.NEW: "bold red",
    Change.WORSE: "bold red",
    Change.SLOWER: "bold red",
    Change.GONE: "bold green",
    Change.BETTER: "bold green",
    Change.FASTER: "bold green",
    Change.SAME: "dim",
}


_Rated = FailureChange | JobChange
_BY_CHANCE = "chance"
_NAME = 90  # characters of a name that a table must have room for
_FEW = 5  # rows of a list in which all changes may be chance


def comparison_table(
    comparison: Comparison, limit: int, everything: bool = False
) -> RenderableType:
    """Show a comparison; each list has up to `limit` rows and the number of the others.

    `everything`: also show all changes that may be chance; otherwise a few, if others are fewer.
    """
    if comparison.is_empty:
        return Group(*_heading(comparison), *_feet(comparison))

    failures = _shown(comparison.failures, limit, everything)
    jobs = _shown(comparison.jobs, limit, everything)
    durations = _shown(comparison.durations, limit, everything)
    return Group(
        *_heading(comparison),
        _rate_table("runs", comparison.totals),
        _counts("Failures", [failure.rates for failure in comparison.failures]),
        _rate_table("failure", failures),
        *_omitted(comparison.failures, failures, "failures"),
        _counts("Jobs", [job.rates for job in comparison.jobs]),
        _rate_table("job", jobs),
        *_omitted(comparison.jobs, jobs, "jobs"),
        *_durations(comparison.durations, durations),
        *_omitted(comparison.durations, durations, "jobs"),
        *_notes(comparison),
        *_feet(comparison),
    )


def _shown(changes: Sequence[T], limit: int, everything: bool) -> Sequence[T]:
    """The first changes; those that may be chance come last."""
    certain = sum(not _is_chance(change) for change in changes)
    return changes[: limit if everything else min(limit, max(certain, _FEW))]


def _omitted(changes: Sequence[T], shown: Sequence[T], things: str) -> Iterator[Text]:
    """Yield the number of changes that are not shown, and the option that shows them."""
    others = changes[len(shown) :]
    certain = sum(not _is_chance(change) for change in others)
    if certain:
        yield Text(f"… and {len(others):,} more {things} (--limit)", "dim")
    elif others:
        yield Text(f"… and {len(others):,} more {things}, within chance (--all)", "dim")


def _is_chance(change: FailureChange | JobChange | DurationChange) -> bool:
    return change.by_chance if isinstance(change, DurationChange) else change.rates.by_chance


def _heading(comparison: Comparison) -> Iterator[Text]:
    for title, side in (("Compare", comparison.now), ("with", comparison.before)):
        window = side.provenance.window
        line = Text.assemble(
            (f"{title:<7}", "bold"), " ", (f"{window}", "bold cyan"), f"  {span(window.length)}"
        )
        names = filters(side.names)
        yield line + Text(f"  {visible(names)}", "yellow") if names else line


def _counts(title: str, changes: Sequence[RateChange | DurationChange]) -> Text:
    """Return `Failures: 2 new, 3 worse; 214 may be chance`."""
    text = Text.assemble((f"{title}: ", "bold"))
    for change in Change:
        number = sum(one.change is change and not one.by_chance for one in changes)
        if number:
            text.append(f"{number:,} {change}", _STYLES[change])
            text.append(", ")
    chance = sum(change.by_chance for change in changes)
    text.append(f"{chance:,} unchanged or within chance", "dim")
    return text


# Rates


def _rate_table(title: str, rows: Sequence[_Rated]) -> FirstFitting:
    """A table of rates; a narrow terminal has the numbers of a row below its name."""
    return FirstFitting(
        Fitted(_rate_columns(title), [_rate_row(row) for row in rows]),
        Fitted(_narrow_columns(title), [_narrow_row(row) for row in rows]),
    )


def _rate_columns(title: str) -> list[Column]:
    kind = (
        [Column("kind", Role.WORD, spare=4), Column("PRs", spare=5)] if title == "failure" else []
    )
    return [
        Column("", Role.WORD),
        Column(title, Role.IDENTITY, floor=_NAME),
        *kind,
        Column("now"),
        Column("rate", spare=3),
        Column("95 %", spare=6),
        Column("before"),
        Column("rate", spare=3),
        Column("95 %", spare=6),
        Column("change"),
        Column("95 %", spare=2),
    ]


def _rate_row(row: _Rated) -> list[Cell]:
    rates = row.rates
    return [
        _verdict(rates.change, rates.by_chance),
        Text(visible(row.name), "bold"),
        *_kind_cells(row),
        *_rate(rates.now),
        *_rate(rates.before),
        Text(points(rates.difference), "dim" if rates.by_chance else _STYLES[rates.change]),
        _points_interval(rates),
    ]


def _kind_cells(row: _Rated) -> list[Cell]:
    if isinstance(row, JobChange):
        return []
    now, before = row.rates.now, row.rates.before
    return [row.kind, f"{now.prs or 0:,}, {before.prs or 0:,} before"]


def _rate(rate: Rate) -> list[Cell]:
    interval = f"{100 * rate.interval.low:.1f}–{percent(rate.interval.high)}"
    return [
        f"{rate.count:,} of {rate.runs:,}",
        percent(rate.value),
        interval if rate.runs else "–",
    ]


def _narrow_row(row: _Rated) -> list[Cell]:
    rates = row.rates
    numbers = Text.assemble(
        f"{_in_words(rates.now)}, before {_in_words(rates.before)}",
        f", change {points(rates.difference)} ({_points_interval(rates)})",
    )
    return [_verdict(rates.change, rates.by_chance), Text(visible(row.name), "bold"), numbers]


def _in_words(rate: Rate) -> str:
    return f"{rate.count:,} of {rate.runs:,} ({percent(rate.value)})"


def _narrow_columns(title: str) -> list[Column]:
    return [
        Column("", Role.WORD),
        Column(title, Role.IDENTITY, floor=_NAME),
        Column("numbers", Role.SENTENCE),
    ]


def _verdict(change: Change, by_chance: bool) -> Text:
    if change is Change.SAME:
        return Text(str(change), "dim")
    return Text(_BY_CHANCE, "dim") if by_chance else Text(str(change), _STYLES[change])


def _points_interval(rates: RateChange) -> str:
    if rates.difference is None:
        return "–"
    return f"{points(rates.interval.low)} to {points(rates.interval.high)}"


def points(difference: float | None) -> str:
    """A difference of rates in percentage points, as `+1.3`; a dash for None."""
    if difference is None:
        return "–"
    return f"{round(100 * difference, 1) + 0.0:+.1f}"  # + 0.0: no -0.0


# Durations


def _durations(
    changes: Sequence[DurationChange], shown: Sequence[DurationChange]
) -> Iterator[RenderableType]:
    title = "Durations of successful runs"
    if changes:
        yield _counts(title, changes)
        yield _duration_table(shown)
    else:
        needed = f"no job has {LEAST_RUNS} successful runs on each side, which are needed"
        yield Text.assemble((f"{title}: ", "bold"), (needed, "dim"))


def _duration_table(rows: Sequence[DurationChange]) -> FirstFitting:
    columns = [
        Column("", Role.WORD),
        Column("job", Role.IDENTITY, floor=_NAME),
        Column("now"),
        Column("95 %", spare=5),
        Column("runs", spare=3),
        Column("before"),
        Column("95 %", spare=5),
        Column("runs", spare=3),
        Column("change"),
        Column("95 %", spare=1),
    ]
    return FirstFitting(
        Fitted(columns, [_duration_row(change) for change in rows]),
        Fitted(_narrow_columns("job"), [_narrow_duration(change) for change in rows]),
    )


def _duration_row(change: DurationChange) -> list[Cell]:
    style = "dim" if change.by_chance else _STYLES[change.change]
    return [
        _verdict(change.change, change.by_chance),
        Text(visible(change.job), "bold"),
        *_duration(change.now),
        *_duration(change.before),
        Text(f"{change.change_of_median:+.0%}", style),
        _relative(change.interval),
    ]


def _duration(median: Duration) -> list[Cell]:
    low, high = int(median.interval.low), int(median.interval.high)
    return [duration(median.median), f"{duration(low)} to {duration(high)}", f"{median.runs:,}"]


def _narrow_duration(change: DurationChange) -> list[Cell]:
    now, before = duration(change.now.median), duration(change.before.median)
    numbers = f"{now}, before {before}, change {change.change_of_median:+.0%}"
    return [
        _verdict(change.change, change.by_chance),
        Text(visible(change.job), "bold"),
        f"{numbers} ({_relative(change.interval)})",
    ]


def _relative(interval: Interval | None) -> str:
    return "–" if interval is None else f"{interval.low:+.0%} to {interval.high:+.0%}"


# Below the tables


def _notes(comparison: Comparison) -> Iterator[Text]:
    """Yield what the words and numbers mean, and what could mislead."""
    yield Text(
        "Rates are failed of finished runs; changes of rates are in percentage points. "
        "chance: the change is within what chance explains.",
        "dim",
    )
    now, before = comparison.now, comparison.before
    named = [_share_named(side, comparison.by_logs) for side in (now, before)]
    if comparison.uneven:
        yield Text(
            f"A failure is known for {named[0]} of the failed runs, and for {named[1]} before: "
            "failures may look new, gone, worse or better because of that. "
            "ci-stat failures reads the logs of a window.",
            "yellow",
        )
    elif now.tally.failure or before.tally.failure:
        source = "logs and table" if comparison.by_logs else "the table"
        yield Text(
            f"Failures are from {source}: known for {named[0]} of the failed runs, "
            f"and for {named[1]} before.",
            "dim",
        )


def _share_named(side: Side, by_logs: bool) -> str:
    known = side.with_logs if by_logs else side.from_table
    return percent(known.named / side.tally.failure if side.tally.failure else None)


def _feet(comparison: Comparison) -> Iterator[Text]:
    now, before = comparison.now.provenance, comparison.before.provenance
    note = staleness(now)
    if note:
        yield Text(note, "bold yellow")
    for side in (now, before):
        for warning, number in side.warnings:
            yield Text(f"Warning: {plural(number, 'row')}: {visible(warning)}", "yellow")
    rows = f"{now.rows:,} and {before.rows:,} rows of {visible(now.database)}"
    yield Text(f"{rows} · newest row {clock(now.newest)}", "dim")

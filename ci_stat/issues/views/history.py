"""Tables and JSON for `ci-stat issues history` and `issues replay`.

The history shows calls, mutes and accepted issues; a replay shows its scorecard.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.issues.decisions.replay import Event, Scorecard
from ci_stat.records import CaseNote, Intent, IntentKind, IntentState, IssueAction
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal.columns import Column, Fitted, Role

_STYLES = {
    IntentState.DONE: "green",
    IntentState.FAILED: "bold red",
    IntentState.UNCERTAIN: "bold yellow",
    IntentState.INTENDED: "yellow",
}
_CALLS = {
    IntentKind.CREATE: "issue",
    IntentKind.COMMENT: "comment",
    IntentKind.EDIT: "text or state",
}


def history_table(calls: Sequence[Intent], zone: tzinfo) -> RenderableType:
    """One row for each outward call, in the given order; times in `zone`."""
    columns = [
        Column("when"),
        Column("action", Role.WORD),
        Column("call", Role.WORD, spare=4),
        Column("issue"),
        Column("state", Role.WORD),
        Column("case", Role.IDENTITY, floor=24),
        Column("why", Role.TEXT, floor=30, spare=5),
        Column("response", Role.TEXT, floor=20, spare=6),
    ]
    return Fitted(columns, [_call_row(call, zone) for call in calls])


def _call_row(call: Intent, zone: tzinfo) -> list[Text | str]:
    return [
        _clock(call.changed or call.started, zone),
        call.action,
        _CALLS.get(IntentKind(call.kind), call.kind),
        f"#{call.number}" if call.number else "",
        Text(call.state, _STYLES.get(IntentState(call.state), "")),
        Text(visible(call.name, 200)),
        Text(visible(call.why, 300), "dim"),
        Text(visible(call.reason, 300), "dim"),
    ]


def _clock(moment: datetime | None, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else ""


def notes_table(notes: Iterable[CaseNote], zone: tzinfo) -> RenderableType:
    """One row for each note of a person on a case."""
    columns = [
        Column("case", Role.IDENTITY),
        Column("until"),
        Column("why", Role.SENTENCE),
    ]
    rows: list[list[Text | str]] = [
        [Text(visible(note.name, 200)), _clock(note.until, zone), visible(note.why, 200)]
        for note in notes
    ]
    return Fitted(columns, rows)


def scorecard_screen(card: Scorecard, zone: tzinfo) -> RenderableType:
    """What the rules would have done, and which actions proved wrong."""
    parts: list[RenderableType] = [_title(card, zone), Text(), _counts(card)]
    if card.comments_a_week is not None:
        parts.append(Text(f"{card.comments_a_week:.2f} comments per issue and week", "dim"))
    parts.append(Text())

    if card.reasons:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in card.reasons.most_common())
        parts += [Text(f"Skipped: {reasons}", "dim"), Text()]
    parts += [Text(f"{_clock(at, zone)}: stopped: {why}", "bold red") for at, why in card.stopped]
    return Group(*parts, _events(card, zone))


def _title(card: Scorecard, zone: tzinfo) -> Text:
    period = f"{_clock(card.begin, zone)} to {_clock(card.end, zone)}"
    windows, failures = plural(card.windows, "window"), plural(len(card.keys), "failure")
    return Text.assemble(
        ("Replay", "bold"), "  ", (period, "bold cyan"), f"  {windows}, {failures} seen"
    )


def _counts(card: Scorecard) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for count, what, style in _lines(card):
        table.add_row(Text(f"{count:,}", style), what)
    return table


def _lines(card: Scorecard) -> list[tuple[int, str, str]]:
    """Count, label and style of each line."""
    updated = card.count(IssueAction.UPDATE) + card.count(IssueAction.COMMENT)
    refailed, single = len(card.refailed), len(card.single)
    return [
        (card.count(IssueAction.FILE), "would have been filed", "bold"),
        (updated, "updated", ""),
        (card.comments, "comments", ""),
        (card.count(IssueAction.REOPEN), "reopened", ""),
        (card.count(IssueAction.CLOSE), "closed", "green"),
        (card.open, "open at the end", ""),
        (refailed, "closed wrongly: failed again later", "red" if refailed else "green"),
        (single, "filed, but never failed again", "yellow" if single else "green"),
    ]


def _events(card: Scorecard, zone: tzinfo) -> RenderableType:
    columns = [
        Column("window's end"),
        Column("action", Role.WORD),
        Column("issue"),
        Column("case", Role.IDENTITY, floor=30),
        Column("why", Role.TEXT, floor=40, spare=3),
        Column("later", Role.WORD, spare=2),
    ]
    outcomes = {id(event): "failed again later" for event in card.refailed}
    outcomes |= {id(event): "never failed again" for event in card.single}
    rows = [
        _event_row(event, outcomes.get(id(event), ""), zone)
        for event in card.events
        if event.action is not IssueAction.UPDATE
    ]
    return Fitted(columns, rows) if rows else Text("Nothing would have been filed.")


def _event_row(event: Event, outcome: str, zone: tzinfo) -> list[Text | str]:
    return [
        _clock(event.at, zone),
        event.action.value,
        f"({event.number})",
        Text(visible(event.name, 200)),
        Text(visible(event.why, 300), "dim"),
        Text(outcome, "yellow"),
    ]


def scorecard_data(card: Scorecard) -> dict[str, Any]:
    return {
        "begin": card.begin.isoformat(),
        "end": card.end.isoformat(),
        "windows": card.windows,
        "failures_seen": len(card.keys),
        "filed": card.count(IssueAction.FILE),
        "updated": card.count(IssueAction.UPDATE),
        "commented": card.comments,
        "reopened": card.count(IssueAction.REOPEN),
        "closed": card.count(IssueAction.CLOSE),
        "open": card.open,
        "closed_wrongly": [_event_data(event) for event in card.refailed],
        "never_failed_again": [_event_data(event) for event in card.single],
        "comments_a_week": card.comments_a_week,
        "not_because": dict(card.reasons),
        "stopped": [[at.isoformat(), why] for at, why in card.stopped],
        "events": [_event_data(event) for event in card.events],
    }


def _event_data(event: Event) -> dict[str, Any]:
    return asdict(event) | {"at": event.at.isoformat(), "action": event.action.value}

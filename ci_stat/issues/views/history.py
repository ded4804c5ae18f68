"""What was done at the tracker, what people said of failures, and the scorecard of a replay, as tables and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.issues.replay import Event, Scorecard
from ci_stat.records import CaseNote, Intent, IntentKind, IntentState, IssueAction
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal.columns import Column, Fitted

_STYLES = {
    IntentState.DONE: "green", IntentState.FAILED: "bold red", IntentState.UNCERTAIN: "bold yellow",
    IntentState.INTENDED: "yellow",
}  # fmt: skip
_DONE = {
    IntentKind.CREATE: "issue",
    IntentKind.COMMENT: "comment",
    IntentKind.EDIT: "text or state",
}


def history_table(found: Sequence[Intent], zone: tzinfo) -> RenderableType:
    """One line an outward call, newest first; times in `zone`."""
    columns = [
        Column("when"), Column("for", left=True), Column("call", left=True, spare=4), Column("issue"),
        Column("state", left=True), Column("case", left=True, floor=24), Column("why", left=True, floor=30, spare=5),
        Column("said", left=True, floor=20, spare=6),
    ]  # fmt: skip
    return Fitted(columns, [_row(each, zone) for each in found])


def _row(each: Intent, zone: tzinfo) -> list[Text | str]:
    when = each.changed or each.started
    return [
        _clock(when, zone), each.action, _DONE.get(IntentKind(each.kind), each.kind),
        f"#{each.number}" if each.number else "", Text(each.state, _STYLES.get(IntentState(each.state), "")),
        Text(visible(each.name, 200)), Text(visible(each.why, 300), "dim"), Text(visible(each.reason, 300), "dim"),
    ]  # fmt: skip


def _clock(moment: datetime | None, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else ""


def notes_table(found: Iterable[CaseNote], zone: tzinfo) -> RenderableType:
    columns = [
        Column("case", left=True, floor=30),
        Column("until"),
        Column("why", left=True, below=True),
    ]
    return Fitted(
        columns,
        [
            [Text(visible(each.name, 200)), _clock(each.until, zone), visible(each.why, 200)]
            for each in found
        ],
    )


def scorecard_screen(card: Scorecard, zone: tzinfo) -> RenderableType:
    """What the rules would have done, and what of it proved wrong."""
    title = Text.assemble(
        ("Replay", "bold"), "  ", (f"{_clock(card.begin, zone)} to {_clock(card.end, zone)}", "bold cyan"),
        f"  {plural(card.windows, 'window')}, {plural(len(card.failing), 'failure')} seen",
    )  # fmt: skip
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for count, what, style in _lines(card):
        table.add_row(Text(f"{count:,}", style), what)
    rate = card.comments_a_week
    said = [Text(f"{rate:.2f} comments an issue and week", "dim")] if rate is not None else []
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in card.reasons.most_common())
    parts: list[RenderableType] = [title, Text(), table, *said, Text()]
    parts += [Text("Not, because: " + reasons, "dim"), Text()] if reasons else []
    parts += [
        Text(f"{_clock(at, zone)}: nothing done: {why}", "bold red") for at, why in card.stopped
    ]
    return Group(*parts, _events(card, zone))


def _lines(card: Scorecard) -> list[tuple[int, str, str]]:
    return [
        (card.count(IssueAction.FILE), "would have been filed", "bold"),
        (card.count(IssueAction.UPDATE) + card.count(IssueAction.COMMENT), "brought up to date", ""),
        (card.comments, "comments", ""),
        (card.count(IssueAction.REOPEN), "opened again", ""),
        (card.count(IssueAction.CLOSE), "closed", "green"),
        (card.open, "open at the end", ""),
        (len(card.refailed), "closed wrongly: it failed again later", "red" if card.refailed else "green"),
        (len(card.single), "filed, and never failed again", "yellow" if card.single else "green"),
    ]  # fmt: skip


def _events(card: Scorecard, zone: tzinfo) -> RenderableType:
    wrong = {id(each): "failed again later" for each in card.refailed}
    wrong |= {id(each): "never failed again" for each in card.single}
    columns = [
        Column("window's end"), Column("action", left=True), Column("issue"), Column("case", left=True, floor=30),
        Column("why", left=True, floor=40, spare=3), Column("later", left=True, spare=2),
    ]  # fmt: skip
    shown = [each for each in card.events if each.action is not IssueAction.UPDATE]
    rows: list[list[Text | str]] = [
        [_clock(each.at, zone), each.action.value, f"({each.number})", Text(visible(each.name, 200)),
         Text(visible(each.why, 300), "dim"), Text(wrong.get(id(each), ""), "yellow")]
        for each in shown
    ]  # fmt: skip
    return Fitted(columns, rows) if rows else Text("Nothing would have been filed.")


def scorecard_data(card: Scorecard) -> dict[str, Any]:
    return {
        "begin": card.begin.isoformat(), "end": card.end.isoformat(), "windows": card.windows,
        "failures_seen": len(card.failing),
        "filed": card.count(IssueAction.FILE), "updated": card.count(IssueAction.UPDATE),
        "commented": card.comments, "reopened": card.count(IssueAction.REOPEN), "closed": card.count(IssueAction.CLOSE),
        "open": card.open, "closed_wrongly": [_event(each) for each in card.refailed],
        "never_failed_again": [_event(each) for each in card.single], "comments_a_week": card.comments_a_week,
        "not_because": dict(card.reasons), "stopped": [[at.isoformat(), why] for at, why in card.stopped],
        "events": [_event(each) for each in card.events],
    }  # fmt: skip


def _event(each: Event) -> dict[str, Any]:
    return asdict(each) | {"at": each.at.isoformat(), "action": each.action.value}

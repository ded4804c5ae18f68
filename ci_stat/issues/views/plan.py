"""Views of a plan: actions first, then skipped entries by reason; and the drafts of its texts."""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from ci_stat.escape import shortened, visible, visible_lines
from ci_stat.issues.model import IssuePlan, PlanEntry
from ci_stat.issues.views.skipped import has_skipped, skipped_by_reason
from ci_stat.records import IssueAction
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal import screen
from ci_stat.rendering.terminal.columns import Column, Fitted, Role

_STYLES = {
    IssueAction.FILE: "bold red",
    IssueAction.REOPEN: "bold yellow",
    IssueAction.COMMENT: "cyan",
    IssueAction.UPDATE: "cyan",
    IssueAction.CLOSE: "green",
    IssueAction.SKIP: "dim",
}
_TEXT_WIDTH = 110
_WHY = 36  # cells of a reason beside its case


class AppliedEntry(Protocol):
    """The outcome of one entry of a plan."""

    @property
    def entry(self) -> PlanEntry: ...
    @property
    def number(self) -> int: ...
    @property
    def skipped(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def failed_write(self) -> Any: ...


class AppliedPlan(Protocol):
    """The outcome of a plan."""

    @property
    def results(self) -> Sequence[AppliedEntry]: ...
    @property
    def stopped(self) -> str: ...


def plan_screen(
    plan: IssuePlan,
    applied: AppliedPlan | None = None,
    zone: ZoneInfo | None = None,
    limit: int | None = None,
) -> RenderableType:
    """Show a plan, and its outcome if it was applied.

    - `zone`: time zone of shown times, by default the plan's.
    - `limit`: shown entries for each reason.
    """
    parts: list[RenderableType] = [
        _title(plan, zone or ZoneInfo(plan.zone)),
        Text(_counts(plan), "dim"),
        Text(),
    ]
    if plan.stopped:
        stopped = Text(f"The plan is stopped: {visible(plan.stopped)}", "bold red")
        parts += [stopped, Text(visible(plan.hint), "red"), Text()]

    acting = [entry for entry in plan.entries if entry.action != IssueAction.SKIP]
    if acting:
        parts += [_Entries(acting, _results(applied)), Text()]

    if has_skipped(plan.entries):
        parts += [Text("Skipped", "bold"), *skipped_by_reason(plan.entries, limit), Text()]
    parts += [Text(f"Note: {visible(note)}", "yellow") for note in plan.notes]
    return Group(*parts)


def _title(plan: IssuePlan, zone: ZoneInfo) -> Text:
    begin, end = (moment.astimezone(zone) for moment in plan.window)
    jobs = ", ".join(visible(job, 80) for job in plan.jobs)
    return Text.assemble(
        ("Issues", "bold"),
        f"  {visible(plan.repo, 100)}  ",
        (f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}", "bold cyan"),
        (f"  {jobs}", "yellow"),
    )


def _counts(plan: IssuePlan) -> str:
    actions = [entry.action for entry in plan.entries]
    counts = {action: actions.count(action) for action in IssueAction}
    words = [
        f"{count:,} skipped" if action is IssueAction.SKIP else f"{count:,} to {action.value}"
        for action, count in counts.items()
        if count
    ]
    return ", ".join(words) or _nothing(plan)


def _nothing(plan: IssuePlan) -> str:
    """Words for a plan without entries. Perhaps nothing ran, so it does not say: nothing failed."""
    issues = ", and none of our issues is open" if plan.tracker_read else ""
    return f"Nothing to do: no failure is known{issues}."


class _Entries:
    """Entries with their reasons beside them; below them, if the names leave no room for that."""

    def __init__(self, entries: Sequence[PlanEntry], results: Mapping[int, Text]) -> None:
        """`results`: the outcome of entries, by their id()."""
        self._rows = [_row(entry, results.get(id(entry))) for entry in entries]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        *short, _ = zip(*self._rows, strict=True)
        used = sum(max(cell.cell_len for cell in cells) + 2 for cells in short)
        yield self._beside() if options.max_width - used >= _WHY else self._below()

    def _beside(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for justify in ("left", "left", "right"):
            table.add_column(no_wrap=True, justify=justify)
        table.add_column(overflow="fold", max_width=140)
        for row in self._rows:
            table.add_row(*row)
        return table

    def _below(self) -> Fitted:
        columns = [
            Column("action", Role.WORD),
            Column("case", Role.IDENTITY),
            Column("runs"),
            Column("why", Role.SENTENCE),
        ]
        return Fitted(columns, self._rows)


def _row(entry: PlanEntry, result: Text | None) -> list[Text]:
    why = Text(visible(entry.why, 600))
    return [
        Text(entry.action, _STYLES[IssueAction(entry.action)]),
        Text(shortened(entry.name, 300)),
        Text(plural(entry.runs, "run") if entry.runs else ""),
        why if result is None else Text("\n").join([why, result]),
    ]


def _results(applied: AppliedPlan | None) -> dict[int, Text]:
    if applied is None:
        return {}
    return {id(outcome.entry): _result(outcome) for outcome in applied.results}


def _result(outcome: AppliedEntry) -> Text:
    if outcome.skipped:
        return Text(f"skipped: {visible(outcome.skipped)}", "yellow")

    error = outcome.failed_write
    if error is not None:
        words = f"{error.state.value}: {visible(error.reason)} {visible(error.hint)}"
        return Text(words.rstrip(), "bold red")

    words = "; ".join([f"done: #{outcome.number}", *map(visible, outcome.notes)])
    return Text(words, "yellow" if outcome.notes else "green")


def plan_text(plan: IssuePlan, applied: AppliedPlan | None = None) -> str:
    """The same as plain text, for notebooks and `print`."""
    stream = StringIO()
    screen.show(plan_screen(plan, applied), stream, color=False, width=_TEXT_WIDTH)
    return stream.getvalue().rstrip("\n")


def plan_data(plan: IssuePlan, applied: AppliedPlan | None = None) -> dict[str, Any]:
    """For JSON: the plan as it is saved, and the outcome of its entries."""
    data: dict[str, Any] = msgspec.to_builtins(plan)
    if applied is not None:
        data["done"] = [_outcome_data(outcome) for outcome in applied.results]
        data["done_stopped"] = applied.stopped
    return data


def _outcome_data(outcome: AppliedEntry) -> dict[str, Any]:
    entry = outcome.entry
    state, reason = _state(outcome)
    return {
        "key": entry.key,
        "name": entry.name,
        "action": str(entry.action),
        "number": outcome.number,
        "state": state,
        "reason": reason,
        "notes": list(outcome.notes),
    }


def _state(outcome: AppliedEntry) -> tuple[str, str]:
    """State and reason of an outcome, for JSON."""
    if outcome.skipped:
        return "skipped", outcome.skipped
    if outcome.failed_write:
        return str(outcome.failed_write.state), outcome.failed_write.reason
    return "sent", ""


def drafts_text(plan: IssuePlan) -> str:
    """The texts to write, entry by entry, as the tracker would show their source."""
    return "\n\n".join(_draft_text(entry) for entry in plan.entries if entry.draft)


def _draft_text(entry: PlanEntry) -> str:
    number = f"#{entry.number} " if entry.number else ""
    head = visible(f"=== {entry.action} {number}{entry.name}", 300)
    draft = entry.draft
    assert draft is not None
    texts = (draft.title, draft.comment, draft.body)
    return "\n\n".join([head, *(visible_lines(text) for text in texts if text)])

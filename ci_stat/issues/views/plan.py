"""A plan for issues, for people and for JSON: what is to be done first, then what is not, and why."""

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ci_stat.escape import visible, visible_lines
from ci_stat.issues.model import IssuePlan, Planned
from ci_stat.records import IssueAction
from ci_stat.rendering.format import plural
from ci_stat.rendering.terminal import screen

_STYLES = {
    IssueAction.FILE: "bold red", IssueAction.REOPEN: "bold yellow", IssueAction.COMMENT: "cyan",
    IssueAction.UPDATE: "cyan", IssueAction.CLOSE: "green", IssueAction.NOT: "dim",
}  # fmt: skip
_TEXT_WIDTH = 110


class DoneLine(Protocol):
    """What became of one line of a plan."""

    @property
    def entry(self) -> Planned: ...
    @property
    def number(self) -> int: ...
    @property
    def skipped(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def trouble(self) -> Any: ...


class WhatWasDone(Protocol):
    @property
    def done(self) -> Sequence[DoneLine]: ...
    @property
    def stopped(self) -> str: ...


def plan_screen(
    plan: IssuePlan,
    applied: WhatWasDone | None = None,
    zone: ZoneInfo | None = None,
    limit: int | None = None,
) -> RenderableType:
    """`applied`: what was done of it. Times in `zone`, by default the plan's. `limit`: lines for each reason."""
    begin, end = (moment.astimezone(zone or ZoneInfo(plan.zone)) for moment in plan.window)
    title = Text.assemble(
        ("Issues", "bold"), f"  {visible(plan.repo, 100)}  ",
        (f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}", "bold cyan"),
        (f"  {', '.join(visible(job, 80) for job in plan.jobs)}", "yellow"),
    )  # fmt: skip
    acting = [each for each in plan.entries if each.action != IssueAction.NOT]
    others, more = _by_reason(plan.entries, limit)
    parts: list[RenderableType] = [title, Text(_counted(plan.entries), "dim"), Text()]
    if plan.stopped:
        parts += [
            Text(f"Nothing is done: {visible(plan.stopped)}", "bold red"),
            Text(visible(plan.hint), "red"),
            Text(),
        ]
    if acting:
        parts += [_table(acting, _results(applied)), Text()]
    if others:
        parts += [
            Text("Not, because", "bold"),
            _table(others, {}),
            *([Text(more, "dim")] if more else []),
            Text(),
        ]
    parts += [Text(f"Note: {visible(note)}", "yellow") for note in plan.notes]
    return Group(*parts)


def _by_reason(entries: Iterable[Planned], limit: int | None) -> tuple[list[Planned], str]:
    """What is not done, reason by reason; and how many lines are left out for each."""
    found: dict[str, list[Planned]] = {}
    for each in entries:
        if each.action == IssueAction.NOT:
            found.setdefault(each.reason, []).append(each)
    shown = [each for lines in found.values() for each in lines[:limit]]
    left = [
        f"{len(lines) - limit:,} {reason}"
        for reason, lines in found.items()
        if limit and len(lines) > limit
    ]
    return shown, f"… and {', '.join(left)}" if left else ""


def _counted(entries: Iterable[Planned]) -> str:
    found = [each.action for each in entries]
    said = [
        f"{found.count(action):,} to {action.value}" for action in IssueAction if action in found
    ]
    return (
        ", ".join(said).replace(" to not", " not")
        or "Nothing failed, and no issue of ours is open."
    )


def _table(entries: Sequence[Planned], results: dict[int, Text]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=2, max_width=70)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold", ratio=3, max_width=140)
    for each in entries:
        word = each.reason or each.action
        runs = plural(each.runs, "run") if each.runs else ""
        why = Text(visible(each.why, 600))
        if id(each) in results:
            why = Text("\n").join([why, results[id(each)]])
        table.add_row(
            Text(word, _STYLES[IssueAction(each.action)]), Text(visible(each.name, 300)), runs, why
        )
    return table


def _results(applied: WhatWasDone | None) -> dict[int, Text]:
    return {id(each.entry): _result(each) for each in applied.done} if applied else {}


def _result(done: DoneLine) -> Text:
    if done.skipped:
        return Text(f"skipped: {visible(done.skipped)}", "yellow")
    trouble = done.trouble
    if trouble is not None:
        return Text(
            f"{trouble.state.value}: {visible(trouble.reason)} {visible(trouble.hint)}".rstrip(),
            "bold red",
        )
    said = f"done: #{done.number}"
    return Text("; ".join([said, *map(visible, done.notes)]), "yellow" if done.notes else "green")


def plan_text(plan: IssuePlan, applied: WhatWasDone | None = None) -> str:
    """The same as plain text, for notebooks and `print`."""
    stream = StringIO()
    screen.show(plan_screen(plan, applied), stream, color=False, width=_TEXT_WIDTH)
    return stream.getvalue().rstrip("\n")


def plan_data(plan: IssuePlan, applied: WhatWasDone | None = None) -> dict[str, Any]:
    """For JSON: the plan as it is saved, and what was done of each line."""
    found: dict[str, Any] = msgspec.to_builtins(plan)
    if applied is not None:
        found["done"] = [
            {
                "key": each.entry.key, "name": each.entry.name, "action": str(each.entry.action), "number": each.number,
                "state": "skipped" if each.skipped else str(each.trouble.state if each.trouble else "sent"),
                "reason": each.skipped or (each.trouble.reason if each.trouble else ""), "notes": list(each.notes),
            }
            for each in applied.done
        ]  # fmt: skip
        found["done_stopped"] = applied.stopped
    return found


def drafts_text(plan: IssuePlan) -> str:
    """What would be written, line by line of the plan, as it would stand at the tracker."""
    shown = []
    for each in plan.entries:
        if each.draft is None:
            continue
        head = f"=== {each.action} {f'#{each.number} ' if each.number else ''}{each.name}"
        texts = [each.draft.title, each.draft.comment, each.draft.body]
        shown.append(
            "\n\n".join([visible(head, 300), *(visible_lines(text) for text in texts if text)])
        )
    return "\n\n".join(shown)

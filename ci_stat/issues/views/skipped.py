"""The skipped entries of a plan: each reason once, with the cases that it holds for."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ci_stat.escape import shortened, visible
from ci_stat.issues.model import PlanEntry
from ci_stat.records import IssueAction
from ci_stat.rendering.format import plural


def skipped_by_reason(
    entries: Iterable[PlanEntry], limit: int | None = None
) -> Iterator[RenderableType]:
    """Yield the lines of each reason. `limit`: shown cases of a reason; the others are counted."""
    skipped = (entry for entry in entries if entry.action == IssueAction.SKIP)
    for reason, group in _grouped((entry.reason, entry) for entry in skipped).items():
        shared = _shared(group)
        by_words = _grouped((_rest(entry.why, shared), entry) for entry in group[:limit])
        head = Text.assemble((visible(reason), "bold"), f" ({len(group):,})")
        yield head + Text(f": {visible(shared, 600)}" if shared else "")
        yield from _cases(by_words)
        if limit and len(group) > limit:
            yield _indented(Text(f"… and {len(group) - limit:,} more", "dim"), 1)


def _cases(by_words: dict[str, list[PlanEntry]]) -> Iterator[RenderableType]:
    """The cases; below their reason in words, if these differ."""
    for why, entries in by_words.items():
        if why:
            yield _indented(Text(visible(why, 600), "dim"), 1)
        for entry in entries:
            yield _indented(_case(entry), 2 if why else 1)


def _shared(group: Sequence[PlanEntry]) -> str:
    """What the words of all entries begin with, up to a colon; "" if they differ from the start."""
    words = {entry.why for entry in group}
    if len(words) == 1:
        return words.pop()
    beginnings = {why.partition(": ")[0] if ": " in why else "" for why in words}
    return beginnings.pop() if len(beginnings) == 1 else ""


def _rest(why: str, shared: str) -> str:
    return why.removeprefix(shared).removeprefix(": ")


def _case(entry: PlanEntry) -> Text:
    runs = f"  {plural(entry.runs, 'run')}" if entry.runs else ""
    return Text.assemble(shortened(entry.name, 300), (runs, "dim"))


def _indented(text: Text, depth: int) -> Padding:
    return Padding(text, (0, 0, 0, 2 * depth))


def _grouped(pairs: Iterable[tuple[str, PlanEntry]]) -> dict[str, list[PlanEntry]]:
    groups: dict[str, list[PlanEntry]] = {}
    for key, entry in pairs:
        groups.setdefault(key, []).append(entry)
    return groups


def has_skipped(entries: Sequence[PlanEntry]) -> bool:
    """Whether any entry is skipped."""
    return any(entry.action == IssueAction.SKIP for entry in entries)

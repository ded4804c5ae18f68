"""Shorten a document to the limits of a channel: the least important details go first, counted."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from ci_stat.rendering.document import Block, Document, Item, Section, Table

T = TypeVar("T")

# Each block is cut to so many entries before any block is cut further: the first ones say most.
_KEPT = (5, 3, 1, 0)
_FOOT_LINES = 3  # that remain when nothing else can be omitted


@dataclass(frozen=True, slots=True)
class Shortened:
    """A document as a channel shows it. `left_out`: number of omitted details and foot lines."""

    document: Document
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Detail:
    """The last entry of a block, or the last line of an item of it."""

    block: int
    item: int | None = None


def fitted(document: Document, render: Callable[[Document], T], fits: Callable[[T], bool]) -> T:
    """The result of `render` for the document with as many details as `fits`."""
    return render(shortened(document, lambda part: fits(render(part))).document)


def shortened(document: Document, fits: Callable[[Document], bool]) -> Shortened:
    """The document with as many details as `fits`.

    Without details it fits a channel of a few KB, because titles and lines have fixed limits.
    """
    if fits(document):
        return Shortened(document)
    removed = _least_removed(document, fits)
    best = shorter(document, removed)
    if fits(best):
        return Shortened(best, removed)
    bare = replace(best, foot=best.foot[:_FOOT_LINES])
    return Shortened(bare, removed + len(best.foot) - len(bare.foot))


def _least_removed(document: Document, fits: Callable[[Document], bool]) -> int:
    """How many details have to go; all of them if even that is not enough."""
    low, high = 1, details(document)
    while low < high:
        middle = (low + high) // 2
        if fits(shorter(document, middle)):
            high = middle
        else:
            low = middle + 1
    return low


def details(document: Document) -> int:
    """How many details `shorter` can remove."""
    return len(_removal_order(document))


def shorter(document: Document, removed: int) -> Document:
    """The document without its `removed` least important details; each block counts its own."""
    counts = Counter(_removal_order(document)[:removed])
    blocks = (_without(block, place, counts) for place, block in enumerate(document.blocks))
    return replace(document, blocks=tuple(blocks))


def _removal_order(document: Document) -> list[_Detail]:
    """The details, the least important first.

    A block loses the lines of its last entries, then these entries; then the next block does.
    """
    blocks = {
        place: block
        for place, block in enumerate(document.blocks)
        if isinstance(block, Section) or (isinstance(block, Table) and not block.essential)
    }
    lightest_first = sorted(blocks, key=lambda place: blocks[place].weight)
    entries = {place: _entries(block) for place, block in blocks.items()}
    order: list[_Detail] = []
    for kept in _KEPT:
        for place in lightest_first:
            removed = range(kept, entries[place])
            order += _lines(blocks[place], place, removed)
            order += [_Detail(place)] * len(removed)
            entries[place] = min(entries[place], kept)
    return order


def _entries(block: Section | Table) -> int:
    return len(block.items if isinstance(block, Section) else block.rows)


def _lines(block: Section | Table, place: int, removed: range) -> Iterator[_Detail]:
    """Lines of the entries that are removed, those of the last entry first."""
    if isinstance(block, Table):
        return
    for entry in reversed(removed):
        item = block.items[entry]
        if item.what:
            yield from [_Detail(place, entry)] * len(item.lines)


def _without(block: Block, place: int, counts: Counter[_Detail]) -> Block:
    """The block at this place without the details that are counted."""
    entries = counts[_Detail(place)]
    if isinstance(block, Table):
        rows = block.rows[: len(block.rows) - entries]
        return replace(block, rows=rows, more=block.more + entries)
    if isinstance(block, Section):
        kept = block.items[: len(block.items) - entries]
        items = (
            _without_lines(item, counts[_Detail(place, entry)]) for entry, item in enumerate(kept)
        )
        return replace(block, items=tuple(items), more=block.more + entries)
    return block


def _without_lines(item: Item, removed: int) -> Item:
    if not removed:
        return item
    return replace(item, lines=item.lines[: len(item.lines) - removed], more=item.more + removed)

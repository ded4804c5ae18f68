"""A document cut to what a channel takes: detail goes from the least important end, and is counted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from ci_stat.rendering.document import Document, details, shorter

T = TypeVar("T")
_SHORTEST = 3  # lines of the foot that stay when nothing else can go


@dataclass(frozen=True, slots=True)
class Shortened:
    """A document as a channel shows it. `left_out`: details, and lines of the foot, that the whole document has more."""

    document: Document
    left_out: int = 0


def fitted(document: Document, render: Callable[[Document], T], fits: Callable[[T], bool]) -> T:
    """What `render` makes of the document with as much detail as `fits`."""
    return render(shortened(document, lambda part: fits(render(part))).document)


def shortened(document: Document, fits: Callable[[Document], bool]) -> Shortened:
    """The document with as much detail as `fits`.

    Without all details it always fits a channel of a few KB: titles and lines are cut to fixed lengths.
    """
    if fits(document):
        return Shortened(document)
    removed = _least_removed(document, fits)
    best = shorter(document, removed)
    if fits(best):
        return Shortened(best, removed)
    bare = _bare(best)
    return Shortened(bare, removed + len(best.foot) - len(bare.foot))


def _least_removed(document: Document, fits: Callable[[Document], bool]) -> int:
    """How many details must go; all of them, where even that is not enough."""
    low, high = 1, details(document)
    while low < high:
        middle = (low + high) // 2
        if fits(shorter(document, middle)):
            high = middle
        else:
            low = middle + 1
    return low


def _bare(document: Document) -> Document:
    """Without what `shorter` leaves: long paragraphs of notes and outages, and most of the foot."""
    return replace(document, foot=document.foot[:_SHORTEST])

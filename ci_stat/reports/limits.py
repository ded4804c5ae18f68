"""A document cut to what a channel takes: detail goes from the least important end, and is counted."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ci_stat.reports.document import Document, details, shorter

T = TypeVar("T")
_SHORTEST = 3  # lines of the foot that stay when nothing else can go


def fitted(document: Document, render: Callable[[Document], T], fits: Callable[[T], bool]) -> T:
    """What `render` makes of the document with as much detail as `fits`.

    Without all details it always fits a channel of a few KB: titles and lines are cut to fixed lengths.
    """
    whole = render(document)
    if fits(whole):
        return whole
    low, high = 1, details(document)  # the least number to remove that fits lies in between
    while low < high:
        middle = (low + high) // 2
        if fits(render(shorter(document, middle))):
            high = middle
        else:
            low = middle + 1
    best = render(shorter(document, low))
    return best if fits(best) else render(_bare(shorter(document, low)))


def _bare(document: Document) -> Document:
    """Without what `shorter` leaves: long paragraphs of notes and outages, and most of the foot."""
    return replace(document, foot=document.foot[:_SHORTEST])

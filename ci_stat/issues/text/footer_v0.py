"""Reads the reference to an earlier issue from texts of ours whose marker has no field for it yet.

Only for issues that older versions wrote: the sentences below are those of their texts, and must never change.
"""

import re

from ci_stat.issues.marker import BEGIN, END, read, replaced
from ci_stat.issues.model import Earlier

# As the last lines of our part were written; only the tracker's line ends may differ.
_EARLIER = re.compile(
    r"\nEarlier: #([1-9]\d{0,8}) \(closed (\d{4}-\d\d-\d\d)\)\.\r?\n\r?\n---\r?\n\r?\n"
    r"`+ ?ci_stat [^`\r\n]{0,100}`+, [^`\r\n]{1,100}\. What people write above and below this stays\.\r?\n\r?\n"
    r"<!-- ci_stat:issue:v1 [^\r\n]{0,30100}-->\s{0,8}\Z"
)


def earlier_of_v0(body: str) -> Earlier | None:
    """The reference in our part of this text. Somebody else's words, wherever they stand, give none."""
    if read(body) is None or replaced(body, "") is None:
        return None
    reference = _EARLIER.search(body[body.index(BEGIN) : body.index(END)])
    return Earlier(int(reference[1]), reference[2]) if reference else None

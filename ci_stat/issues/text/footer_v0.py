"""Parses the reference to an earlier issue from texts whose marker has no field for it.

Older versions wrote these texts: the sentences below are theirs and must never change.
"""

import re

from ci_stat.issues.marker import BEGIN, END, read, replaced
from ci_stat.issues.model import Earlier

# The last lines of the block; only the tracker's line ends may differ.
_EARLIER = re.compile(
    r"\nEarlier: #([1-9]\d{0,8}) \(closed (\d{4}-\d\d-\d\d)\)\.\r?\n\r?\n---\r?\n\r?\n"
    r"`+ ?ci_stat [^`\r\n]{0,100}`+, [^`\r\n]{1,100}\. "
    r"What people write above and below this stays\.\r?\n\r?\n"
    r"<!-- ci_stat:issue:v1 [^\r\n]{0,30100}-->\s{0,8}\Z"
)


def earlier_of_v0(body: str) -> Earlier | None:
    """Return the reference in our block of a text. Text of other authors is ignored."""
    if read(body) is None or replaced(body, "") is None:
        return None
    reference = _EARLIER.search(body[body.index(BEGIN) : body.index(END)])
    return Earlier(int(reference[1]), reference[2]) if reference else None

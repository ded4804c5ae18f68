"""Pieces of GitHub Markdown in which nothing of a test's name or message is live.

Hostile text stands in code spans only, on one line: there GitHub links no mention, no reference and
no commit. Bots that read the source act on commands at the begin of a line, which it never is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ci_stat.escape import cut, visible, web_link
from ci_stat.redaction.redact import redacted, redacted_beginning

MAX_NAME = 200  # characters of a name
MAX_MESSAGE = 300  # characters of a message
MAX_URL = 500
_TICKS = re.compile("`+")
_MARKER = re.compile(r"(?i)<!--(?=\s*ci_stat)")
_MENTION = re.compile(r"@(?=[A-Za-z\d])")
_GAP = "\u200b"  # GitHub mails the source of a comment: its readers must not find a mention
_LIVE_URL = "%:/?#[]!$&'()*+,;=-._~"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes text of others without secrets, and without the private `hosts`."""

    hosts: tuple[str, ...] = ()

    def code(self, text: str, limit: int = MAX_NAME) -> str:
        """One line of code."""
        line = visible(redacted_beginning(text, limit, self.hosts), 10_000)
        shown = " ".join(cut(line, limit).split()) or "–"
        shown = _MENTION.sub(f"@{_GAP}", _MARKER.sub("< !--", shown))
        ticks = "`" * (max(map(len, _TICKS.findall(shown)), default=0) + 1)
        edge = " " if "`" in shown else ""
        return f"{ticks}{edge}{shown}{edge}{ticks}"

    def link(self, words: str, url: str) -> str:
        """Our `words` as a link, if the address is valid, has no secret and no private host."""
        return f"[{words}]({self.address(url)})" if self.address(url) else words

    def address(self, url: str) -> str:
        """The address as Markdown and JSON may have it; "" if it must not be shown."""
        valid = web_link(url)
        if not valid or len(valid) > MAX_URL or "@" in urlsplit(valid).netloc:
            return ""
        if redacted(valid, self.hosts) != valid:
            return ""
        return quote(valid, safe=_LIVE_URL).translate(_IN_PARENTHESES)


_IN_PARENTHESES = {ord(character): f"%{ord(character):02X}" for character in "()[]<>*~"}


def table(columns: Sequence[str], cells: Sequence[str]) -> str:
    """A table of one row of numbers. The cells are ours."""
    titles, row = " | ".join(columns), " | ".join(cells)
    return f"| {titles} |\n|{' ---: |' * len(columns)}\n| {row} |"

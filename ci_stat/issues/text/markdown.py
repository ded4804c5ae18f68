"""Pieces of an issue's text: untrusted text made harmless for a tracker, code, fences, links.

A tracker acts on more than Markdown: mentions, references, commit hashes, and commands of bots that
read the source of a text, fences included. Secrets are masked before a text is cut, because half a
secret is not recognised.
"""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import quote, urlsplit

from ci_stat.escape import cut, markdown_text, visible, web_link
from ci_stat.issues.evidence import Occurrence
from ci_stat.redaction.redact import redacted, redacted_beginning
from ci_stat.rendering.feishu.markup import link_address
from ci_stat.rendering.format import plural

LINES, SIZE = 30, 6_000  # of an excerpt: lines and bytes
_LINE = 400  # characters of a line
_URL = 300  # characters; longer than our links, of which a text has many
_TICKS = re.compile("`+")
_OURS = re.compile(r"(?i)<!--(?=\s*ci_stat:)")
# Commands of bots at the beginning of a line, after any blanks: `/close`, `/area/sql`, `bors r+`.
_COMMAND = re.compile(r"(?m)^([^\S\n]*)(?=/[A-Za-z])")
_BORS = re.compile(r"(?im)^([^\S\n]*bors)(?=[ \t])")
_MENTION = re.compile(r"@(?=[A-Za-z\d])")
_GAP = "\u200b"  # splits live characters; visible() has removed it from untrusted text
_LIVE_WORD = re.compile(r"(?i)\b[0-9a-f]{7,64}\b|\bGH-\d+")
_LINE_ENDS = re.compile(r"\r\n?")


_LIVE_URL = "%:/?#[]!$&'()*+,;=-._~"


@dataclass(frozen=True)
class MarkdownWriter:
    """Writes untrusted text without secrets and without `hosts`, and times in `zone`."""

    hosts: tuple[str, ...]
    zone: tzinfo

    def code(self, text: str, limit: int = 200) -> str:
        """One line of code, in which nothing is live."""
        line = visible(redacted_beginning(text, limit, self.hosts), 10_000)
        shown = " ".join(cut(line, limit).split()) or "–"
        ticks = "`" * (_longest_ticks(shown) + 1)
        edge = " " if "`" in shown else ""
        return f"{ticks}{edge}{_OURS.sub('< !--', shown)}{edge}{ticks}"

    def said(self, text: str, limit: int = 600) -> str:
        """One line of words; words that a tracker would link become code."""
        shown = cut(redacted_beginning(text, limit, self.hosts), limit)
        parts, start = [], 0
        for word in _LIVE_WORD.finditer(shown):
            parts += [markdown_text(shown[start : word.start()]), f"`{word[0]}`"]
            start = word.end()
        return "".join(parts) + markdown_text(shown[start:])

    def fence(self, text: str, kind: str = "text", lines: int = LINES, size: int = SIZE) -> str:
        """The text in a fence that it cannot end; long text loses its middle."""
        plain = _LINE_ENDS.sub("\n", redacted(text, self.hosts))
        shown = _without_middle(plain, lines, size)
        ticks = "`" * max(3, _longest_ticks(shown) + 1)
        return f"{ticks}{kind}\n{_dead(_OURS.sub('< !--', shown))}\n{ticks}"

    def link(self, words: str, url: str) -> str:
        """Link our `words`, if the address is valid and not private."""
        address = web_link(url)
        if not address or len(address) > _URL or "@" in urlsplit(address).netloc:
            return words
        if redacted(address, self.hosts) != address:
            return words
        return f"[{words}]({quote(link_address(address), safe=_LIVE_URL)})"

    def run(self, occurrence: Occurrence) -> str:
        run = occurrence.run
        return f"{self.moment(run.started)}, {self.link(f'run {run.build}', run.link)}"

    def moment(self, moment: datetime, zone: bool = False) -> str:
        local = f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"
        return f"{local} ({self.zone_name})" if zone else local

    def day(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d}"

    @property
    def zone_name(self) -> str:
        return str(self.zone)


def share(rate: float) -> str:
    """Format a rate that may be far below one percent: `12%`, `1.3%`, `0.02%`."""
    percents = 100 * rate
    return f"{percents:.0f}%" if percents >= 10 else f"{percents:.2g}%"


def _dead(text: str) -> str:
    """Split what bots act on by an invisible character: they read the source, also in fences."""
    for command in (_COMMAND, _BORS):
        text = command.sub(rf"\1{_GAP}", text)
    return _MENTION.sub(f"@{_GAP}", text)


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _without_middle(text: str, limit: int, size: int) -> str:
    """Keep up to `limit` lines and `size` bytes, two thirds of them from the beginning."""
    lines = text.strip("\n").split("\n")
    room = limit if len(lines) <= limit else limit - 1  # one line for the note
    first = (2 * room + 2) // 3
    last = len(lines) if len(lines) <= room else room - first

    head = [_shown(line) for line in lines[:first]]
    tail = [_shown(line) for line in lines[first:][-last:]] if last else []
    _shorten(head, tail, size - 40)

    left = len(lines) - len(head) - len(tail)
    note = [f"... {plural(left, 'more line')} ..."] if left else []
    return "\n".join((*head, *note, *tail))


def _shorten(head: list[str], tail: list[str], size: int) -> None:
    """Remove lines next to the gap until both parts fit `size` bytes, or one line is left."""
    while len(head) + len(tail) > 1 and _bytes(head) + _bytes(tail) > size:
        if len(head) > 2 * len(tail):
            head.pop()
        else:
            tail.pop(0)


def _bytes(lines: list[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _shown(line: str) -> str:
    """A line without control characters, limited in length; tabs become blanks."""
    return cut(visible(cut(line.expandtabs(4), _LINE)), 2 * _LINE)

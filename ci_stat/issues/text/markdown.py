"""The pieces of an issue's text: foreign words made harmless for a tracker, excerpts, links, commands.

At a tracker words are live in more ways than Markdown has: mentions, references, commit hashes, commands of bots that
read the source of a text, fences included. Secrets are masked before anything is cut: half a secret is not found.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import quote, urlsplit

from ci_stat.escape import cut, markdown_text, visible, web_link
from ci_stat.issues.evidence import Hit
from ci_stat.records import CaseFailure
from ci_stat.redaction.redact import redacted, redacted_beginning
from ci_stat.rendering.feishu.markup import link_address

LINES, SIZE = 30, 6_000  # of an excerpt: lines and bytes
_LINE = 400  # characters of a line
_URL = 300  # characters; nothing of ours is longer, and a text has many
_TICKS = re.compile("`+")
_OURS = re.compile(r"(?i)<!--(?=\s*ci_stat:)")
# What bots take for a command at the beginning of a line, after blanks of any sort: `/close`, `/area/sql`, `bors r+`.
_COMMAND = re.compile(r"(?m)^([^\S\n]*)(?=/[A-Za-z])")
_BORS = re.compile(r"(?im)^([^\S\n]*bors)(?=[ \t])")
_MENTION = re.compile(r"@(?=[A-Za-z\d])")
_GAP = "\u200b"  # between two signs that act together only; visible() has taken out all that came from outside
_LIVE_WORD = re.compile(r"(?i)\b[0-9a-f]{7,64}\b|\bGH-\d+")
_LINE_ENDS = re.compile(r"\r\n?")


@dataclass(frozen=True)
class Pen:
    """Writes foreign words, without secrets and without `hosts`, and times in `zone`."""

    hosts: tuple[str, ...]
    zone: tzinfo

    def code(self, text: str, limit: int = 200) -> str:
        """On one line, as code: nothing in it is live."""
        shown = (
            " ".join(
                cut(visible(redacted_beginning(text, limit, self.hosts), 10_000), limit).split()
            )
            or "–"
        )
        ticks = "`" * (_longest(shown) + 1)
        edge = " " if "`" in shown else ""
        return f"{ticks}{edge}{_OURS.sub('< !--', shown)}{edge}{ticks}"

    def said(self, text: str, limit: int = 600) -> str:
        """On one line, as words. What would be live though it is no markup stands as code."""
        shown, parts, at = cut(redacted_beginning(text, limit, self.hosts), limit), [], 0
        for word in _LIVE_WORD.finditer(shown):
            parts += [markdown_text(shown[at : word.start()]), f"`{word[0]}`"]
            at = word.end()
        return "".join(parts) + markdown_text(shown[at:])

    def fence(self, text: str, kind: str = "text", lines: int = LINES, size: int = SIZE) -> str:
        """As it stands, in a fence that nothing in it can end; cut in the middle where it is long."""
        shown = _middle(_LINE_ENDS.sub("\n", redacted(text, self.hosts)), lines, size)
        ticks = "`" * max(3, _longest(shown) + 1)
        return f"{ticks}{kind}\n{_dead(_OURS.sub('< !--', shown))}\n{ticks}"

    def link(self, words: str, url: str) -> str:
        """`words` of ours, as a link where the address is one and says nothing private."""
        address = web_link(url)
        if not address or len(address) > _URL or "@" in urlsplit(address).netloc:
            return words
        if redacted(address, self.hosts) != address:
            return words
        return f"[{words}]({quote(link_address(address), safe=_IN_URL)})"

    def run(self, hit: Hit) -> str:
        return f"{self.moment(hit.run.started)}, {self.link(f'run {hit.run.number}', hit.run.link)}"

    def moment(self, moment: datetime, zone: bool = False) -> str:
        said = f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"
        return f"{said} ({self.zone_name})" if zone else said

    def day(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d}"

    @property
    def zone_name(self) -> str:
        return str(self.zone)


_IN_URL = "%:/?#[]!$&'()*+,;=-._~"


def _dead(text: str) -> str:
    """What bots act on, broken by a sign that nobody sees: they read the source, where a fence is no fence."""
    return _MENTION.sub(f"@{_GAP}", _BORS.sub(rf"\1{_GAP}", _COMMAND.sub(rf"\1{_GAP}", text)))


def _longest(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _middle(text: str, lines: int, size: int) -> str:
    """At most so many lines and bytes, from the beginning and from the end, each line made visible."""
    every = text.strip("\n").split("\n")
    most = lines if len(every) <= lines else lines - 1  # and the note
    first = (2 * most + 2) // 3
    head, tail = every[:first], every[first:] if len(every) <= most else every[-(most - first) :]
    head, tail = ([_tabs(line) for line in part] for part in (head, tail))
    while (
        sum(len(line.encode()) + 1 for line in (*head, *tail)) > size - 40
        and len(head) + len(tail) > 1
    ):
        (head.pop if len(head) > 2 * len(tail) else lambda: tail.pop(0))()
    left = len(every) - len(head) - len(tail)
    note = [f"... {left:,} more line{'s' * (left != 1)} ..."] if left else []
    return "\n".join((*head, *note, *tail))


def _tabs(line: str) -> str:
    """A line made visible, and short; a tab says nothing that blanks do not."""
    return cut(visible(cut(line.expandtabs(4), _LINE)), 2 * _LINE)


def share(rate: float) -> str:
    """A rate that may be far below a percent: `12%`, `1.3%`, `0.02%`."""
    percents = 100 * rate
    return f"{percents:.0f}%" if percents >= 10 else f"{percents:.2g}%"


# ---------------------------------------------------------------------------------------------------- commands

_SAFE = re.compile(r"[\w./:@=,+-]+")
_FOLDER = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)*")
_GO_PLACE = re.compile(r"(\S{1,500}\.go):")
_GOCHECK = re.compile(r"(\w+)\.(\w+)")
_FIXTURE = re.compile(r"(?:SetUp|TearDown)(?:Suite|Test)")
_LONGEST = 500  # characters of a command


def command(name: str, said: CaseFailure, repo: str, template: str = "") -> tuple[str, str]:
    """How to run a test by itself, and where; ("", "") where that is not known. `template`: by setting."""
    if visible(name) != name:
        return "", ""
    file = said.file or (found[1] if (found := _GO_PLACE.search(said.name)) else "")
    folder = _folder(file, repo)
    made = _by_setting(template, name, said, file, folder), ""
    if not made[0]:
        made = next(_built_in(name, said, file, folder), ("", ""))
    return made if len(made[0]) <= _LONGEST else ("", "")


def _folder(file: str, repo: str) -> str:
    """The file's folder in the repository; "" where it is not known."""
    inside = f"/{repo.rpartition('/')[2]}/"
    if file.startswith("/"):
        file = file.rpartition(inside)[2] if inside in file else ""
    folder = file.removeprefix("./").rpartition("/")[0]
    return folder if _FOLDER.fullmatch(folder) else ""


def _by_setting(template: str, name: str, said: CaseFailure, file: str, folder: str) -> str:
    """The template filled in, where each value it asks for is known, and harmless in a shell however it is quoted."""
    suite, dot, test = name.rpartition(".")
    values = {
        "case": name, "test": test if dot else name, "suite": said.suite or suite, "file": file, "package": folder,
    }  # fmt: skip
    asked = re.findall(r"\{(case|test|suite|file|package)\}", template)
    if not template or not all(_SAFE.fullmatch(values[each]) for each in asked):
        return ""
    return re.sub(r"\{(case|test|suite|file|package)\}", lambda each: values[each[1]], template)


def _built_in(name: str, said: CaseFailure, file: str, folder: str) -> Iterator[tuple[str, str]]:
    if name.startswith("//"):
        yield f"bazel test {shlex.quote(name)}", ""
    elif file.endswith(".go") or said.rule.startswith("go"):
        yield from _go(name, said, file, folder)
    elif ".py::" in name:
        yield f"pytest {shlex.quote(name)}", ""
    elif said.rule.startswith("pytest"):
        yield (
            f"pytest {shlex.quote(f'{file}::{name}') if file.endswith('.py') else f'-k {shlex.quote(name)}'}",
            "",
        )
    elif said.rule.startswith(("cargo", "nextest")) or (
        said.source == "log" and re.fullmatch(r"\w+(?:::\w+)+", name)
    ):
        yield f"cargo test {shlex.quote(name)}", ""


def _go(name: str, said: CaseFailure, file: str, folder: str) -> Iterator[tuple[str, str]]:
    if not folder and said.rule == "gotestsum-fail" and _FOLDER.fullmatch(said.suite):
        folder = said.suite
    package = f"./{folder}" if folder else "."
    where = "" if folder else file.rpartition("/")[2] or "its package"
    suite = _GOCHECK.fullmatch(name)
    if suite:
        # A fixture is no test: it runs before or after those of its suite.
        wanted = rf"^{suite[1]}\." + ("" if _FIXTURE.fullmatch(suite[2]) else f"{suite[2]}$")
        yield f"go test {package} -check.f {shlex.quote(wanted)}", where
    elif re.fullmatch(r"\w+", name):
        yield f"go test {package} -run {shlex.quote(f'^{name}$')} -count=1", where

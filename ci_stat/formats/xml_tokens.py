"""Read XML as a stream of tokens in bounded memory, faster than expat hands them to Python.

Expat refuses control characters, which consoles leave in results, and takes twice as long (see
benchmarks/junit.py). This reads what producers write: undefined entities stay as they are. It
refuses declarations of entities and opens nothing outside of the file. Errors are raised as
`Unreadable` with the line.
"""

import re
from collections.abc import Iterable, Iterator

from ci_stat.formats.xml_names import Names, unescaped
from ci_stat.formats.xml_parts import before_open_entity, declaration_end, one_line
from ci_stat.records.case_results import ReadState, Unreadable

START, END, EMPTY, TEXT, CDATA = 1, 2, 3, 4, 5
Token = tuple[int, str, str]
"""START: name and attributes, not parsed yet; EMPTY: the same with its end. END: name.
TEXT (escaped) and CDATA: a piece of text."""

MAX_DEPTH = 1000  # elements in each other
MAX_TAG = 8 * 2**20  # characters of one tag
_MAX_DOCTYPE = 64 * 1024
_BLANK = " \t\r\n\0\ufeff"
_TAG_END = re.compile(r"""[^"'>]*+(?:(?:"[^"]*+"|'[^']*+')[^"'>]*+)*+>""")


class XmlTokens:
    """The tokens of `blocks`. Set `wants_text` while text is needed; other text is skipped.

    `documents`: roots that were closed. A file may contain several. A reader may read on by itself
    from `text` at `at`, within this text; then it sets `at`.
    """

    def __init__(self, blocks: Iterable[str]) -> None:
        self.wants_text = False
        self.documents = 0
        self._blocks = iter(blocks)
        self.text = ""
        self.at = 0
        self._line = 1
        self._open: list[str] = []
        self._names = Names()

    def attributes(self, text: str) -> dict[str, str]:
        """Return the attributes of a START token."""
        parts = text.split('"')
        names = map(self._names.known.__getitem__, parts[:-1:2])
        try:
            values = dict(zip(names, parts[1::2], strict=True))
        except (KeyError, ValueError):
            return self._checked_attributes(text)
        if parts[-1] and not parts[-1].isspace():
            return self._checked_attributes(text)
        return unescaped(values) if "&" in text else values

    def _checked_attributes(self, text: str) -> dict[str, str]:
        values = self._names.attributes(text)
        if values is None:
            raise self._broken("invalid attributes")
        return values

    def __iter__(self) -> Iterator[Token]:
        while True:
            begin = self.text.find("<", self.at)
            yield from self._text_until(begin)
            sign = self.text[begin + 1 : begin + 2] if begin >= 0 else ""
            if sign and sign in "!?":
                yield from self._other_markup()
                continue

            end = self.text.find(">", begin) if sign else -1
            tag = self._tag(end) if end >= 0 else None
            if tag is None:  # the block ends inside a text or a tag
                if not self._more():
                    return
                continue
            self.at += len(tag) + 2
            yield self._closed(tag[1:]) if sign == "/" else self._opened(tag)

    def take(self, rest: re.Pattern[str]) -> re.Match[str] | None:
        """Take the rest of the element that just began at once, if it is as `rest` says.

        `rest` matches to the end tag, which is included. None if it does not match, or if the rest
        of the element is in a later block: then its tokens follow as usual.
        """
        match = rest.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            self._open.pop()
        return match

    def _tag(self, end: int) -> str | None:
        """Return the tag at the position, without brackets; None if it goes on in the next block.

        `end`: the first `>`, which may be in a value.
        """
        tag = self.text[self.at + 1 : end]
        if "'" in tag or tag.count('"') & 1:
            match = _TAG_END.match(self.text, self.at + 1)
            return match[0][:-1] if match else None
        return tag

    def _opened(self, tag: str) -> Token:
        if "\n" in tag or "\t" in tag or "\r" in tag:
            tag = one_line(tag)
        is_empty = tag.endswith("/")
        name, _, rest = (tag[:-1] if is_empty else tag).partition(" ")
        if not self._names.is_element(name):
            raise self._broken(f"<{tag[:80]}> is not a tag")
        if is_empty:
            self.documents += not self._open
            return EMPTY, name, rest
        self._open.append(name)
        if len(self._open) > MAX_DEPTH:
            raise self._broken(f"elements are nested deeper than {MAX_DEPTH:,}")
        return START, name, rest

    def _closed(self, name: str) -> Token:
        if not self._open:
            raise self._broken(f"</{name[:80]}> closes nothing")
        expected = self._open.pop()
        if name != expected and name.strip(_BLANK) != expected:
            raise self._broken(f"</{name[:80]}> closes <{expected[:80]}>")
        self.documents += not self._open
        return END, expected, ""

    # Text

    def _text_until(self, end: int) -> Iterator[Token]:
        """Yield the text from the position to `end`; to the end of the block if it is negative."""
        text, at = self.text, self.at
        if end < 0:
            end = before_open_entity(text, at)
        if not self._open:
            self._require_blank(text[at:end])
        self.at = end
        if self._open and self.wants_text and end > at:
            yield TEXT, text[at:end], ""

    def _require_blank(self, text: str) -> None:
        outside = text.strip(_BLANK)
        if outside and not self.documents:
            raise Unreadable(
                ReadState.NOT_RESULTS, f"it begins with `{outside[:40]}`, not with XML"
            )
        if outside:
            self.at += text.index(outside)
            raise self._broken(f"`{outside[:40]}` follows the end of the document")

    def _more(self) -> bool:
        """Read the next block behind what is left of this one. Whether there is one."""
        block = next(self._blocks, None)
        rest = self.text[self.at :]
        if block is None:
            self._end(rest)
            return False
        self._line += self.text.count("\n", 0, self.at)
        if len(rest) > MAX_TAG:
            raise self._broken(f"a tag is longer than {MAX_TAG:,} characters")
        self.text, self.at = rest + block, 0
        return True

    def _end(self, rest: str) -> None:
        """Check that the file is complete."""
        if self._open:
            raise Unreadable(ReadState.CUT, f"the file ends inside <{self._open[-1][:80]}>")
        if rest.strip(_BLANK):
            raise Unreadable(ReadState.CUT, "the file ends inside a tag")
        if not self.documents:
            raise Unreadable(ReadState.EMPTY, "the file has no content")

    def _broken(self, reason: str) -> Unreadable:
        line = self._line + self.text.count("\n", 0, self.at)
        return Unreadable(ReadState.BROKEN, f"line {line:,}: {reason}")

    # Comments, CDATA, declarations

    def _other_markup(self) -> Iterator[Token]:
        self._need(len("<![CDATA["))
        text, at = self.text, self.at
        if text.startswith("<![CDATA[", at):
            if not self._open:
                raise self._broken("CDATA outside of the document")
            self.at += len("<![CDATA[")
            yield from self._until("]]>", self.wants_text)
        elif text.startswith("<!--", at):
            self.at += len("<!--")
            yield from self._until("-->", False)
        elif text.startswith("<?", at):
            yield from self._until("?>", False)
        else:
            self._declaration()

    def _need(self, size: int) -> None:
        while len(self.text) - self.at < size:
            if not self._append():
                return

    def _append(self) -> bool:
        """Read the next block; False at the end of the file."""
        block = next(self._blocks, None)
        if block is None:
            return False
        self._line += self.text.count("\n", 0, self.at)
        self.text, self.at = self.text[self.at :] + block, 0
        return True

    def _until(self, terminator: str, is_wanted: bool) -> Iterator[Token]:
        while True:
            end = self.text.find(terminator, self.at)
            is_ended = end >= 0
            if not is_ended:  # a part of the terminator may be at the end
                end = max(self.at, len(self.text) - len(terminator) + 1)
            if is_wanted and end > self.at:
                yield CDATA, self.text[self.at : end], ""
            self.at = end
            if is_ended:
                self.at += len(terminator)
                return
            if not self._append():
                inside = f"<{self._open[-1][:80]}>" if self._open else "a comment or declaration"
                raise Unreadable(ReadState.CUT, f"the file ends inside {inside}")

    def _declaration(self) -> None:
        """Skip `<!DOCTYPE ...>`. Refuse entities, wherever they are declared."""
        while True:
            text = self.text[self.at : self.at + _MAX_DOCTYPE]
            end = declaration_end(text)
            if "<!ENTITY" in text[: end if end >= 0 else None]:
                raise Unreadable(ReadState.REFUSED, "the file declares XML entities")
            if end >= 0:
                self.at += end
                return
            if len(text) == _MAX_DOCTYPE:
                raise self._broken("the document type declaration is too long")
            if not self._append():
                raise Unreadable(ReadState.CUT, "the file ends inside a declaration")

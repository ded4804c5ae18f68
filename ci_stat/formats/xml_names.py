"""Names and attributes of XML elements, and the characters that entities stand for."""

import re

_ELEMENT = re.compile(r"[^\W\d][\w:.-]{0,199}")
_NAME_AND_SIGN = re.compile(r"\s*([^\W\d][\w:.-]{0,199})\s*=\s*")
_ATTRIBUTE = re.compile(r"""\s*([^\W\d][\w:.-]{0,199})\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ENTITY = re.compile(r"&(lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_MAX_KNOWN = 2000  # names; a file with more is checked name by name


class Names:
    """Names that were checked once; a file repeats a few of them.

    `known`: names of attributes, by name with white space and `=`.
    """

    def __init__(self) -> None:
        self._elements: set[str] = set()
        self.known: dict[str, str] = {}

    def is_element(self, name: str) -> bool:
        if name in self._elements:
            return True
        is_valid = _ELEMENT.fullmatch(name) is not None
        if is_valid and len(self._elements) < _MAX_KNOWN:
            self._elements.add(name)
        return is_valid

    def attributes(self, text: str) -> dict[str, str] | None:
        """Return the attributes of a tag; None if they are invalid."""
        parts = text.split('"')
        names = [_NAME_AND_SIGN.fullmatch(part) for part in parts[:-1:2]]
        if None in names or parts[-1].strip():
            return _slowly(text)
        if len(self.known) < _MAX_KNOWN:
            self.known.update((match[0], match[1]) for match in names if match)
        values = zip((match[1] for match in names if match), parts[1::2], strict=False)
        return unescaped(dict(values))


def _slowly(text: str) -> dict[str, str] | None:
    """Return attributes of which some have apostrophes around their values."""
    values: dict[str, str] = {}
    at = 0
    while match := _ATTRIBUTE.match(text, at):
        values[match[1]] = match[2] if match[2] is not None else match[3]
        at = match.end()
    return None if text[at:].strip() else unescaped(values)


def unescaped(values: dict[str, str]) -> dict[str, str]:
    """Replace the entities in all values."""
    return {name: unescape(value) for name, value in values.items()}


def unescape(text: str) -> str:
    """Replace the five entities of XML and numbers of characters; others stay.

    >>> unescape("a &lt; b &amp;&#32;&unknown;")
    'a < b & &unknown;'
    """
    if "&" not in text:
        return text
    # No call of ours for each entity: this is a third of the time that reading texts takes.
    parts = _ENTITY.split(text)
    parts[1::2] = map(_CHARACTERS.__getitem__, parts[1::2])
    return "".join(parts)


class _Characters(dict[str, str]):
    """Characters by the names of their entities; others are numbers."""

    def __missing__(self, entity: str) -> str:
        number = int(entity[2:], 16) if entity.startswith("#x") else int(entity[1:])
        is_character = number < 0x110000 and not 0xD800 <= number < 0xE000
        return chr(number) if is_character else "\ufffd"


_CHARACTERS = _Characters(lt="<", gt=">", amp="&", quot='"', apos="'")

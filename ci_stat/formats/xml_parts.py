"""Where parts of XML end within a block of text."""

_ENTITY = 64  # characters of an entity such as `&#x1F600;`, and room
_SPACES = str.maketrans("\t\r\n", "   ")


def one_line(tag: str) -> str:
    """Return a tag with spaces for line ends and tabs, also within its values, as XML says."""
    return tag.replace("\r\n", "\n").translate(_SPACES)


def declaration_end(text: str) -> int:
    """Return the position behind a declaration; -1 if it is not complete."""
    subset, end = text.find("["), text.find(">")
    if 0 <= subset < end or end < 0 <= subset:
        closing = text.find("]", subset)
        end = text.find(">", closing) if closing >= 0 else -1
    return end + 1 if end >= 0 else -1


def before_open_entity(text: str, at: int) -> int:
    """Return the end of the block, or where an entity or a line end begins that it may cut."""
    ampersand = text.rfind("&", max(at, len(text) - _ENTITY))
    if ampersand >= 0 and ";" not in text[ampersand:]:
        return ampersand
    return len(text) - 1 if text.endswith("\r") and len(text) > at else len(text)

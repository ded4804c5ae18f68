"""Judge a value by itself: is it random like a secret, or a placeholder; strip quotes around it."""

import re

MASK = "***"

# Values that stand in for a secret or say that there is none.
NOTHING = re.compile(
    r"(?i)(?:\*+|x{3,}|\.{3}|true|false|yes|no|on|off|null|nil|none|undefined|empty|unset"
    r"|\[?(?:redacted|masked|hidden|secure|filtered)\]?|\d\d?"
    r"|required|optional|missing|invalid|incorrect|wrong|expired|string|str|bytes|any|object|type"
    r"|\$(?-i:[A-Z_])\w*|\$?\{.*|\$\(.*|%[-\w(].*|\[\]?)?"
)
_CLOSING = ",;)}]\\"
_QUOTES = ('\\"', '"', "'", "`")
_CALL = re.compile(r"\w\(")
_WORDLIKE = re.compile(r"[A-Za-z_./:*-]*\d{0,3}")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")
_CASE_SWITCHES = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]")


def is_random(value: str, min_length: int = 8) -> bool:
    """Whether the value looks random (high entropy), not written by a person or a compiler."""
    if len(value) < min_length or is_call(value):
        return False
    if _WORDLIKE.fullmatch(value):
        switches = len(_CASE_SWITCHES.findall(value))
        return len(value) >= 20 and value.isalnum() and switches >= 5
    return has_digit(value) and _LETTER.search(value) is not None


def is_call(value: str) -> bool:
    """Whether the value contains a function call."""
    return _CALL.search(value) is not None


def has_digit(value: str) -> bool:
    return _DIGIT.search(value) is not None


def without_closing(value: str) -> str:
    """Remove closing punctuation at the end: it belongs to the text around the value."""
    return value.rstrip(_CLOSING)


def unquoted(value: str) -> str:
    """Remove the quotes around a value, or the closing punctuation behind it."""
    for quote in _QUOTES:
        is_quoted = value.startswith(quote) and value.endswith(quote)
        if is_quoted and len(value) > 2 * len(quote):
            return value[len(quote) : -len(quote)]
    return without_closing(value)

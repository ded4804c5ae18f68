"""What a value looks like by itself: drawn by lot, a stand-in for a secret, or bare of what stands around it."""

import re

MASK = "***"

NOTHING = re.compile(
    r"(?i)(?:\*+|x{3,}|\.{3}|true|false|yes|no|on|off|null|nil|none|undefined|empty|unset|\[?(?:redacted|masked|hidden|secure|filtered)\]?|\d\d?"
    r"|required|optional|missing|invalid|incorrect|wrong|expired|string|str|bytes|any|object|type"
    r"|\$(?-i:[A-Z_])\w*|\$?\{.*|\$\(.*|%[-\w(].*|\[\]?)?"
)
_TAIL = ",;)}]\\"
_CALL = re.compile(r"\w\(")
_WORDLIKE = re.compile(r"[A-Za-z_./:*-]*\d{0,3}")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")
_SWITCHES = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]")


def is_random(value: str, least: int = 8) -> bool:
    """Whether it looks drawn by lot, and not written by a person or by a compiler."""
    if len(value) < least or is_call(value):
        return False
    if _WORDLIKE.fullmatch(value):
        return len(value) >= 20 and value.isalnum() and len(_SWITCHES.findall(value)) >= 5
    return has_digit(value) and _LETTER.search(value) is not None


def is_call(value: str) -> bool:
    return _CALL.search(value) is not None


def has_digit(value: str) -> bool:
    return _DIGIT.search(value) is not None


def without_tail(value: str) -> str:
    """Without the signs that close what it stands in."""
    return value.rstrip(_TAIL)


def bare(value: str) -> str:
    """A value without its quotation marks, or without the signs that close what it stands in."""
    for mark in ('\\"', '"', "'", "`"):
        if len(value) > 2 * len(mark) and value.startswith(mark) and value.endswith(mark):
            return value[len(mark) : -len(mark)]
    return without_tail(value)

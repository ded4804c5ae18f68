"""Decode JSON in which a character was cut in two.

JavaScript counts in halves of characters: a message that is cut to a length may end in half an
emoji. JSON can say that as an escape, UTF-8 cannot.
"""

import re
from typing import TypeVar

import msgspec

T = TypeVar("T")

_ESCAPE = re.compile(
    r"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)",
    re.DOTALL,
)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def decode_json(text: str, type: type[T]) -> T:
    """Decode JSON; half a character becomes U+FFFD. Raises msgspec.DecodeError, RecursionError."""
    try:
        return msgspec.json.decode(text, type=type)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if not _HALF.search(text):
            raise
        return msgspec.json.decode(_ESCAPE.sub(_whole, text), type=type)


def _whole(match: re.Match[str]) -> str:
    is_half = match[1] is None and match[0][1:3].lower() == "ud"
    return r"\ufffd" if is_half else match[0]

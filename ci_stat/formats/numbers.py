"""Numbers in result files: seconds with points, commas or colons; line numbers."""

import re

MAX_SECONDS = 10 * 366 * 86_400  # more is not a duration but a mistake
_PLAIN = re.compile(r"\d{1,12}(?:\.\d*)?")
_CLOCK = re.compile(r"(?:(\d{1,4})\.)?(\d{1,5}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)")


def seconds(text: str) -> float | None:
    """Return a duration; None for a negative one or what is not a number.

    >>> seconds("0,25"), seconds("1,071.5"), seconds("00:01:02.5"), seconds("-3")
    (0.25, 1071.5, 62.5, None)
    """
    try:
        number = float(text)
    except ValueError:
        return _other_seconds(text.strip())
    return number if 0 <= number <= MAX_SECONDS else None  # neither holds for NaN


def _other_seconds(text: str) -> float | None:
    if "," in text:
        text = text.replace(",", "") if "." in text else text.replace(",", ".", 1)
        return seconds(text) if _PLAIN.fullmatch(text) else None
    return _clock(text)


def _clock(text: str) -> float | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, rest = match.groups()
    return int(days or 0) * 86_400 + int(hours) * 3_600 + int(minutes) * 60 + float(rest)


def line_number(text: str) -> int | None:
    """Return a line from 1; None for anything else."""
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    return (int(text) or None) if is_number else None

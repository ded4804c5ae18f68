"""Appends to the summary of a job in GitHub Actions, within its limit."""

from collections.abc import Callable
from pathlib import Path

from ci_stat.errors import WriteError

MAX_SUMMARY = 1024 * 1024  # bytes of one step; GitHub drops a longer summary as a whole
_SHORTER = (100, 30, 10, 0)  # entries of each list


def append_summary(file: Path, text_with: Callable[[int], str]) -> str:
    """Append the longest text that fits, and return it. `text_with`: takes entries of each list.

    Raises WriteError.
    """
    try:
        room = MAX_SUMMARY - (file.stat().st_size if file.exists() else 0)
        text = fitting(text_with, room)
        with file.open("a", encoding="utf-8") as summary:
            summary.write(text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(f"The summary {file} cannot be written: {reason}.") from None
    return text


def fitting(text_with: Callable[[int], str], room: int = MAX_SUMMARY) -> str:
    """The text with the longest lists that has at most `room` bytes. Raises WriteError."""
    for entries in _SHORTER:
        text = text_with(entries)
        if len(text.encode("utf-8", "surrogatepass")) <= room:
            return text
    raise WriteError(
        "The summary of this step is full: GitHub takes 1 MiB.",
        "Publish in another step, or write less into GITHUB_STEP_SUMMARY.",
    )

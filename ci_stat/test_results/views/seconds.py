"""How durations of tests read: from microseconds to hours."""

from ci_stat.rendering.format import duration

_MINUTE = 60
_SHORT = 10


def seconds_words(seconds: float | None) -> str:
    """`340 ms`, `1.2 s`, `42 s`, `3m 07s`; a dash for None."""
    if seconds is None:
        return duration(None)
    if seconds >= _MINUTE:
        return duration(round(seconds * 1000))
    if seconds >= _SHORT:
        return f"{seconds:.0f} s"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 or not seconds else "<1 ms"

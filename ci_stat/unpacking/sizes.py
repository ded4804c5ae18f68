"""Sizes in bytes, for people."""


def size_text(number: int) -> str:
    """Return a number of bytes with its unit.

    >>> size_text(200 * 2**20)
    '200 MiB'
    """
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= factor:
            return f"{number / factor:.4g} {unit}"
    return f"{number} bytes"

"""Lists of names as users give them."""

from collections.abc import Sequence

from ci_stat.errors import UsageError


def names(value: object, what: str) -> tuple[str, ...]:
    """A list of names from a user.

    Raises UsageError for a lone text, which Python would take letter by letter.
    """
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, set, frozenset)):
        raise UsageError(
            f"{what} is {value!r}, not a list of names.", f"Write [{value!r}] for one, [] for all."
        )
    wrong = [name for name in value if not isinstance(name, str)]
    if wrong:
        raise UsageError(f"{what} holds {wrong[0]!r}, which is not a name.", "Names are texts.")
    return tuple(value)

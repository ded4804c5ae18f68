"""Check that an argument for jobs, repositories or branches is a list of strings."""

from collections.abc import Iterable

from ci_stat.errors import UsageError


def names(value: object, what: str) -> tuple[str, ...]:
    """A list of names from a user: any collection of strings, also of numpy or pandas.

    None is an empty list. Raises UsageError for anything else, also for a single text, which
    Python would iterate by character.
    """
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise UsageError(
            f"{what} is {value!r}, not a list of names.", f"Write [{value!r}] for one, [] for all."
        )
    values = tuple(value)
    wrong = [name for name in values if not isinstance(name, str)]
    if wrong:
        raise UsageError(
            f"{what} contains {wrong[0]!r}, which is not a string.", "Names must be strings."
        )
    return tuple(map(str, values))  # numpy's texts are a subclass

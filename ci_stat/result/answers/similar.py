"""Names that are similar to one that was typed."""

from collections.abc import Collection
from difflib import get_close_matches

NEAR = 5  # similar names in an error


def similar_names(typed: str, names: Collection[str]) -> list[str]:
    """Names that contain what was typed, then those that are spelled nearly so."""
    wanted = typed.casefold()
    containing = sorted((name for name in names if wanted and wanted in name.casefold()), key=len)
    spelled_so = get_close_matches(typed, names, n=NEAR, cutoff=0.5)
    return list(dict.fromkeys([*containing[:NEAR], *spelled_so]))[:NEAR]

"""Why a window contains no runs: unknown names, or a table that ends before the window."""

from ci_stat.records import Provenance, RunFilter
from ci_stat.runs.database import Source


def empty_reasons(source: Source, filter: RunFilter, provenance: Provenance) -> list[str]:
    """Return the likely reasons, one sentence each; an empty list for a window with runs."""
    if provenance.rows:
        return []

    reasons = source.unknown_names(filter)
    if provenance.behind is not None and provenance.behind >= filter.window.length:
        reasons.append("the table ends before this window; --end latest shows its newest rows")
    return reasons

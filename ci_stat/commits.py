"""The shell that finds out which commits failures began at: from the table, or from the checkout in the build's log."""

import re
from collections.abc import Callable, Iterable, Sequence

from ci_stat.analysis.evidence import Evidence, Failing, RunRef
from ci_stat.extraction import LogReader
from ci_stat.sources.build_log import first_log
from ci_stat.sources.no_log import LogPlace, NoLog

_MOST = 64 * 2**20  # bytes of a log: code is checked out at its beginning
_PIECE = 2**20
_KEPT = 200  # bytes at the end of a piece that may be the beginning of a line we look for
# The scripts of a pipeline are checked out before the code: the last one counts.
_CHECKOUT = re.compile(rb"git checkout (?:-f |--force |-q )*([0-9a-f]{40})\b")


def commits_around(
    failing: Iterable[Failing], evidence: Evidence, reader: LogReader | None
) -> dict[str, tuple[str, str]]:
    """By key: the commit of the first failure, and that of the last success before it on its branch. "": not known."""
    places = reader.places if reader else ()
    found = {}
    for each in failing:
        first = each.hits[0].run
        before = _last_pass(evidence.runs, first)
        found[each.key] = (_commit(first, places), _commit(before, places) if before else "")
    return found


def _last_pass(runs: Sequence[RunRef], first: RunRef) -> RunRef | None:
    alike = (
        run for run in runs if run.job == first.job and run.branch == first.branch and run.succeeded
    )
    return max(
        (run for run in alike if run.started < first.started),
        key=lambda run: run.started,
        default=None,
    )


def _commit(run: RunRef, places: Sequence[LogPlace]) -> str:
    if run.commit or not places:
        return run.commit
    try:
        with first_log(places, run.job, run.number) as stream:
            return last_checkout(stream.readinto)
    except NoLog:
        return ""


def last_checkout(readinto: Callable[[memoryview], int]) -> str:
    """The commit that a build log checked out last, in its first megabytes; "" if it says none."""
    piece, kept, found, done = bytearray(_PIECE), b"", "", 0
    while done < _MOST and (size := readinto(memoryview(piece))):
        text = kept + bytes(piece[:size])
        for match in _CHECKOUT.finditer(text):
            found = match[1].decode()
        kept, done = text[-_KEPT:], done + size
    return found

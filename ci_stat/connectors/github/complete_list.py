"""All issues of a repository, with a proof that none is missing: a missing one would be filed a
second time.

A list has many pages, and minutes pass between the first and the last, while people create, close,
transfer and delete issues. So the list is compared with the newest item and the number of all
items (if GitHub numbers the pages), before and after. Then recent changes are read, which takes
one or two requests, until the number of open items is exact and stays so for three requests.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ci_stat.connectors.github.calls import Calls
from ci_stat.connectors.github.pagination import Pages
from ci_stat.connectors.github.reading import Facts, Reading, disagreement, open_disagreement
from ci_stat.connectors.github.schema import item_of, number_in, text_in, valid_schema
from ci_stat.errors import SourceError
from ci_stat.records import Listing

log = logging.getLogger(__name__)

ASCENDING = {"state": "all", "sort": "created", "direction": "asc"}
DESCENDING = {"state": "all", "sort": "created", "direction": "desc"}
CHANGED = {"state": "all", "sort": "updated", "direction": "asc"}
# Seconds before each reading of recent changes: a repository's count may lag behind its list.
PAUSES = (0.0, 2.0, 8.0, 30.0)
SLACK = timedelta(minutes=10)  # a change may appear late
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


def complete_list(
    calls: Calls,
    pages: Pages,
    repo: str,
    keep: Callable[[str], bool],
    progress: Callable[[int], None],
) -> Listing:
    """All issues; read a second time if the first reading is inconsistent. Raises SourceError."""
    listing = _read(calls, pages, repo, keep, progress)
    if listing.problem:
        log.info("%s Reading it once more.", listing.problem)
        listing = _read(calls, pages, repo, keep, progress)
    return listing


def open_count(calls: Calls, repo: str) -> int:
    """How many issues and pull requests are open.

    Raises SourceError, also if issues are disabled.
    """
    value = calls.read(f"/repos/{repo}").value
    with valid_schema():
        count, name = number_in(value, "open_issues_count"), text_in(value, "full_name")
    if name.lower() != repo.lower():
        raise SourceError(f"{repo} was renamed at GitHub.", "Set github_repo to its new name.")
    if value.get("has_issues") is False:
        hint = "Enable them in the repository's settings, or set github_repo to another repository."
        raise SourceError(f"Issues are disabled in {repo}.", hint)
    return count


def _read(
    calls: Calls,
    pages: Pages,
    repo: str,
    keep: Callable[[str], bool],
    progress: Callable[[int], None],
) -> Listing:
    open_count(calls, repo)  # raises early if the repository is unusable
    before = _facts(pages, repo)
    reading = Reading(repo, keep)
    for page in pages.pages(f"/repos/{repo}/issues", ASCENDING):
        reading.add(page)
        progress(len(page.items))
        if reading.problem:
            break
    problem = reading.problem or _check(calls, pages, reading, before)
    issues = tuple(reading.issues.values())
    return Listing(
        issues, reading.pages, problem and f"The list of issues is incomplete: {problem}"
    )


def _check(calls: Calls, pages: Pages, reading: Reading, before: Facts) -> str:
    """Why the reading is incomplete; "" if it is not."""
    after = _facts(pages, reading.repo)
    return disagreement(reading, before, after) or _catch_up(calls, pages, reading, before.since)


def _catch_up(calls: Calls, pages: Pages, reading: Reading, since: datetime | None) -> str:
    """Read recent changes until the number of open items agrees; return why it does not, or ""."""
    highest, counts = reading.highest, (0, 0)
    for pause in PAUSES:
        calls.pause(pause)
        first = open_count(calls, reading.repo)
        for page in pages.pages(f"/repos/{reading.repo}/issues", CHANGED | _since(since)):
            reading.update(page, highest)
        counts = (first, open_count(calls, reading.repo))
        if reading.problem or counts == (reading.open, reading.open):
            return reading.problem
    return open_disagreement(reading, counts)


def _since(moment: datetime | None) -> dict[str, str]:
    if moment is None or moment < _FIRST:
        return {}
    return {"since": f"{(moment - SLACK).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _facts(pages: Pages, repo: str) -> Facts:
    page = pages.page(f"/repos/{repo}/issues", DESCENDING | {"per_page": "1"})
    with valid_schema():
        newest = [item_of(value, repo, lambda _: False) for value in page.items]
    # With one item on each page, the number of the last page is the number of items.
    single_page = None if page.next else len(newest)
    total = page.last or single_page
    if not newest:
        return Facts(None, total)
    return Facts(newest[0].number, total, newest[0].created_at)

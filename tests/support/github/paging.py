"""Pages of lists: by number with a link to the last, or by opaque cursors."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from tests.support.github import cursors, refusals
from tests.support.github.cursors import Key
from tests.support.github.records import Call
from tests.support.github.shapes import number_of
from tests.support.github.state import GitHub

T = TypeVar("T")
Links = dict[str, dict[str, str]]
Page = tuple[list[T], dict[str, str]]  # items, headers


def paged(github: GitHub, call: Call, items: Sequence[T]) -> Page[T]:
    """The requested page by its number, and links to others."""
    size, page = size_of(github, call), _number(github, call, "page", 1)
    last = max(-(-len(items) // size), 1)
    links: Links = {}
    if page > 1:
        links |= {"prev": {"page": str(min(page - 1, last))}, "first": {"page": "1"}}
    if page < last:
        links |= {"next": {"page": str(page + 1)}, "last": {"page": str(last)}}
    return list(items[(page - 1) * size : page * size]), _header(github, call, links)


def by_cursor(
    github: GitHub, call: Call, items: Sequence[T], key: Callable[[T], Key], descending: bool
) -> Page[T]:
    """The page after or before a cursor, which new items do not shift.

    `items`: in the order of `key`.
    """
    size, page = size_of(github, call), _number(github, call, "page", 1)
    if page > github.page_limit and not {"after", "before"} & set(call.query):
        raise refusals.refused(422, refusals.MANY_PAGES, "/issues/issues#list-repository-issues")
    start = max(_start(call, items, key, descending, size, page), 0)
    shown = list(items[start : start + size])
    links: Links = {}
    if shown and start + size < len(items):
        links["next"] = {"after": cursors.written(key(shown[-1])), "page": str(page + 1)}
    if shown and start:
        links["prev"] = {"before": cursors.written(key(shown[0])), "page": str(max(page - 1, 1))}
    return shown, _header(github, call, links)


def _start(
    call: Call, items: Sequence[T], key: Callable[[T], Key], descending: bool, size: int, page: int
) -> int:
    if "after" in call.query:
        at = _read(call.query["after"])
        return sum((key(item) >= at) if descending else (key(item) <= at) for item in items)
    if "before" in call.query:
        at = _read(call.query["before"])
        before = sum((key(item) > at) if descending else (key(item) < at) for item in items)
        return before - size
    return (page - 1) * size


def _read(text: str) -> Key:
    key = cursors.read(text)
    if key is None:
        raise refusals.refused(422, "The cursor is not valid", "/issues/issues")
    return key


def size_of(github: GitHub, call: Call) -> int:
    """GitHub silently reduces a size that is too large, so a list can look complete too early."""
    size = _number(github, call, "per_page", 30)
    if size > github.per_page_max:
        github.findings.append(
            f"{call.method} {call.path}: per_page={size} is more than {github.per_page_max}"
        )
    return min(size, github.per_page_max)


def _number(github: GitHub, call: Call, name: str, default: int) -> int:
    given = call.query.get(name, str(default))
    if given.isascii() and given.isdigit() and int(given) > 0:
        return int(given)
    github.findings.append(f"{call.method} {call.path}: {name}={given} is not a number from 1 on")
    return default


def _header(github: GitHub, call: Call, links: Links) -> dict[str, str]:
    """Links as GitHub writes them, with the repository's number."""
    path = call.path.replace(f"/repos/{github.repo}", f"/repositories/{number_of(github.repo)}", 1)
    kept = {
        name: value for name, value in call.query.items() if name not in ("page", "after", "before")
    }
    parts = [
        f'<{github.url}{path}?{urlencode(kept | more)}>; rel="{name}"'
        for name, more in links.items()
    ]
    return {"Link": ", ".join(parts)} if parts else {}

"""Lists come in pages: by number with the last one told, or by opaque cursors with only the next and the one before."""

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
    """By number: the page that was asked for, and where the others are."""
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
) -> Page[T]:  # fmt: skip
    """The page after (or before) a cursor: what is added meanwhile moves nothing. `items` are in the order of `key`."""
    size, page = size_of(github, call), _number(github, call, "page", 1)
    if page > github.page_limit and not {"after", "before"} & set(call.query):
        raise refusals.refused(422, refusals.MANY_PAGES, "/issues/issues#list-repository-issues")
    start = max(_start(call, items, key, descending, size, page), 0)
    found = list(items[start : start + size])
    links: Links = {}
    if found and start + size < len(items):
        links["next"] = {"after": cursors.written(key(found[-1])), "page": str(page + 1)}
    if found and start:
        links["prev"] = {"before": cursors.written(key(found[0])), "page": str(max(page - 1, 1))}
    return found, _header(github, call, links)


def _start(
    call: Call, items: Sequence[T], key: Callable[[T], Key], descending: bool, size: int, page: int
) -> int:  # fmt: skip
    if "after" in call.query:
        at = _read(call.query["after"])
        return sum((key(each) >= at) if descending else (key(each) <= at) for each in items)
    if "before" in call.query:
        at = _read(call.query["before"])
        return sum((key(each) > at) if descending else (key(each) < at) for each in items) - size
    return (page - 1) * size


def _read(text: str) -> Key:
    key = cursors.read(text)
    if key is None:
        raise refusals.refused(422, "The cursor is not valid", "/issues/issues")
    return key


def size_of(github: GitHub, call: Call) -> int:
    """GitHub cuts a size that is too large without a word, so that a list looks shorter than it is."""
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
    """As GitHub does: links name the repository by its number."""
    path = call.path.replace(f"/repos/{github.repo}", f"/repositories/{number_of(github.repo)}", 1)
    kept = {
        name: value for name, value in call.query.items() if name not in ("page", "after", "before")
    }
    told = [
        f'<{github.url}{path}?{urlencode(kept | more)}>; rel="{name}"'
        for name, more in links.items()
    ]
    return {"Link": ", ".join(told)} if told else {}

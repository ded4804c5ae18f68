"""Lists in pages: each page links to the next.

Page numbers are not counted: GitHub links long lists by cursors.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ci_stat.connectors.github.calls import Calls
from ci_stat.connectors.github.responses import CallResult
from ci_stat.connectors.github.schema import HINT
from ci_stat.connectors.http.address import Address, origin
from ci_stat.errors import SourceError

PER_PAGE = 100
MAX_PAGES = 20_000  # two million issues; more pages mean that the links form a circle
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r'rel="?(\w+)"?')


@dataclass(frozen=True, slots=True)
class Page:
    """`next`: path and query of the next page, "" for none.

    `last`: the number of the last page, if known. `total`: the items of all pages, if GitHub
    counts them. `etag`: of this page. `unchanged`: the page is the one with the given ETag.
    """

    items: list[Any] = field(repr=False)
    next: str = ""
    last: int | None = None
    total: int | None = None
    etag: str = ""
    unchanged: bool = False


class Pages:
    """The lists of one GitHub at `address`."""

    def __init__(self, calls: Calls, address: Address) -> None:
        self._calls, self._address = calls, address

    def page(
        self, path: str, query: Mapping[str, str] | None = None, of: str = "", etag: str = ""
    ) -> Page:
        """One page. Raises SourceError.

        `of`: the name of the list in a response that is an object. `etag`: of the page if known.
        """
        result = self._calls.read(path, query, etag)
        if result.code == 304:
            return Page([], etag=etag, unchanged=True)
        items, total = _items(result.value, of)
        links = _links(result)
        target = self._next_target(links["next"], path) if links.get("next") else ""
        last = _page_number(links.get("last", ""))
        return Page(items, target, last, total, result.headers.get("etag", ""))

    def pages(self, path: str, query: Mapping[str, str], of: str = "") -> Iterator[Page]:
        """All pages, as they arrive. Raises SourceError."""
        page = self.page(path, dict(query) | {"per_page": str(PER_PAGE)}, of)
        seen = {page.next}
        yield page
        while page.next:
            page = self.page(page.next, of=of)
            if page.next and page.next in seen:
                raise _unreadable("a page links back to an earlier one")
            seen.add(page.next)
            if len(seen) > MAX_PAGES:
                raise _unreadable(f"it has more than {MAX_PAGES:,} pages")
            yield page

    def whole(self, path: str, query: Mapping[str, str], of: str = "") -> list[Any]:
        """All items of a list with numbered pages. `of`: as `page`.

        Raises SourceError, also if a link is missing.
        """
        pages = list(self.pages(path, query, of))
        items = [item for page in pages for item in page.items]
        # A full page without a link may be the last one, or a proxy removed the link.
        if items and len(items) == len(pages) * PER_PAGE:
            following = {"per_page": str(PER_PAGE), "page": str(len(pages) + 1)}
            if self.page(path, dict(query) | following, of).items:
                raise _unreadable("it continues, but the link to its next page is missing")
        return items

    def _next_target(self, url: str, path: str) -> str:
        """A link's path and query below our address. Raises SourceError if it leads elsewhere."""
        try:
            link = urlsplit(url)
            same_server = origin(url) == origin(self._address.root)
        except ValueError:
            raise _unreadable("it has an invalid link") from None
        below = link.path.removeprefix(f"{self._address.path}/")
        is_below = below != link.path
        if not same_server or not is_below or not _same_list(f"/{below}", path.partition("?")[0]):
            raise _unreadable("a page links to another place")
        return f"/{below}?{link.query}"


def _items(value: Any, of: str) -> tuple[list[Any], int | None]:
    """The list, and how many items it has in all, if the response says so."""
    items = value.get(of) if of and isinstance(value, dict) else value
    if not isinstance(items, list):
        raise _unreadable("the response is not a list")
    total = value.get("total_count") if of else None
    return items, total if isinstance(total, int) else None


def _same_list(link: str, path: str) -> bool:
    """GitHub's links name the repository by its number; the rest of the path is the same."""
    if link.lower() == path.lower():
        return True
    rest_of_link = re.sub(r"^/repositories/[0-9]+/", "/", link)
    rest_of_path = re.sub(r"^/repos/[^/]+/[^/]+/", "/", path)
    return rest_of_link != link and rest_of_link == rest_of_path


def _links(result: CallResult) -> dict[str, str]:
    links = {}
    for url, rest in _LINK.findall(result.headers.get("link", "")):
        for rel in _REL.findall(rest):
            links[rel] = url
    return links


def _page_number(url: str) -> int | None:
    try:
        (text,) = parse_qs(urlsplit(url).query).get("page", [""])
    except ValueError:
        return None
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _unreadable(problem: str) -> SourceError:
    return SourceError(f"GitHub's list cannot be read to its end: {problem}.", HINT)

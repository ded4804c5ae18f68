"""Lists that come in pages: from one to the next by the link that GitHub gives, and nowhere else.

Pages are never counted to find the next one: GitHub links long lists by cursors.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ci_stat.connectors.github.calls import Asking
from ci_stat.connectors.github.responses import Said
from ci_stat.connectors.github.schema import HINT
from ci_stat.connectors.http.address import Address
from ci_stat.errors import SourceError

PER_PAGE = 100
MAX_PAGES = 20_000  # two million issues; only a server that leads us in a circle has more
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r'rel="?(\w+)"?')
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Page:
    """`following`: path and query of the next page, "" for none. `last`: the number of the last page, where told."""

    items: list[Any] = field(repr=False)
    following: str = ""
    last: int | None = None


class Pages:
    """The lists of one GitHub at `place`."""

    def __init__(self, asking: Asking, place: Address) -> None:
        self._asking, self._place = asking, place

    def page(self, path: str, query: Mapping[str, str] | None = None) -> Page:
        """One page. Raises SourceError."""
        said = self._asking.read(path, query)
        if not isinstance(said.value, list):
            raise _strange("something else than a list came")
        links = _links(said)
        following = self._below(links["next"], path) if links.get("next") else ""
        return Page(said.value, following, _number(links.get("last", "")))

    def pages(self, path: str, query: Mapping[str, str]) -> Iterator[Page]:
        """All pages, each as it comes. Raises SourceError."""
        page = self.page(path, dict(query) | {"per_page": str(PER_PAGE)})
        seen = {page.following}
        yield page
        while page.following:
            page = self.page(page.following)
            if page.following and page.following in seen:
                raise _strange("one page leads back to another")
            seen.add(page.following)
            if len(seen) > MAX_PAGES:
                raise _strange(f"there are more than {MAX_PAGES:,} pages")
            yield page

    def whole(self, path: str, query: Mapping[str, str]) -> list[Any]:
        """All items of a list that has numbered pages. Raises SourceError, also where a link must be missing."""
        pages = list(self.pages(path, query))
        found = [item for page in pages for item in page.items]
        # A full page may be the last one. What a proxy did to the links would look the same.
        if found and len(found) == len(pages) * PER_PAGE:
            further = {"per_page": str(PER_PAGE), "page": str(len(pages) + 1)}
            if self.page(path, dict(query) | further).items:
                raise _strange("a list goes on, and there is no link to its next page")
        return found

    def _below(self, url: str, path: str) -> str:
        """A link's path and query below our address, if it leads on in the same list."""
        try:
            there, here = urlsplit(url), urlsplit(self._place.root)
            same = _end(there.scheme, there.hostname, there.port) == _end(
                here.scheme, here.hostname, here.port
            )
        except ValueError:
            raise _strange("a link that cannot be read") from None
        below = there.path.removeprefix(f"{self._place.path}/")
        if not same or below == there.path or not _same_list(f"/{below}", path.partition("?")[0]):
            raise _strange("a page leads to another place")
        return f"/{below}?{there.query}"


def _end(scheme: str, host: str | None, port: int | None) -> tuple[str, str | None, int | None]:
    return scheme, host, port or _PORTS.get(scheme)


def _same_list(there: str, here: str) -> bool:
    """GitHub's links have the repository's number in place of its name; what is after it must be the same."""
    numbered = re.sub(r"^/repositories/[0-9]+/", "/", there)
    return there.lower() == here.lower() or (
        numbered != there and numbered == re.sub(r"^/repos/[^/]+/[^/]+/", "/", here)
    )


def _links(said: Said) -> dict[str, str]:
    found = {}
    for url, rest in _LINK.findall(said.headers.get("link", "")):
        for rel in _REL.findall(rest):
            found[rel] = url
    return found


def _number(url: str) -> int | None:
    try:
        (text,) = parse_qs(urlsplit(url).query).get("page", [""])
    except ValueError:
        return None
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _strange(what: str) -> SourceError:
    return SourceError(f"GitHub's list cannot be read to its end: {what}.", HINT)

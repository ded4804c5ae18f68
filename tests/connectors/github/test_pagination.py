"""From page to page: never to another place, never in a circle, never past the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from ci_stat.connectors.github import pagination
from ci_stat.connectors.github.pagination import Pages
from ci_stat.connectors.github.responses import CallResult, CallState
from ci_stat.connectors.http.address import parse_address
from ci_stat.errors import SourceError

ROOT = "https://ghe.example/api/v3"
PATH = "/repos/pingcap/tidb/issues"
LEADS = "GitHub's list cannot be read to its end"


@dataclass
class Asked:
    """Answers with one full page after the other, each with its header `Link`."""

    links: Sequence[str]
    items: int = 100
    paths: list[str] = field(default_factory=list)

    def read(self, path: str, query: Mapping[str, str] | None = None, etag: str = "") -> CallResult:
        link = self.links[min(len(self.paths), len(self.links) - 1)]
        self.paths.append(path)
        return CallResult(
            CallState.DONE, value=[0] * self.items, headers={"link": link} if link else {}
        )


def read(*links: str, items: int = 100, path: str = PATH) -> tuple[list[str], int]:
    """What was asked for, and how many pages came."""
    asked = Asked(links, items)
    pages = Pages(cast(Any, asked), parse_address(ROOT, "github_url", ROOT))
    return asked.paths, len(list(pages.pages(path, {"state": "all"})))


def after(text: str, rel: str = "next") -> str:
    return f'<{text}>; rel="{rel}"'


@pytest.mark.parametrize(
    "link",
    [
        after(f"{ROOT}/repositories/41/issues?state=all&after=Y3Vyc29y%3D%3D&page=2"),
        after(f"{ROOT}/repos/pingcap/tidb/issues?page=2"),
        after(f"{ROOT}/repos/PingCAP/TiDB/issues?page=2"),
        after("https://GHE.example:443/api/v3/repositories/41/issues?page=2"),
        (
            f"{after(f'{ROOT}/x', 'prev')}, "
            f"{after(f'{ROOT}/repositories/41/issues?page=2')}, "
            f"{after('x?page=9', 'last')}"
        ),
        f"<{ROOT}/repositories/41/issues?page=2>; rel=next",
        f'<{ROOT}/repositories/41/issues?labels=a,b&page=2>; title="x"; rel="next"',
    ],
)
def test_a_link_to_the_next_page(link: str) -> None:
    paths, count = read(link, "")
    assert (len(paths), count) == (2, 2)
    assert paths[1].startswith("/repo")
    assert "page=2" in paths[1]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (
            "https://evil.example/api/v3/repositories/1/issues?after=x",
            "a page links to another place",
        ),
        (
            "http://ghe.example/api/v3/repositories/1/issues?after=x",
            "a page links to another place",
        ),
        (
            "https://ghe.example:8443/api/v3/repositories/1/issues?after=x",
            "a page links to another place",
        ),
        (
            "https://ghe.example@evil.example/api/v3/repositories/1/issues",
            "a page links to another place",
        ),
        (
            "https://ghe.example.evil.example/api/v3/repositories/1/issues",
            "a page links to another place",
        ),
        ("https://ghe.example/repositories/1/issues?after=x", "a page links to another place"),
        (
            "https://ghe.example/api/v3/repositories/1/comments?after=x",
            "a page links to another place",
        ),
        (
            "https://ghe.example/api/v3/repositories/1/issues/2?after=x",
            "a page links to another place",
        ),
        ("https://ghe.example/api/v3/repositories/../issues", "a page links to another place"),
        ("https://ghe.example/api/v3/user?after=x", "a page links to another place"),
        ("/repositories/1/issues?after=x", "a page links to another place"),
        ("https://[/api/v3/repositories/1/issues", "it has an invalid link"),
        ("https://ghe.example:x/api/v3/repositories/1/issues", "it has an invalid link"),
    ],
)
def test_a_link_that_leads_astray_is_not_followed(url: str, problem: str) -> None:
    asked = Asked([after(url)])
    with pytest.raises(SourceError) as caught:
        list(Pages(cast(Any, asked), parse_address(ROOT, "github_url", ROOT)).pages(PATH, {}))
    assert caught.value.message == f"{LEADS}: {problem}."
    assert asked.paths == [PATH]


def test_a_link_to_another_repository_is_not_followed() -> None:
    with pytest.raises(SourceError, match="another place"):
        read(after(f"{ROOT}/repos/other/tidb/issues?page=2"), "")


def test_links_that_lead_in_a_circle() -> None:
    one, two = (after(f"{ROOT}/repositories/41/issues?after={each}") for each in "ab")
    with pytest.raises(SourceError, match="a page links back to an earlier one"):
        read(one, two, one)


def test_links_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MAX_PAGES", 50)
    links = [after(f"{ROOT}/repositories/41/issues?after={each}") for each in range(60)]
    with pytest.raises(SourceError, match="more than 50 pages"):
        read(*links)


@pytest.mark.parametrize(
    "link", ["", "<", "<>", f"<{ROOT}>", f'<{ROOT}/x>; rel="prev"', "nonsense, rel=next"]
)
def test_no_link_is_the_end(link: str) -> None:
    assert read(link) == ([PATH], 1)


@pytest.mark.parametrize(
    ("last", "number"),
    [
        ("?page=12", 12),
        ("?state=all&page=3", 3),
        ("?page=x", None),
        ("?page=1&page=2", None),
        ("", None),
        ("?page=99999999999999999999", None),
    ],
)
def test_the_number_of_the_last_page(last: str, number: int | None) -> None:
    asked = Asked([after(f"{ROOT}/repositories/41/issues{last}", "last")])
    assert (
        Pages(cast(Any, asked), parse_address(ROOT, "github_url", ROOT)).page(PATH).last == number
    )

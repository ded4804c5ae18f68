"""Search for issues: words, qualifiers, limited results, and an index that lags behind."""

import re
from collections.abc import Callable
from datetime import datetime

from tests.support.github import refusals, rules, shapes
from tests.support.github.paging import paged, size_of
from tests.support.github.records import Answer, Call, Issue, Refused, stamp
from tests.support.github.state import GitHub

MAX_QUERY = 256
MAX_RESULTS = 1_000
MAX_OPERATORS = 5
_TERM = re.compile(r'(?P<minus>-?)(?:(?P<name>[a-z]+):)?(?P<value>"[^"]*"|[^\s"]+)')
_ABOUT = "/search/search#search-issues-and-pull-requests"
Test = Callable[[Issue], bool]


def search_issues(github: GitHub, call: Call) -> Answer:
    query = call.query.get("q", "")
    _check(query)
    tests = [_test(github, query, *term) for term in _terms(query)]
    visible = github.now - github.search_lag
    indexed = [
        issue
        for issue in github.issues.values()
        if issue.created_at <= visible or not github.search_lag
    ]
    matching = [issue for issue in indexed if all(test(issue) for test in tests)]
    sort = rules.check_choice(call, "sort", ("created", "updated", "comments"))
    descending = rules.check_choice(call, "order", ("desc", "asc")) == "desc"
    matching.sort(key=lambda issue: (_order(issue, sort), issue.number), reverse=descending)
    return _answer(github, call, matching)


def _check(query: str) -> None:
    if not query.strip():
        raise _wrong("missing", None)
    if len(query) > MAX_QUERY:
        raise _wrong("invalid", "The search is longer than 256 characters.")
    if len(re.findall(r"\b(?:AND|OR|NOT)\b", query)) > MAX_OPERATORS:
        raise _wrong("invalid", "More than five AND / OR / NOT operators were used.")
    if query.count('"') % 2:
        raise _wrong("invalid", "The search contains a quotation mark without its partner.")
    if not re.search(r"\b(?:is|type):(?:issue|pr|pull-request)\b", query):
        raise _wrong("invalid", "Query must include 'is:issue' or 'is:pull-request'")


def _wrong(code: str, message: str | None) -> Refused:
    more = {} if message is None else {"message": message}
    return refusals.invalid(
        {"resource": "Search", "field": "q", "code": code, **more}, about=_ABOUT
    )


def _order(issue: Issue, sort: str) -> str | int | None:
    return len(issue.comments) if sort == "comments" else stamp(getattr(issue, f"{sort}_at"))


def _answer(github: GitHub, call: Call, matching: list[Issue]) -> Answer:
    """The first thousand; the total counts all."""
    page, headers = paged(github, call, matching[:MAX_RESULTS])
    if (int(call.query.get("page", 1)) - 1) * size_of(github, call) >= MAX_RESULTS:
        raise refusals.refused(422, "Only the first 1000 search results are available", _ABOUT)
    items = [shapes.issue(github, issue) | {"score": 1.0} for issue in page]
    value = {
        "total_count": len(matching),
        "incomplete_results": github.incomplete_results,
        "items": items,
    }
    value |= {"search_type": "lexical"}
    return Answer(200, value, headers)


def _terms(query: str) -> list[tuple[bool, str, str]]:
    """Whether it is negated, the qualifier or "" for a word, the value without quotes."""
    terms = [
        (bool(match["minus"]), match["name"] or "", match["value"].strip('"'))
        for match in _TERM.finditer(query)
    ]
    return [term for term in terms if term[1:] not in (("", "AND"), ("", ""))]


def _test(github: GitHub, query: str, negated: bool, name: str, value: str) -> Test:
    test = _word(query, value) if not name else _qualifier(github, name, value)
    return (lambda issue: not test(issue)) if negated else test


def _qualifier(github: GitHub, name: str, value: str) -> Test:
    if name == "repo" and value != github.repo:
        raise _wrong("invalid", refusals.SEARCHED)
    if name == "author" and value not in github.logins:
        raise _wrong("invalid", refusals.SEARCHED)
    tests: dict[str, Test] = {
        "repo": lambda _: True,
        "in": lambda _: True,
        "is": _is(value),
        "type": _is(value),
        "state": _is(value),
        "author": lambda issue: issue.author == value,
        "label": lambda issue: value.casefold() in {name.casefold() for name in issue.labels},
    }
    if name in ("created", "updated", "closed"):
        return _when(name, value)
    if name not in tests:
        github.findings.append(
            f"GET /search/issues: {name}:{value} is nothing that this server searches by"
        )
        raise _wrong("invalid", f"{name}: is not known")
    return tests[name]


def _is(value: str) -> Test:
    return {
        "issue": lambda issue: not issue.pull,
        "pr": lambda issue: issue.pull,
        "pull-request": lambda issue: issue.pull,
        "open": lambda issue: issue.state == "open",
        "closed": lambda issue: issue.state == "closed",
        "locked": lambda issue: issue.locked,
    }.get(value, lambda _: False)


def _when(name: str, value: str) -> Test:
    """`>=2026-01-02`, `<2026-01-02T10:00:00Z`, or a day."""
    match = re.fullmatch(r"(>=|<=|>|<|)(\d{4}-\d\d-\d\d(?:T[0-9:]+(?:Z|[+-]\d\d:\d\d))?)", value)
    if match is None:
        raise _wrong("invalid", f"{value} is not a date")
    operator, text = match[1], match[2]
    datetime.fromisoformat(text)

    def test(issue: Issue) -> bool:
        at = (stamp(getattr(issue, f"{name}_at")) or "")[: len(text)]
        return (
            bool(at)
            and {
                ">=": at >= text,
                "<=": at <= text,
                ">": at > text,
                "<": at < text,
                "": at == text,
            }[operator]
        )

    return test


def _word(query: str, value: str) -> Test:
    """Adjacent words in the title or the text, without regard to case and punctuation."""
    phrase = f" {_words(value)} "
    places = [field for field in ("title", "body") if f"in:{field}" in query] or ["title", "body"]

    def test(issue: Issue) -> bool:
        return any(phrase in f" {_words(getattr(issue, place))} " for place in places)

    return test


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))

"""The attributes of `testsuite` and `testcase` elements of JUnit XML."""

import hashlib
from functools import lru_cache

from ci_stat.formats.junit_variant import NAMES, as_parameters, of_suite
from ci_stat.formats.numbers import line_number, seconds
from ci_stat.formats.parameters import has_parameters, split_parameters
from ci_stat.formats.text_parts import clean_line
from ci_stat.records.case_results import MAX_NAME, CaseResult, Outcome

# Words of `status` and `result` attributes, for cases without an element (GoogleTest, CTest).
_STATUSES = {
    **dict.fromkeys(("error", "errored", "broken"), Outcome.ERROR),
    **dict.fromkeys(("fail", "failed", "failure"), Outcome.FAILED),
    **dict.fromkeys(
        ("notrun", "skip", "skipped", "disabled", "suppressed", "ignored", "pending", "todo"),
        Outcome.SKIPPED,
    ),
}


_PASSED = Outcome.PASSED  # looking up a member of an enumeration costs as much as a call


class Suite:
    """What the cases of an open suite take over from it, and it from the suite around it."""

    __slots__ = ("by_playwright", "file", "name", "started", "variant")

    def __init__(self, values: dict[str, str], outer: "Suite | None" = None) -> None:
        file = values.get("file") or values.get("filepath") or ""
        self.name: str = short_name(values.get("name", "")) or (outer.name if outer else "")
        self.file: str = short_name(file) or (outer.file if outer else "")
        started: str = values.get("timestamp") or (outer.started if outer else "")
        self.started: str = short_name(started)
        self.by_playwright: bool = outer.by_playwright if outer else False
        own = of_suite(values, self.by_playwright)
        self.variant: dict[str, str] = (outer.variant if outer else {}) | own

    def inner(self, values: dict[str, str]) -> "Suite":
        """Return a suite in this one."""
        return Suite(values, self)

    def add_property(self, values: dict[str, str]) -> None:
        """Add a property. Only what the tests ran on is kept."""
        name, value = values.get("name", ""), values.get("value", "")
        if name in NAMES and value:
            self.variant = self.variant | {name: value}


def simple_result(values: dict[str, str], suite: Suite) -> CaseResult:
    """Return the attempt of an element without a problem: passed, if no attribute denies it.

    Called for each case, so it looks only at attributes that are there.
    """
    get = values.get
    outcome, word = _PASSED, ""
    if "status" in values or "result" in values:
        outcome, word = _stated(values)
    name, parameters = get("name", ""), ""
    if len(name) > MAX_NAME or not name.isprintable():
        name = short_name(name)
    if has_parameters(name):
        name, parameters = split_parameters(name)
    class_name = repeated(get("classname") or get("class") or "")
    if suite.variant:
        parameters += as_parameters(suite.variant, f"{class_name} {name}{parameters}")
    return CaseResult(
        suite.name,
        class_name,
        name,
        outcome,
        word,
        seconds(get("time") or get("duration") or ""),
        parameters,
        (repeated(values["file"]) if "file" in values else "") or suite.file,
        line_number(values["line"]) if "line" in values else None,
        started=(short_name(values["timestamp"]) if "timestamp" in values else "") or suite.started,
    )


def _stated(values: dict[str, str]) -> tuple[Outcome, str]:
    """Return the outcome that attributes state, and their word for it."""
    for key in ("result", "status"):
        word = values.get(key, "")
        outcome = _STATUSES.get(word.lower())
        if outcome is not None:
            return outcome, word
    return Outcome.PASSED, values.get("status") or values.get("result") or ""


def short_name(text: str) -> str:
    """Return a name as one line. A longer one than MAX_NAME is cut, and a hash keeps it unique."""
    name = clean_line(text)
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{name[:MAX_NAME]}…{digest}"


# Classes and files of many cases share one text.
repeated = lru_cache(maxsize=1024)(short_name)

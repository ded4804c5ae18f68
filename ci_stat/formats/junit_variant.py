"""What a test ran on, where JUnit XML states it outside of the name: a project, browser or device.

One file may have a test once for each of them. They are different cases, not attempts of one case:
what they ran on becomes a parameter, as in `works[chromium]`.

- Playwright writes the project into `hostname`, which is the name of a machine for all others.
- The Android plugin of Gradle and others write properties of the suite or the case.
- Maestro writes the attribute `device`.
"""

import re
from collections.abc import Mapping

from ci_stat.formats.text_parts import clean_line

NAMES = (
    "project", "projectName", "browser", "browserName", "device", "deviceName", "flavor",
    "platform", "platformName", "displayName",
)  # fmt: skip
"""Properties of a suite or a case that say what it ran on."""

HAS_NAME = re.compile(rf"""["'](?:{"|".join(NAMES)})["']""")
"""Finds the names among the attributes of a `property`."""

_PLAYWRIGHT_ROOT = {"id", "name", "tests", "failures", "skipped", "errors", "time"}
_PLAYWRIGHT_SUITE = {
    "name", "timestamp", "hostname", "tests", "failures", "skipped", "time", "errors",
}  # fmt: skip
_ATTRIBUTES = ("device",)
# Each upgrade of a browser would make new cases.
_VERSION = re.compile(r"[ /_v-]?\d+(?:[._]\d+){2,}")
_MAX = 200  # characters


def is_playwright(root: Mapping[str, str]) -> bool:
    """Whether the attributes of `testsuites` are those that Playwright writes."""
    has_own = root.keys() >= {"id", "name"} and (root.keys() == _PLAYWRIGHT_ROOT or not root["id"])
    return has_own and root.keys() <= _PLAYWRIGHT_ROOT


def of_suite(values: Mapping[str, str], by_playwright: bool) -> dict[str, str]:
    """Return what the attributes of a suite say, by name."""
    stated = {key: values[key] for key in _ATTRIBUTES if values.get(key)}
    host = values.get("hostname", "")
    if by_playwright and host and values.keys() <= _PLAYWRIGHT_SUITE:
        stated["project"] = host
    return stated


def as_parameters(stated: Mapping[str, str], name: str) -> str:
    """Return the parameters, such as `[chromium]`; without what the name says itself."""
    values = [_short(stated[key]) for key in sorted(stated)]
    unsaid = [value for value in dict.fromkeys(values) if value and value not in name]
    return f"[{', '.join(unsaid)}]" if unsaid else ""


def _short(value: str) -> str:
    return _VERSION.sub("", clean_line(value)).strip()[:_MAX]

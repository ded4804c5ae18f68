"""Jinja2 templates that escape each value as hostile text, unless it is Markup already."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ci_stat.escape import MAX_SHOWN, html_text, web_link

if TYPE_CHECKING:
    from jinja2 import Environment


_TAG = re.compile("<[^<>]*>")
_NUMBER = r"[+-]?\d{1,3}(?:,\d{3})*(?:\.\d+)?%?[hms]?"
_NUMBERS = re.compile(rf"–|{_NUMBER}(?:(?: of | to | \(| |–)(?:{_NUMBER}|–)\)?)*")


@cache
def templates(package: str) -> "Environment":
    """The templates in the folder `templates` of `package`, with common filters."""
    # Not at the top: a Result has an HTML form for notebooks, and most commands do not use it.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.tests["of_digits"] = of_digits
    environment.filters.update(shown=shown, web_link=web_link, px="{:.1f}".format, g="{:g}".format)
    return environment


def of_digits(cell: Any) -> bool:
    """Whether a cell contains numbers only: `1,204`, `3 of 12 (25.0%)`, `5m 03s`, or a dash."""
    return bool(_NUMBERS.fullmatch(_TAG.sub("", str(cell)).strip()))


def shown(value: Any, limit: int = MAX_SHOWN) -> Markup:
    """`value` as HTML of at most `limit` characters: escaped, with visible control characters."""
    if isinstance(value, Markup):
        return value
    return Markup(html_text(value, limit))  # noqa: S704 - html_text escapes it

"""Jinja2 templates that escape each value as hostile text, unless it is Markup already."""

from functools import cache
from typing import TYPE_CHECKING, Any

from ci_stat.escape import MAX_SHOWN, html_text, web_link

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


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
    environment.filters.update(shown=shown, web_link=web_link, px="{:.1f}".format, g="{:g}".format)
    return environment


def shown(value: Any, limit: int = MAX_SHOWN) -> "Markup":
    """`value` as HTML of at most `limit` characters: escaped, with visible control characters."""
    from markupsafe import Markup

    if isinstance(value, Markup):
        return value
    return Markup(html_text(value, limit))  # noqa: S704 - html_text escapes it

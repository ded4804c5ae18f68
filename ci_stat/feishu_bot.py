"""The published door to Feishu: a Result as a card, and a card to a chat.

    import ci_stat.ci_stat as stat
    from ci_stat.feishu_bot import post_card, res_to_card

    res = stat.get_result(begin, end, [])
    print(post_card(res_to_card(res)))

Importing it reads no file and opens no connection.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ci_stat.records import Names, Outcome
from ci_stat.rendering.feishu.forms import fitted_card
from ci_stat.reports.build import build
from ci_stat.reports.document import report_document
from ci_stat.reports.inputs import ReportRequest
from ci_stat.reports.windows import HOURLY
from ci_stat.result import Result

if TYPE_CHECKING:
    from ci_stat.config import Settings

__all__ = ["Outcome", "post_card", "res_to_card"]


def res_to_card(res: Result) -> dict[str, Any]:
    """The card of a Result, of schema 2.0, small enough for a webhook. Equal Results give equal cards.

    It is the hourly report without what a Result does not know: the windows before, and what failed before. For those
    see `ci-stat report hourly`.
    """
    request = ReportRequest(HOURLY, res.provenance.window, Names(), res.end_time)
    report = replace(build(request, res), made_at=None)
    return fitted_card(report_document(report))


def post_card(
    card: dict[str, Any], chat: str | None = None, *, settings: "Settings | None" = None
) -> Outcome:
    """Send a card to the chat of the settings, or to `chat` (an id, or a name that one chat has); say what happened.

    It is sent each time that this is called; `ci-stat report` sends a report once. Raises SettingsError where neither
    an app nor a webhook is set; trouble of the far end is in the Outcome.
    """
    from ci_stat.context import Context

    with Context(settings) as context:
        return context.feishu_sender(chat).send_card(card)

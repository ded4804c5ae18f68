"""Published names for Feishu: make a card from a Result, and post a card to a chat.

    import ci_stat.ci_stat as stat
    from ci_stat.feishu_bot import post_card, res_to_card

    res = stat.get_result(begin, end, [])
    print(post_card(res_to_card(res)))

An import reads no file and opens no connection.
"""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

from ci_stat.config import Settings, warn_once
from ci_stat.records import Names, Outcome
from ci_stat.rendering.feishu.forms import fitted_card
from ci_stat.reports.build import build
from ci_stat.reports.document import report_document
from ci_stat.reports.inputs import ReportRequest
from ci_stat.reports.windows import HOURLY
from ci_stat.result import Result

log = logging.getLogger(__name__)

__all__ = ["Outcome", "post_card", "res_to_card"]


def res_to_card(res: Result) -> dict[str, Any]:
    """The card of a Result: schema 2.0, small enough for a webhook. Equal Results give equal cards.

    The card is the hourly report without comparison and failure history, which a Result does not
    contain; `ci-stat report hourly` has them.
    """
    request = ReportRequest(HOURLY, res.provenance.window, Names(), res.end_time)
    report = replace(build(request, res), made_at=None)
    return fitted_card(report_document(report))


def post_card(
    card: dict[str, Any], chat: str | None = None, *, settings: Settings | None = None
) -> Outcome:
    """Post a card to the chat of the settings, or to `chat`.

    `chat` is the chat's id, or a name that only one chat has.

    Each call posts the card; `ci-stat report --post` sends a report once. Raises SettingsError if
    neither an app nor a webhook is set. An error of the server is in the Outcome.
    """
    from ci_stat.context import Context  # SQLAlchemy

    with Context(settings) as context:
        warn_once(context.settings, partial(log.warning, "%s"))
        return context.feishu_sender(chat).send_card(card)

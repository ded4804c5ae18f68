"""Feishu's error codes, and what to do about each (open.feishu.cn, "server error codes").

lark-oapi's table classifies 99991400 as a missing permission and 230020 as a recalled message. The
documentation calls both rate limits, and so does this table.
"""

import re
from typing import NamedTuple

from ci_stat.connectors.outcome import Reaction

RETRY, REFRESH, REJECT = Reaction.RETRY, Reaction.REFRESH, Reaction.REJECT
FOREIGN, GIVE_UP, UNKNOWN = Reaction.FOREIGN, Reaction.GIVE_UP, Reaction.UNKNOWN

SIGNATURE = 19021


class Code(NamedTuple):
    """What to do about a code. `hint` says what a person can do, "" for nothing."""

    reaction: Reaction
    reason: str
    hint: str = ""


_SMALLER = "Narrow the report, or send it as text."
_LATER = "Send at another time than the full or half hour, when Feishu is busy."
_IN_CHAT = "Add the bot to the chat (the chat's settings, Bots), or check chat_id."
_CONSOLE = "in the developer console, and release the app."
_SCOPE = f"Give the app im:message:send_as_bot (and im:chat:readonly for chat names) {_CONSOLE}"
_CREDENTIALS = (
    "Check app_id, app_secret and whether feishu_url is Feishu's or Lark's, as the app is."
)
_TOKEN = "The app may have been changed or disabled: check the developer console."  # noqa: S105
_FOREIGN = "Titles, names or log lines were refused; the report can be sent without them."

CODES: dict[int, Code] = {
    # Custom bots (webhooks): all of these come with HTTP 200.
    2200: Code(RETRY, "internal error"),
    9499: Code(REJECT, "the message is malformed or too big", _SMALLER),
    11246: Code(REJECT, "the card is refused"),  # what 230099 is for apps
    11232: Code(RETRY, "too many messages at once", _LATER),
    19001: Code(
        GIVE_UP,
        "no bot has this address",
        "Copy the address again from the bot's settings (webhook).",
    ),
    19002: Code(REJECT, "the message does not match its type"),
    SIGNATURE: Code(GIVE_UP, "the signature is refused"),
    19022: Code(
        GIVE_UP,
        "this machine may not use the bot",
        "Add this machine's public address to the bot's IP list.",
    ),
    19024: Code(
        GIVE_UP,
        "none of the bot's keywords is in the message",
        "Set webhook_keyword to one of the bot's keywords.",
    ),
    19036: Code(REJECT, "the message is too big", _SMALLER),
    # Messages of apps.
    230001: Code(
        REJECT, "a parameter is invalid", "Check chat_id, if other forms are refused too."
    ),
    230002: Code(GIVE_UP, "the bot is not in the chat", _IN_CHAT),
    230006: Code(GIVE_UP, "the app is not a bot", f"Enable the bot capability {_CONSOLE}"),
    230011: Code(GIVE_UP, "the message was recalled"),
    230013: Code(
        GIVE_UP, "the app is not available to this user", f"Widen the app's availability {_CONSOLE}"
    ),
    230017: Code(GIVE_UP, "the bot does not own this"),
    230018: Code(
        GIVE_UP, "the chat's settings forbid it", "Ask the chat owner to let the bot post."
    ),
    230020: Code(
        RETRY,
        "too many messages at once in this chat",
        "All bots of a chat share 5 messages a second.",
    ),
    230022: Code(FOREIGN, "the content is refused as sensitive", _FOREIGN),
    230025: Code(REJECT, "the message is too long", _SMALLER),
    230027: Code(GIVE_UP, "the app may not do this", _SCOPE),
    230028: Code(FOREIGN, "the content is refused by the tenant's data protection (DLP)", _FOREIGN),
    230035: Code(
        GIVE_UP,
        "the bot is not allowed to post in this chat",
        "Ask the chat owner to let the bot post.",
    ),
    230049: Code(RETRY, "the message is still being sent"),
    230054: Code(REJECT, "this type of message cannot be sent"),
    230055: Code(REJECT, "the type of a file does not fit"),
    230099: Code(REJECT, "the card is refused"),
    232009: Code(GIVE_UP, "the chat was dissolved", "Set chat_id to another chat."),
    # The gateway and the token.
    10003: Code(GIVE_UP, "app_id or app_secret is refused", _CREDENTIALS),
    10014: Code(GIVE_UP, "app_secret is refused", _CREDENTIALS),
    99991400: Code(RETRY, "too many requests at once", _LATER),
    99991543: Code(GIVE_UP, "app_id or app_secret is refused", _CREDENTIALS),
    99991661: Code(REFRESH, "the request has no token", _TOKEN),
    99991662: Code(GIVE_UP, "the app is disabled", "Switch the app on in the developer console."),
    99991663: Code(REFRESH, "the token is refused", _TOKEN),
    99991664: Code(REFRESH, "the app's token is refused", _TOKEN),
    99991668: Code(REFRESH, "the user's token is refused", _TOKEN),
    99991671: Code(REFRESH, "the token is malformed", _TOKEN),
    99991672: Code(GIVE_UP, "the app lacks a scope", _SCOPE),
    99991676: Code(GIVE_UP, "the token lacks a scope", _SCOPE),
    99992402: Code(
        REJECT, "a parameter is invalid", "Check chat_id, if other forms are refused too."
    ),
}

# For responses without a code of the table above.
STATUSES: dict[int, Code] = {
    401: Code(GIVE_UP, "the request is refused", "A proxy or gateway may ask for a password."),
    403: Code(GIVE_UP, "the request is refused", "A proxy or gateway may forbid it."),
    404: Code(GIVE_UP, "not found", "Check the address."),
    408: Code(RETRY, "the request was received too slowly"),
    413: Code(REJECT, "the message is too big", _SMALLER),
    429: Code(RETRY, "too many requests at once", _LATER),
    503: Code(RETRY, "the service is not available"),
}

# `ErrCode` within 230099 and 11246.
CARD_ERRORS: dict[int, str] = {
    11310: "too many tables or elements, or an unknown card",
    100290: "an unknown person in a mention",
    200380: "the template does not exist",
    200381: "the template may not be used by this app",
    200550: "the specification of a chart is invalid",
    200570: "an unknown image",
    200621: "the card's JSON cannot be read",
    200732: "the type of a template variable does not fit",
    200861: "an element that this card schema does not have",
    200914: "the rows of a table are invalid",
    200915: "a row of a table names an unknown column",
    300305: "too many elements",
}
_NAMES = "ErrCode|ErrPath|ErrMsg|ErrorValue"
_EXT = re.compile(rf"\b({_NAMES}):(.*?)(?=;\s*(?:{_NAMES}):|$)", re.DOTALL)


class CardError(NamedTuple):
    """What is wrong with a card, and where. The texts are Feishu's, not masked."""

    code: int
    message: str = ""
    value: str = ""
    path: str = ""

    @property
    def reason(self) -> str:
        said = [
            CARD_ERRORS.get(self.code, ""),
            self.message,
            self.value,
            self.path and f"at {self.path}",
        ]
        return ", ".join([str(self.code), "; ".join(filter(None, said))]).rstrip(", ")


def card_error(msg: str) -> CardError | None:
    """The part `ext=ErrCode: N; ErrMsg: ...; ErrorValue: ...` of a message; None without one."""
    fields = {name: text.strip(" ;\n") for name, text in _EXT.findall(msg[:1_000])}
    code = fields.get("ErrCode", "")
    if not re.fullmatch("[0-9]{1,9}", code):
        return None
    return CardError(
        int(code), fields.get("ErrMsg", ""), fields.get("ErrorValue", ""), fields.get("ErrPath", "")
    )


def of_status(status: int) -> Code:
    """What to do about an HTTP status other than 2xx."""
    if status >= 500:
        return STATUSES.get(status, Code(UNKNOWN, "the server failed"))
    if 300 <= status < 400:
        return Code(GIVE_UP, "the server redirects, which is not followed", "Check the address.")
    return STATUSES.get(status, Code(GIVE_UP, "the request is refused"))


def of_code(code: int, status: int) -> Code:
    """What to do about Feishu's `code`, received with an HTTP status, which decides about an
    unknown code.
    """
    known = CODES.get(code)
    if known is not None:
        return known
    by_status = of_status(status) if status >= 400 else None
    return by_status._replace(hint="") if by_status else Code(GIVE_UP, "the message is refused")


def signature_hint(ahead: float | None) -> str:
    """What to do about a refused signature.

    `ahead`: seconds that this machine's clock is ahead of the server's.
    """
    if ahead is None:
        return "Check webhook_secret, and this machine's clock."
    if abs(ahead) >= 60:
        way = "ahead of" if ahead > 0 else "behind"
        clock = f"This machine's clock is {abs(ahead):,.0f} s {way} Feishu's: correct it."
        return f"{clock} Then check webhook_secret."
    difference = f"this machine's differs by {abs(ahead):.0f} s from Feishu's"
    return f"Check webhook_secret: the clocks agree ({difference})."

"""Every error that Slack names, and what to do about it (api.slack.com: chat.postMessage, incoming webhooks)."""

from typing import NamedTuple

from ci_stat.connectors.outcome import Reaction

RETRY, REJECT, GIVE_UP, UNKNOWN = (
    Reaction.RETRY,
    Reaction.REJECT,
    Reaction.GIVE_UP,
    Reaction.UNKNOWN,
)


class Trouble(NamedTuple):
    """What an error asks for. `hint` says what a person can do, "" where nothing."""

    reaction: Reaction
    reason: str
    hint: str = ""


_TOKEN = "Check slack_token: a bot token (xoxb-...) of an app that is installed in the workspace."  # noqa: S105 (a hint)
_WEBHOOK = "Make a new incoming webhook in the app's settings, and set slack_webhook to it."
_CHANNEL = "Set slack_channel to the channel's id (C...), and invite the bot there."
_INVITE = "Invite the bot to the channel (/invite @bot)."
_ADMIN = "Ask an administrator of the workspace."
_OTHER_CHANNEL = "Set slack_channel to another channel, or make a webhook for one."
_FORM = "The report's blocks are refused; it can go as plain text."
_SHORTER = "Narrow the report down."

ERRORS: dict[str, Trouble] = {
    # What the message says, or how.
    "invalid_payload": Trouble(REJECT, "the message has not the form that Slack asks for", _FORM),
    "invalid_blocks": Trouble(REJECT, "a block is invalid", _FORM),
    "invalid_blocks_format": Trouble(REJECT, "the blocks are no list of blocks", _FORM),
    "invalid_attachments": Trouble(REJECT, "an attachment is invalid", _FORM),
    "msg_blocks_too_long": Trouble(REJECT, "the blocks are too long", _SHORTER),
    "msg_too_long": Trouble(REJECT, "the message is too long", _SHORTER),
    "no_text": Trouble(REJECT, "the message has no text", _FORM),
    "too_many_attachments": Trouble(REJECT, "too many attachments", _FORM),
    "invalid_arguments": Trouble(REJECT, "an argument is invalid", _FORM),
    "invalid_json": Trouble(REJECT, "the message cannot be read", _FORM),
    "json_not_object": Trouble(REJECT, "the message cannot be read", _FORM),
    # Whether we may.
    "invalid_auth": Trouble(GIVE_UP, "the token is refused", _TOKEN),
    "not_authed": Trouble(GIVE_UP, "there is no token", _TOKEN),
    "account_inactive": Trouble(GIVE_UP, "the token's user or workspace is gone", _TOKEN),
    "token_expired": Trouble(GIVE_UP, "the token has expired", _TOKEN),
    "token_revoked": Trouble(GIVE_UP, "the token was revoked", _TOKEN),
    "not_allowed_token_type": Trouble(GIVE_UP, "a token of this kind may not post", _TOKEN),
    "missing_scope": Trouble(GIVE_UP, "the token lacks a scope", "Give the app chat:write, and install it again."),
    "no_permission": Trouble(GIVE_UP, "the token may not post", "Give the app chat:write, and install it again."),
    "access_denied": Trouble(GIVE_UP, "access is denied", _ADMIN),
    "ekm_access_denied": Trouble(GIVE_UP, "an administrator has suspended posting", _ADMIN),
    "team_access_not_granted": Trouble(GIVE_UP, "the token is not for this workspace", _TOKEN),
    "action_prohibited": Trouble(GIVE_UP, "an administrator forbids it", _ADMIN),
    "invalid_token": Trouble(GIVE_UP, "the webhook is refused", _WEBHOOK),
    "no_service": Trouble(GIVE_UP, "the webhook is disabled or gone", _WEBHOOK),
    "no_active_hooks": Trouble(GIVE_UP, "the webhook is disabled", _WEBHOOK),
    "no_service_id": Trouble(GIVE_UP, "the webhook's address is incomplete", _WEBHOOK),
    "no_team": Trouble(GIVE_UP, "the webhook's workspace is gone", _WEBHOOK),
    "team_disabled": Trouble(GIVE_UP, "the workspace is disabled", _ADMIN),
    "user_not_found": Trouble(GIVE_UP, "the user is not there", _CHANNEL),
    # Where to.
    "channel_not_found": Trouble(GIVE_UP, "there is no such channel for the bot", _CHANNEL),
    "channel_is_archived": Trouble(GIVE_UP, "the channel is archived", _OTHER_CHANNEL),
    "is_archived": Trouble(GIVE_UP, "the channel is archived", _OTHER_CHANNEL),
    "not_in_channel": Trouble(GIVE_UP, "the bot is not in the channel", _INVITE),
    "restricted_action": Trouble(GIVE_UP, "the workspace forbids to post in this channel", _ADMIN),
    "posting_to_general_channel_denied": Trouble(GIVE_UP, "the general channel is closed to webhooks", _OTHER_CHANNEL),
    # When.
    "ratelimited": Trouble(RETRY, "too many messages at a time"),
    "rate_limited": Trouble(RETRY, "too many messages at a time"),
    "message_limit_exceeded": Trouble(GIVE_UP, "the workspace has used up its messages", _ADMIN),
    "service_unavailable": Trouble(RETRY, "the service is not available"),
    "team_added_to_org": Trouble(RETRY, "the workspace is being moved"),
    "request_timeout": Trouble(RETRY, "the message did not arrive whole"),
    # Slack: "some aspect of the operation" may have succeeded.
    "internal_error": Trouble(UNKNOWN, "internal error"),
    "fatal_error": Trouble(UNKNOWN, "internal error"),
    "rollup_error": Trouble(UNKNOWN, "internal error"),
}  # fmt: skip

STATUSES: dict[int, Trouble] = {
    401: Trouble(GIVE_UP, "the request is refused", "A proxy or gateway may ask for a password."),
    404: Trouble(GIVE_UP, "there is nothing at this address", "Check the address."),
    408: Trouble(RETRY, "the request took too long to get there"),
    413: Trouble(REJECT, "the message is too big", _SHORTER),
    429: Trouble(RETRY, "too many messages at a time"),
    503: Trouble(RETRY, "the service is not available"),
}


def of_status(status: int) -> Trouble:
    """What an HTTP status other than 2xx asks for, where no known error came with it."""
    if 300 <= status < 400:
        return Trouble(GIVE_UP, "it redirects, which is not followed", "Check the address.")
    default = (
        Trouble(UNKNOWN, "the server failed")
        if status >= 500
        else Trouble(GIVE_UP, "the message is refused")
    )
    return STATUSES.get(status, default)

"""Slack's errors, and what to do about each (api.slack.com: chat.postMessage, webhooks)."""

from typing import NamedTuple

from ci_stat.connectors.outcome import Reaction

RETRY, REJECT, GIVE_UP, UNKNOWN = (
    Reaction.RETRY,
    Reaction.REJECT,
    Reaction.GIVE_UP,
    Reaction.UNKNOWN,
)


class SlackError(NamedTuple):
    """What to do about an error. `hint` says what a person can do, "" for nothing."""

    reaction: Reaction
    reason: str
    hint: str = ""


# A hint, not a token.
_TOKEN = "Check slack_token: the bot token (xoxb-...) of an app in the workspace."  # noqa: S105
_WEBHOOK = "Make a new incoming webhook in the app's settings, and set slack_webhook to it."
_CHANNEL = "Set slack_channel to the channel's id (C...), and invite the bot there."
_INVITE = "Invite the bot to the channel (/invite @bot)."
_ADMIN = "Ask an administrator of the workspace."
_OTHER_CHANNEL = "Set slack_channel to another channel, or make a webhook for one."
_FORM = "The report's blocks are refused; it can be sent as plain text."
_SHORTER = "Narrow the report."

ERRORS: dict[str, SlackError] = {
    # The message itself.
    "invalid_payload": SlackError(REJECT, "the message is malformed", _FORM),
    "invalid_blocks": SlackError(REJECT, "a block is invalid", _FORM),
    "invalid_blocks_format": SlackError(REJECT, "the blocks are not a list of blocks", _FORM),
    "invalid_attachments": SlackError(REJECT, "an attachment is invalid", _FORM),
    "msg_blocks_too_long": SlackError(REJECT, "the blocks are too long", _SHORTER),
    "msg_too_long": SlackError(REJECT, "the message is too long", _SHORTER),
    "no_text": SlackError(REJECT, "the message has no text", _FORM),
    "too_many_attachments": SlackError(REJECT, "too many attachments", _FORM),
    "invalid_arguments": SlackError(REJECT, "an argument is invalid", _FORM),
    "invalid_json": SlackError(REJECT, "the message cannot be read", _FORM),
    "json_not_object": SlackError(REJECT, "the message cannot be read", _FORM),
    # Permissions.
    "invalid_auth": SlackError(GIVE_UP, "the token is refused", _TOKEN),
    "not_authed": SlackError(GIVE_UP, "the request has no token", _TOKEN),
    "account_inactive": SlackError(
        GIVE_UP, "the token's user or workspace no longer exists", _TOKEN
    ),
    "token_expired": SlackError(GIVE_UP, "the token has expired", _TOKEN),
    "token_revoked": SlackError(GIVE_UP, "the token was revoked", _TOKEN),
    "not_allowed_token_type": SlackError(GIVE_UP, "a token of this kind may not post", _TOKEN),
    "missing_scope": SlackError(
        GIVE_UP, "the token lacks a scope", "Give the app chat:write, and install it again."
    ),
    "no_permission": SlackError(
        GIVE_UP, "the token may not post", "Give the app chat:write, and install it again."
    ),
    "access_denied": SlackError(GIVE_UP, "access is denied", _ADMIN),
    "ekm_access_denied": SlackError(GIVE_UP, "an administrator has suspended posting", _ADMIN),
    "team_access_not_granted": SlackError(GIVE_UP, "the token is not for this workspace", _TOKEN),
    "action_prohibited": SlackError(GIVE_UP, "an administrator forbids it", _ADMIN),
    "invalid_token": SlackError(GIVE_UP, "the webhook is refused", _WEBHOOK),
    "no_service": SlackError(GIVE_UP, "the webhook is disabled or was deleted", _WEBHOOK),
    "no_active_hooks": SlackError(GIVE_UP, "the webhook is disabled", _WEBHOOK),
    "no_service_id": SlackError(GIVE_UP, "the webhook's address is incomplete", _WEBHOOK),
    "no_team": SlackError(GIVE_UP, "the webhook's workspace no longer exists", _WEBHOOK),
    "team_disabled": SlackError(GIVE_UP, "the workspace is disabled", _ADMIN),
    "user_not_found": SlackError(GIVE_UP, "the user does not exist", _CHANNEL),
    # The channel.
    "channel_not_found": SlackError(GIVE_UP, "the bot sees no such channel", _CHANNEL),
    "channel_is_archived": SlackError(GIVE_UP, "the channel is archived", _OTHER_CHANNEL),
    "is_archived": SlackError(GIVE_UP, "the channel is archived", _OTHER_CHANNEL),
    "not_in_channel": SlackError(GIVE_UP, "the bot is not in the channel", _INVITE),
    "restricted_action": SlackError(GIVE_UP, "the workspace forbids posts in this channel", _ADMIN),
    "posting_to_general_channel_denied": SlackError(
        GIVE_UP, "the general channel is closed to webhooks", _OTHER_CHANNEL
    ),
    # Temporary.
    "ratelimited": SlackError(RETRY, "too many messages at once"),
    "rate_limited": SlackError(RETRY, "too many messages at once"),
    "message_limit_exceeded": SlackError(GIVE_UP, "the workspace has used up its messages", _ADMIN),
    "service_unavailable": SlackError(RETRY, "the service is not available"),
    "team_added_to_org": SlackError(RETRY, "the workspace is being moved"),
    "request_timeout": SlackError(RETRY, "the message arrived incomplete"),
    # Slack: "some aspect of the operation" may have succeeded.
    "internal_error": SlackError(UNKNOWN, "internal error"),
    "fatal_error": SlackError(UNKNOWN, "internal error"),
    "rollup_error": SlackError(UNKNOWN, "internal error"),
}

STATUSES: dict[int, SlackError] = {
    401: SlackError(
        GIVE_UP, "the request is refused", "A proxy or gateway may ask for a password."
    ),
    404: SlackError(GIVE_UP, "not found", "Check the address."),
    408: SlackError(RETRY, "the request was received too slowly"),
    413: SlackError(REJECT, "the message is too big", _SHORTER),
    429: SlackError(RETRY, "too many messages at once"),
    503: SlackError(RETRY, "the service is not available"),
}


def of_status(status: int) -> SlackError:
    """What to do about an HTTP status other than 2xx without a known error."""
    if 300 <= status < 400:
        return SlackError(
            GIVE_UP, "the server redirects, which is not followed", "Check the address."
        )
    default = (
        SlackError(UNKNOWN, "the server failed")
        if status >= 500
        else SlackError(GIVE_UP, "the message is refused")
    )
    return STATUSES.get(status, default)

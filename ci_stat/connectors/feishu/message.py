"""A message for Feishu, and how each of the two ways in spells it."""

from dataclasses import dataclass
from typing import Any

from ci_stat.connectors.http.client import json_bytes


@dataclass(frozen=True)
class FeishuMessage:
    """One message.

    - `msg_type`: "interactive", "post" or "text".
    - `content`: the card object; the locales, `{"zh_cn": {"title": ..., "content": [[...], ...]}}`; or `{"text": ...}`.
    """

    msg_type: str
    content: dict[str, Any]

    def for_webhook(self) -> dict[str, Any]:
        """The body's fields: a card stands at the top, a post has one level more than an app's."""
        if self.msg_type == "interactive":
            return {"msg_type": self.msg_type, "card": self.content}
        content = {"post": self.content} if self.msg_type == "post" else self.content
        return {"msg_type": self.msg_type, "content": content}

    def for_app(self) -> dict[str, Any]:
        """The body's fields: all content, a card's too, is JSON in a string."""
        return {"msg_type": self.msg_type, "content": json_bytes(self.content).decode()}

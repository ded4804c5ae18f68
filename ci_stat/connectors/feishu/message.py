"""A message for Feishu, in the form that each of the two APIs takes."""

from dataclasses import dataclass
from typing import Any

from ci_stat.connectors.http.response import json_bytes


@dataclass(frozen=True)
class FeishuMessage:
    """One message.

    - `msg_type`: "interactive", "post" or "text".
    - `content`: the card; or `{"zh_cn": {"title": ..., "content": [[...], ...]}}`; or `{"text":
      ...}`.
    """

    msg_type: str
    content: dict[str, Any]

    def for_webhook(self) -> dict[str, Any]:
        """The fields for a webhook: a card is at the top level, a post has one level more than for
        an app.
        """
        if self.msg_type == "interactive":
            return {"msg_type": self.msg_type, "card": self.content}
        content = {"post": self.content} if self.msg_type == "post" else self.content
        return {"msg_type": self.msg_type, "content": content}

    def for_app(self) -> dict[str, Any]:
        """The fields for an app: the content of every type is JSON in a string."""
        return {"msg_type": self.msg_type, "content": json_bytes(self.content).decode()}

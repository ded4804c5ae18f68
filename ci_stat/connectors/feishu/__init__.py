"""Feishu (and Lark): messages by a custom bot's webhook, or as an app."""

from ci_stat.connectors.feishu.app import FeishuApp
from ci_stat.connectors.feishu.message import FeishuMessage
from ci_stat.connectors.feishu.webhook import FeishuWebhook, sign

__all__ = ["FeishuApp", "FeishuMessage", "FeishuWebhook", "sign"]

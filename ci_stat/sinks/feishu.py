"""Feishu (and Lark): messages by a custom bot's webhook, or as an app."""

from ci_stat.sinks.feishu_app import FeishuApp
from ci_stat.sinks.feishu_message import FeishuMessage
from ci_stat.sinks.feishu_webhook import FeishuWebhook, sign

__all__ = ["FeishuApp", "FeishuMessage", "FeishuWebhook", "sign"]

"""Slack: incoming webhooks and bots."""

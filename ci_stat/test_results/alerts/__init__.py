"""Alerts: messages when the state of tests changes, once for each change and recipient."""

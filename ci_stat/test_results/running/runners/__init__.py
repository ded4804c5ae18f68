"""Runners of tests, and which of them a command calls."""

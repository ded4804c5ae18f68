"""Campaigns in words: documents, comments, and JSON. Pure."""

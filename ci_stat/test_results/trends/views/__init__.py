"""Trends as a document and as data."""

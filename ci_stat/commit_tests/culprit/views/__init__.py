"""Texts, tables and JSON of a search. Pure."""

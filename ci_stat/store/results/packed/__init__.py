"""Packed columns: how each test ended in a file, and the counts of each test of a day."""

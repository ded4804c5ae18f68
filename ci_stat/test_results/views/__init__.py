"""Imports and runs of tests for a terminal and for other programs."""

"""Compares the tests of two runs, commits, branches or windows."""

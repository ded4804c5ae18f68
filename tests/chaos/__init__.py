"""Attacks on our own databases: the CI database, our state, and the results of tests."""

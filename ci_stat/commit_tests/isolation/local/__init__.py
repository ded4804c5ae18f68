"""Runs commit tests on this machine, isolated by bubblewrap."""

"""Regressions: tests that fail more often, or take longer, than in the weeks before."""

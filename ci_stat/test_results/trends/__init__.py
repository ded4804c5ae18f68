"""Trends of jobs: pass rate, flaky tests, number of tests and duration by day or week."""

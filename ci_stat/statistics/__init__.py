"""Intervals and tests: rates and durations of two samples, and many comparisons at once.

Pure Python. Shares are 0 to 1; intervals are 95 %, two-sided.
"""

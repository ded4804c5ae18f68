"""Intervals, tests and change points: rates and durations, and many comparisons at once.

Pure: no database, no SciPy. Shares are 0 to 1; intervals are 95 %, two-sided.
"""

"""Benchmarks of speed and memory, as ratios to other programs in the same run: `make bench`.

The test suite measures no times.
"""

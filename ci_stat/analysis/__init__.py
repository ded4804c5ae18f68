"""Conclusions from results: arithmetic only. No I/O, no clock."""

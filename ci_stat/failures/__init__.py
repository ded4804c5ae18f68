"""From log text and failure names to failures. Pure text: no files, no network."""

from ci_stat.failures.case_names import case_key

__all__ = ["case_key"]

"""From log text and failure names to failures. Pure text: no files, no network."""

from ci_stat.failures.case_names import case_key
from ci_stat.failures.extract import Explained, How, Line, explain, extract
from ci_stat.failures.rules import rule_set
from ci_stat.failures.scan import ByteStream

__all__ = [
    "ByteStream",
    "Explained",
    "How",
    "Line",
    "case_key",
    "explain",
    "extract",
    "rule_set",
]

"""From log text and failure names to failures. Pure text: no files, no network."""

from ci_stat.failures.case_names import case_key
from ci_stat.failures.extract import Explained, How, Line, explain, extract
from ci_stat.failures.rules import rule_set
from ci_stat.failures.scan import ByteStream
from ci_stat.failures.titles import Named, named_in, names, title_name

__all__ = [
    "ByteStream",
    "Explained",
    "How",
    "Line",
    "Named",
    "case_key",
    "explain",
    "extract",
    "named_in",
    "names",
    "rule_set",
    "title_name",
]

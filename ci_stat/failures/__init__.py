"""Find failures in the text of a build log. Pure: text in, failures out; no files, no network."""

from ci_stat.failures.case_names import case_key
from ci_stat.failures.extract import LogDiagnosis, ScanOptions, diagnose, extract
from ci_stat.failures.log_lines import LogLine
from ci_stat.failures.rules import rule_set
from ci_stat.failures.scanning.scan import ByteStream

__all__ = [
    "ByteStream",
    "LogDiagnosis",
    "LogLine",
    "ScanOptions",
    "case_key",
    "diagnose",
    "extract",
    "rule_set",
]

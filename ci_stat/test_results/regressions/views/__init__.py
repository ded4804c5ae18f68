"""The report of regressions as a document and as data."""

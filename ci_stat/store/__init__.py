"""The SQL databases. Knows statements and drivers; never results, reports or settings."""

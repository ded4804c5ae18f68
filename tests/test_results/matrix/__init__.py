"""The matrix: files, entries, formats."""

"""File formats: how files are written, and JSON Lines of runs."""

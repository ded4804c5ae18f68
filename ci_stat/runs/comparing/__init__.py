"""Compare two windows of runs in the database (`ci-stat compare`)."""

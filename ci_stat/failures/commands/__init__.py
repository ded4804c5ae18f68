"""The commands of a log, and which of them failed, from the marks of CI systems."""

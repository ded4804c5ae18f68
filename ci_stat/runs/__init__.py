"""Windows of runs: load, count, compare, import, export, and sync from Jenkins."""

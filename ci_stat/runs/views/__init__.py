"""How runs, jobs and pull requests read: listings, tables, plain data."""

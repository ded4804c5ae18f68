"""Views of runs, jobs, pull requests and failures: listings, tables, plain data."""

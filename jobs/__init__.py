"""Cron jobs, one module each. `main(argv)` returns the exit code. It is dry without --post."""

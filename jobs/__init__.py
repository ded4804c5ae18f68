"""Cron jobs, one module each. `main(argv)` returns the exit code. Without --post, nothing is sent."""

"""Cron jobs, one module each. `main(argv)` returns an exit code; without --post it sends nothing."""

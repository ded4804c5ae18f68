"""Cron jobs, one module each: `main(argv)` returns an exit code. Without --post they send nothing."""

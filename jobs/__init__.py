"""Cron jobs: when and for whom. Each is `main(argv) -> exit code`, dry unless it is told to --post."""

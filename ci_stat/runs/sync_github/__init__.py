"""Sync the CI database with GitHub Actions: every attempt of every job. See docs/github.md."""

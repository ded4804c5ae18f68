"""Runs tests with any runner that writes result files: in shards, with retries of what failed."""

"""The CI database: its table, and statements that read, count and write runs."""

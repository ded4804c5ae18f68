"""The CI database: its tables, and statements that read, count and write runs."""

"""The results database: runs, their files, cases, attempts and messages."""

"""The filer of issues from end to end: CI database, our own state, and a strict GitHub on loopback."""

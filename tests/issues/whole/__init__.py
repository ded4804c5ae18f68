"""The filer of issues end to end: CI database, our state, and a strict GitHub on loopback."""

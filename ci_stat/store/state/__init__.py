"""Our own state: what was read, sent and decided."""

"""Read a log of any length once and keep the parts in which a failure can stand."""

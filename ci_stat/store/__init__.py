"""SQL databases: connections, errors, the CI database, our own state."""

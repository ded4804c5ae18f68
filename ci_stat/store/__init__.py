"""SQL databases: connections, errors, the CI database (`ci_data`), our state (`state`)."""

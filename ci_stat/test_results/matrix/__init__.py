"""The matrix of a pipeline as data: a TOML file becomes the entries that a CI runs."""

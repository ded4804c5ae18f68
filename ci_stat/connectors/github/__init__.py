"""GitHub: the issues of a repository."""

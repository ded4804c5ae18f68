"""git as a store: files on a branch of a remote repository."""

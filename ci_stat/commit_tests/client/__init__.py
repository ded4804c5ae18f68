"""The client of a server of commit tests. It survives cuts, and restarts of the server."""

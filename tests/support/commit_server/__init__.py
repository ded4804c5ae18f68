"""A server of commit tests on loopback, whose backend follows a script."""

"""Gates: a policy over the results of tests, and its verdict."""

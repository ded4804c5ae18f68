"""Find what passed and failed on one commit, in the database (`ci-stat flaky`)."""

"""The work of `ci-stat init`."""

"""The work of `ci-stat sync`."""

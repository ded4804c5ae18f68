"""Foreign places that facts come from, and their formats."""

"""File formats: JSON Lines."""

"""The answers for a terminal and for other programs."""

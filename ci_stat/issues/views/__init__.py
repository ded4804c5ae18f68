"""How plans, explanations and histories of issues read in a terminal."""

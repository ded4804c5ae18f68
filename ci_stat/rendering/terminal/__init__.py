"""Lines, columns and the width of a terminal."""

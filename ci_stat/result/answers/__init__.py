"""What the runs of a window answer: is this failure mine, since when, how often. Pure."""

"""Verdicts and replays for a terminal and for other programs."""

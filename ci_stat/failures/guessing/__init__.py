"""Guess why a command failed if no rule knows its tool."""

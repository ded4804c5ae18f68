"""Views of plans, calls and replays: tables for the terminal, and data for JSON."""

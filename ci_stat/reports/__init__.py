"""Hourly and daily reports: what they say, who gets them, and each of them once."""

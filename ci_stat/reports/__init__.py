"""Hourly and daily reports: their content, their recipients, and their delivery exactly once."""

"""Clients for the servers that ci_stat talks to: one package for each, above one HTTP client.

A connector gets what it needs as plain values. It knows no Result, no report and no settings.
"""

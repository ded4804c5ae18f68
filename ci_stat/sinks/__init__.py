"""How to deliver: one module for each far end. Each gets what it needs as plain values, and tells an `Outcome`.

This room knows no Result, no report and no settings.
"""

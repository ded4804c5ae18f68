"""Stability campaigns: pull requests that change nothing measure how stable a branch is."""

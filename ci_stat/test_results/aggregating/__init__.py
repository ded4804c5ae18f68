"""Joins the result files of a matrix into one summary."""

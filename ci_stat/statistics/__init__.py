"""Confidence intervals of rates; later tests of significance and change points."""

"""Lists of tests from a window of results: the slowest, the new ones, those that are gone."""

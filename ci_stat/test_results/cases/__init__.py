"""The history of one test case: found by its name, read through indexes, added up."""

"""Results of test cases: import from files of any CI, and answers about their history."""

"""The history of test results on a branch of the repository, for runners that keep nothing."""

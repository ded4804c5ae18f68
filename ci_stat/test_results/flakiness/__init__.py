"""What is flaky, from results of tests: two facts that are never mixed.

Proven flaky: a test passed and failed on one commit, in one job and label set. Rate: failed of
finished runs on the default branch. `exclusions` says which runs and results count for neither.
"""

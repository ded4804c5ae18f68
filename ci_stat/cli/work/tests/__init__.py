"""The work of the commands for test results."""

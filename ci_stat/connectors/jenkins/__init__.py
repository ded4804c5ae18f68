"""Jenkins: its jobs, their builds and their logs (docs/jenkins.md)."""

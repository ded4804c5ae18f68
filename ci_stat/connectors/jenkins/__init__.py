"""Jenkins: jobs, builds and logs (docs/jenkins.md)."""

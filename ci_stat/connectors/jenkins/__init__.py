"""Jobs, builds and logs of a Jenkins."""

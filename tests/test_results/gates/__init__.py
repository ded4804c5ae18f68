"""Gates: policies and verdicts."""

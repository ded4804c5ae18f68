"""Runs any command on any commit, isolated and streamed."""

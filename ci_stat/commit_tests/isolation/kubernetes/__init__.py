"""Runs commit tests as Jobs of a Kubernetes cluster, one namespace for each session."""

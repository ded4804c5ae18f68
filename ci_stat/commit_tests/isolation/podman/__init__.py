"""Runs commit tests as pods of podman on this machine, by `podman kube play`."""

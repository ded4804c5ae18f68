"""Runs one commit isolated, by one contract: on this machine, in podman, or in a cluster.

`local`: bubblewrap. `podman` and `kubernetes`: pods, which share `pods`.
"""

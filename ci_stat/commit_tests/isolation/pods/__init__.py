"""Pods that run one step of a commit test: the same for podman and for Kubernetes.

A pod has two containers of one image. `run` waits for the files and runs the command. `keep` takes
the files in and gives results back; it runs nothing of the repository.
"""

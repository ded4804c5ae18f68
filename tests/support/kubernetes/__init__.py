"""An API server of Kubernetes on loopback whose pods are real containers, started by podman.

It imports nothing of ci_stat. It checks every object strictly against the official schemas, and
holds the rules that clients stumble over: names, conflicts, missing namespaces, the restricted
level of pod security, quotas of pods, the orphans of a Job that is deleted without a policy.
What it does not have: RBAC, scheduling, image pulls, evictions, several nodes.
"""

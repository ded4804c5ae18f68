"""The description of a pod, as podman and Kubernetes read it. Restricted as far as pods can be."""

from typing import Any

from ci_stat.commit_tests.isolation.pods.plan import KEEP, MARKS, RUN, SPACE, USER, PodPlan
from ci_stat.commit_tests.isolation.pods.script import keep_command, run_command

Manifest = dict[str, Any]
_KEEP_MEMORY = 64 * 1024 * 1024
_MARKS_BYTES = 1024 * 1024


def pod_spec(plan: PodPlan) -> Manifest:
    """Return the `spec` of the pod: no root, no capability, no token, no address of services."""
    sizes = dict(zip(volume_names(plan), (plan.limits.disk_bytes, _MARKS_BYTES), strict=True))
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "shareProcessNamespace": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [
            {"name": name, "emptyDir": {"sizeLimit": str(size)}} for name, size in sizes.items()
        ],
        "containers": [
            _container(plan, KEEP, keep_command(), _KEEP_MEMORY, "50m"),
            _container(plan, RUN, run_command(), plan.limits.memory, plan.cpu),
        ],
    }


def volume_names(plan: PodPlan) -> tuple[str, str]:
    """The volumes of the space and the marks, named by the pod.

    podman makes an emptyDir a volume of that name, which all pods would share.
    """
    return f"{plan.name}-space", f"{plan.name}-marks"


def pod(plan: PodPlan) -> Manifest:
    """Return the whole pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": plan.name, "labels": dict(plan.labels)},
        "spec": pod_spec(plan),
    }


def _container(plan: PodPlan, name: str, command: list[str], memory: int, cpu: str) -> Manifest:
    space, marks = volume_names(plan)
    resources = {"memory": str(memory), "cpu": cpu}
    return {
        "name": name,
        "image": plan.image,
        "imagePullPolicy": plan.pull,
        "command": command,
        "workingDir": SPACE,
        "resources": {"limits": resources, "requests": resources},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": space, "mountPath": SPACE},
            {"name": marks, "mountPath": MARKS},
        ],
    }

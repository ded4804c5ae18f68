"""What we create in a cluster: a namespace with its bounds, and a Job for each step. Pure."""

from datetime import datetime
from typing import Any

from ci_stat.commit_tests.isolation.kubernetes.names import NETWORK, USED_AT, Session
from ci_stat.commit_tests.isolation.pods.manifest import Manifest, pod_spec
from ci_stat.commit_tests.isolation.pods.plan import PodPlan

GRACE = 300  # seconds that a Job lives longer than its step: for its files, and for the server
_POD_SECURITY = "pod-security.kubernetes.io"


def namespace(session: Session, now: datetime) -> Manifest:
    """A namespace that takes only pods of the restricted kind."""
    levels = {f"{_POD_SECURITY}/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": session.namespace,
            "labels": {**session.labels, **levels},
            "annotations": {USED_AT: now.isoformat()},
        },
    }


def quota(session: Session, pods: int, memory: int, cpu: str) -> Manifest:
    """What all runs of a session may use together. `memory`: bytes; `cpu`: cores."""
    hard = {
        "pods": str(pods),
        "count/jobs.batch": str(pods * 8),  # ended ones are kept for their TTL
        "limits.memory": str(memory),
        "limits.cpu": cpu,
        "services": "0",
        "persistentvolumeclaims": "0",
    }
    return _object("ResourceQuota", session, {"hard": hard})


def limit_range(session: Session) -> Manifest:
    """Limits of containers that name none. Ours name theirs."""
    default = {"memory": "256Mi", "cpu": "250m"}
    limits = [{"type": "Container", "default": default, "defaultRequest": default}]
    return _object("LimitRange", session, {"limits": limits})


def deny_all(session: Session) -> Manifest:
    """No traffic in or out, for every pod of the namespace."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return _policy("ci-stat", session, spec)


def allow_egress(session: Session) -> Manifest:
    """Traffic out for steps that may use the network: setups, and tests whose request says so."""
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": {NETWORK: "allowed"}},
        "policyTypes": ["Egress"],
        "egress": [{}],
    }
    return _policy("ci-stat-network", session, spec)


def job(session: Session, plan: PodPlan, ttl: int) -> Manifest:
    """A Job of one pod, tried once. `ttl`: seconds that it is kept after its end."""
    labels = {**session.labels, **plan.labels, NETWORK: "allowed" if plan.network else "denied"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": plan.name, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": int(plan.limits.seconds) + GRACE,
            "ttlSecondsAfterFinished": ttl,
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(plan)},
        },
    }


def _policy(name: str, session: Session, spec: Manifest) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "labels": session.labels},
        "spec": spec,
    }


def _object(kind: str, session: Session, spec: Manifest) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "ci-stat", "labels": session.labels},
        "spec": spec,
    }


def logs_command(session: Session, name: str) -> str:
    """The command that shows what a step printed."""
    return f"kubectl logs --namespace {session.namespace} job/{name} --container run"

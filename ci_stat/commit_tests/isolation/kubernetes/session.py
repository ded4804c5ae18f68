"""The namespace of a session: made when it is needed, used again within its time to live."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ci_stat.commit_tests.isolation.kubernetes import manifests
from ci_stat.commit_tests.isolation.kubernetes.access import CONFLICT, NOT_FOUND, Cluster, call
from ci_stat.commit_tests.isolation.kubernetes.names import (
    MANAGED,
    MANAGER,
    OWNER,
    USED_AT,
    Session,
    label_value,
)
from ci_stat.errors import SourceError


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one session may use together. `memory`: bytes. `ttl`: since the last run."""

    pods: int = 8
    memory: int = 16 * 1024**3
    cpu: str = "8"
    ttl: timedelta = timedelta(hours=24)


def prepare_namespace(cluster: Cluster, session: Session, bounds: Bounds, now: datetime) -> None:
    """Make the namespace with its bounds, or use it again. Raises SourceError."""
    core, networking = cluster.core, cluster.networking
    name = session.namespace
    body = manifests.namespace(session, now)
    made = call("create a namespace", lambda: core.create_namespace(body), CONFLICT)
    if made is None:
        _take_again(core, session, now)

    quota = manifests.quota(session, bounds.pods, bounds.memory, bounds.cpu)
    limits = manifests.limit_range(session)
    deny, allow = manifests.deny_all(session), manifests.allow_egress(session)
    for action, request in (
        ("set a quota", lambda: core.create_namespaced_resource_quota(name, quota)),
        ("set limits", lambda: core.create_namespaced_limit_range(name, limits)),
        ("close the network", lambda: networking.create_namespaced_network_policy(name, deny)),
        ("open the network", lambda: networking.create_namespaced_network_policy(name, allow)),
    ):
        call(action, request, CONFLICT)


def _take_again(core: Any, session: Session, now: datetime) -> None:
    """Note that a namespace is used again. Raises SourceError if it is not ours."""
    name = session.namespace
    there = call("read a namespace", lambda: core.read_namespace(name))
    labels = there.metadata.labels or {}
    if any(labels.get(key) != value for key, value in session.labels.items()):
        raise SourceError(
            f"The namespace {name} is there, but it was not made by this server.",
            "Delete it, or set another commits_namespace_prefix.",
        )
    if there.status.phase != "Active":
        raise SourceError(f"The namespace {name} is being deleted.", "Try again in a minute.")
    touch(core, name, now)


def touch(core: Any, name: str, now: datetime) -> None:
    """Note when a namespace was used."""
    body = {"metadata": {"annotations": {USED_AT: now.isoformat()}}}
    call("note the use of a namespace", lambda: core.patch_namespace(name, body), NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Swept:
    """Namespaces that were deleted, and ours that stay."""

    deleted: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def sweep(
    cluster: Cluster, owner: str, ttl: timedelta, now: datetime, is_dry: bool = False
) -> Swept:
    """Delete namespaces of this server that nobody used for `ttl` and in which nothing runs."""
    core, batch = cluster.core, cluster.batch
    selector = f"{MANAGED}={MANAGER},{OWNER}={label_value(owner)}"
    listed = call("list namespaces", lambda: core.list_namespace(label_selector=selector))
    deleted: list[str] = []
    kept: list[str] = []
    for there in listed.items:
        name = there.metadata.name
        is_old = now - _used_at(there) >= ttl
        if not is_old or _is_busy(batch, name):
            kept.append(name)
            continue
        if not is_dry:
            call("delete a namespace", partial(core.delete_namespace, name), NOT_FOUND)
        deleted.append(name)
    return Swept(tuple(deleted), tuple(kept))


def _used_at(there: Any) -> datetime:
    """When it was used: by our note, else by its age."""
    noted = (there.metadata.annotations or {}).get(USED_AT, "")
    try:
        used: datetime = datetime.fromisoformat(noted)
    except ValueError:
        used = there.metadata.creation_timestamp
    return used if used.tzinfo else used.replace(tzinfo=UTC)


def _is_busy(batch: Any, namespace: str) -> bool:
    jobs = call("list Jobs", lambda: batch.list_namespaced_job(namespace))
    return any((job.status.active or 0) > 0 for job in jobs.items)

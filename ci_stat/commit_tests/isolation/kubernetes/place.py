"""Pods of a cluster."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ci_stat.commit_tests.isolation.ending import Ended
from ci_stat.commit_tests.isolation.kubernetes import files, manifests
from ci_stat.commit_tests.isolation.kubernetes.access import Cluster, call
from ci_stat.commit_tests.isolation.kubernetes.names import Session
from ci_stat.commit_tests.isolation.kubernetes.session import Bounds, prepare_namespace, touch
from ci_stat.commit_tests.isolation.kubernetes.watching import Watch, delete_job
from ci_stat.commit_tests.isolation.pods.plan import PodPlan


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class KubernetesPlace:
    """The namespace of one session. `clock`: the time, in UTC."""

    cluster: Cluster
    session: Session
    bounds: Bounds = field(default_factory=Bounds)
    clock: Callable[[], datetime] = _now

    @property
    def name(self) -> str:
        return "kubernetes"

    def prepare(self) -> None:
        prepare_namespace(self.cluster, self.session, self.bounds, self.clock())

    def start(self, plan: PodPlan, seconds: float, check: Callable[[], None]) -> str:
        ttl = int(self.bounds.ttl.total_seconds())
        body = manifests.job(self.session, plan, ttl)
        batch = self.cluster.batch
        namespace = self.session.namespace
        call("create a Job", lambda: batch.create_namespaced_job(namespace, body))
        return Watch(self.cluster, namespace, plan.name).wait_until_running(seconds, check)

    def send(self, pod: str, archive: BinaryIO, folder: str) -> None:
        files.send_archive(self.cluster, self.session.namespace, pod, archive, folder)

    def output(self, pod: str, check: Callable[[], None]) -> Iterator[bytes]:
        return Watch(self.cluster, self.session.namespace, pod).output(pod, check)

    def ended(self, pod: str) -> Ended | None:
        return Watch(self.cluster, self.session.namespace, pod).ended(pod)

    def read(self, pod: str, words: Sequence[str], limit: int) -> bytes:
        return files.run_in(self.cluster, self.session.namespace, pod, words, limit)

    def save(self, pod: str, words: Sequence[str], path: Path, limit: int) -> bool:
        return files.save_output(self.cluster, self.session.namespace, pod, words, path, limit)

    def remove(self, plan: PodPlan) -> None:
        delete_job(self.cluster, self.session.namespace, plan.name)
        touch(self.cluster.core, self.session.namespace, self.clock())

    def advice(self, plan: PodPlan, /) -> str:
        return manifests.logs_command(self.session, plan.name)

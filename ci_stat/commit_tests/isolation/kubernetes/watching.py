"""Follows a pod: until it runs, what it prints, and how its step ended."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import urllib3
from kubernetes import client

from ci_stat.commit_tests.isolation.ending import Ended
from ci_stat.commit_tests.isolation.kubernetes.access import NOT_FOUND, Cluster, call
from ci_stat.commit_tests.isolation.pods.plan import RUN
from ci_stat.errors import SourceError
from ci_stat.escape import visible

_POLL = 0.3  # seconds
_BROKEN_IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_BROKEN = (*_BROKEN_IMAGE, "CreateContainerConfigError", "CreateContainerError")
_CHUNK = 16 * 1024
_QUIET = 3600.0  # seconds without output after which the log is asked for again


@dataclass(frozen=True, slots=True)
class Watch:
    """One Job, in its namespace."""

    cluster: Cluster
    namespace: str
    job: str

    def wait_until_running(self, seconds: float, check: Callable[[], None]) -> str:
        """Return the name of the pod once it runs. Raises SourceError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            check()
            pod = self._pod()
            if pod is not None and pod.status.phase == "Running":
                return str(pod.metadata.name)
            self._require_hope(pod)
            time.sleep(_POLL)
        raise SourceError(
            f"The pod of {self.job} did not start within {seconds:.0f} s.",
            f"kubectl describe --namespace {self.namespace} job/{self.job}",
        )

    def output(self, pod: str, check: Callable[[], None]) -> Iterator[bytes]:
        """Yield what the step prints until it ends. A connection that is cut is opened again."""
        given = 0
        while True:
            with suppress(urllib3.exceptions.HTTPError, OSError):
                given += yield from self._output_from(pod, given)
            check()
            if self.ended(pod) is not None:
                yield from self._output_from(pod, given)
                return
            time.sleep(_POLL)

    def ended(self, pod: str) -> Ended | None:
        """How the container of the step ended; None while it runs."""
        core = self.cluster.core
        body = call("read a pod", lambda: core.read_namespaced_pod(pod, self.namespace), NOT_FOUND)
        if body is None:
            return Ended(None, "the pod is gone")
        if body.status.reason == "Evicted":
            return Ended(None, "Evicted")
        for status in body.status.container_statuses or []:
            if status.name == RUN and status.state.terminated is not None:
                end = status.state.terminated
                return Ended(end.exit_code, end.reason or "")
        return Ended(None, body.status.reason or "") if body.status.phase == "Failed" else None

    def _output_from(self, pod: str, offset: int) -> Generator[bytes, None, int]:
        """Yield the output after `offset` bytes, and return how many bytes it were."""
        core = self.cluster.core
        given = position = 0
        answer = call(
            "read the log of a pod",
            lambda: core.read_namespaced_pod_log(
                pod,
                self.namespace,
                container=RUN,
                follow=True,
                _preload_content=False,
                _request_timeout=(self.cluster.timeout, _QUIET),
            ),
            NOT_FOUND,
        )
        if answer is None:
            return given
        try:
            while data := answer.read1(_CHUNK):
                new = data[max(0, offset - position) :]
                position += len(data)
                if new:
                    given += len(new)
                    yield new
        finally:
            answer.close()
        return given

    def _pod(self) -> Any:
        core = self.cluster.core
        selector = f"batch.kubernetes.io/job-name={self.job}"
        listed = call(
            "list pods",
            lambda: core.list_namespaced_pod(self.namespace, label_selector=selector),
        )
        return listed.items[0] if listed.items else None

    def _require_hope(self, pod: Any) -> None:
        if pod is None:
            return
        if pod.status.phase in ("Failed", "Succeeded"):
            shown = visible(pod.status.message or pod.status.reason or "", 300)
            raise SourceError(f"The pod of {self.job} ended before it began: {shown}")
        for status in pod.status.container_statuses or []:
            waiting = status.state.waiting
            if waiting is not None and waiting.reason in _BROKEN:
                shown = visible(f"{waiting.reason}: {waiting.message or ''}", 300)
                raise SourceError(f"The pod of {self.job} cannot start: {shown}")


def delete_job(cluster: Cluster, namespace: str, name: str) -> None:
    """Delete a Job with its pod, at once."""
    options = client.V1DeleteOptions(propagation_policy="Background", grace_period_seconds=0)
    batch = cluster.batch
    call(
        "delete a Job",
        lambda: batch.delete_namespaced_job(name, namespace, body=options),
        NOT_FOUND,
    )

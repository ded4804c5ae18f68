"""What runs beside the API: it starts pods, follows their containers, and ends Jobs."""

import copy
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.support.kubernetes.admission import admit, is_over
from tests.support.kubernetes.objects import Object, Refusal, Store, now
from tests.support.kubernetes.podman import Podman

_TICK = 0.1  # seconds


@dataclass
class Kubelet:
    """Turns Jobs into pods and pods into containers. `lock`: guards the store."""

    store: Store
    podman: Podman
    lock: Any = field(default_factory=threading.RLock)
    ended: threading.Event = field(default_factory=threading.Event)
    networks: dict[str, str] = field(default_factory=dict)  # what each pod got, for tests

    def run(self) -> None:
        """Work until `ended`."""
        while not self.ended.wait(_TICK):
            with self.lock:
                jobs = list(self.store.select("jobs", None, ""))
                pods = list(self.store.select("pods", None, ""))
            for job in jobs:
                self._follow_job(job)
            for pod in pods:
                self._follow_pod(pod)
            self._sweep_namespaces()

    def _follow_job(self, job: Object) -> None:
        status = job.setdefault("status", {})
        if any(condition["status"] == "True" for condition in status.get("conditions", [])):
            self._end_after_ttl(job)
            return
        pods = self.pods_of(job)
        if not pods:
            if not status.get("startTime"):
                self._create_pod(job)
            return
        phase = pods[0].get("status", {}).get("phase")
        if phase == "Succeeded":
            self._end_job(job, "Complete", "")
        elif phase == "Failed":
            self._end_job(job, "Failed", "BackoffLimitExceeded")
        elif self._is_late(job):
            self.delete_pods(job)
            self._end_job(job, "Failed", "DeadlineExceeded")

    def _is_late(self, job: Object) -> bool:
        deadline = job["spec"].get("activeDeadlineSeconds")
        return deadline is not None and time.time() - job["status"]["_started"] > deadline

    def _end_after_ttl(self, job: Object) -> None:
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is not None and time.time() - job["status"]["_ended"] > ttl:
            self.delete_pods(job)
            metadata = job["metadata"]
            self._remove("jobs", metadata["namespace"], metadata["name"])

    def _end_job(self, job: Object, condition: str, reason: str) -> None:
        with self.lock:
            conditions = [{"type": condition, "status": "True", "reason": reason}]
            count = {"succeeded": 1} if condition == "Complete" else {"failed": 1}
            job["status"].update(conditions=conditions, active=0, _ended=time.time(), **count)
            self.store.touch(job)

    def _create_pod(self, job: Object) -> None:
        template, namespace = job["spec"]["template"], job["metadata"]["namespace"]
        uid = job["metadata"]["uid"]
        name = f"{job['metadata']['name'][:57]}-{uid[:5]}"
        ours = {"job-name": job["metadata"]["name"], "batch.kubernetes.io/job-name": name[:63]}
        labels = {**template.get("metadata", {}).get("labels", {}), **ours}
        labels["batch.kubernetes.io/job-name"] = job["metadata"]["name"]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": labels, "ownerReferences": [_owner(job)]},
            "spec": copy.deepcopy(template["spec"]),
        }
        with self.lock:
            job["status"].update(startTime=now(), _started=time.time(), active=1)
            try:
                self.create_pod(namespace, pod)
            except Refusal as refusal:  # the controller tries again later, for ever
                job["status"].pop("startTime")
                job["status"]["_refused"] = refusal.message
            self.store.touch(job)

    def create_pod(self, namespace: str, pod: Object) -> Object:
        """Admit and keep a pod. Raises Refusal."""
        self.store._check_namespace(namespace, "pods", pod["metadata"]["name"])
        admit(self.store, namespace, pod)
        pod["status"] = {"phase": "Pending"}
        return self.store.create("pods", namespace, pod)

    def pods_of(self, job: Object) -> list[Object]:
        namespace, uid = job["metadata"]["namespace"], job["metadata"]["uid"]
        with self.lock:
            return [
                pod
                for pod in self.store.select("pods", namespace, "")
                if any(o["uid"] == uid for o in pod["metadata"].get("ownerReferences", []))
            ]

    def delete_pods(self, job: Object) -> None:
        for pod in self.pods_of(job):
            self.delete_pod(pod)

    def delete_pod(self, pod: Object) -> None:
        self.podman.remove_pod(container_name(pod))
        self._remove("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _remove(self, kind: str, namespace: str, name: str) -> None:
        with self.lock:
            if (kind, namespace, name) in self.store.objects:
                self.store.remove(kind, namespace, name)

    def _follow_pod(self, pod: Object) -> None:
        if is_over(pod):
            return
        name = container_name(pod)
        if not pod["status"].get("startTime"):
            pod["status"]["startTime"] = now()
            network = self._network(pod)
            self.networks[pod["metadata"]["name"]] = network
            played = copy.deepcopy(pod)
            played["metadata"] = {"name": name}
            played.pop("status")
            _rename_volumes(played, name)
            try:
                self.podman.play(played, network)
            except RuntimeError as error:
                self._set(pod, "Failed", [], str(error)[-300:])
                return
        names = [f"{name}-{container['name']}" for container in pod["spec"]["containers"]]
        states = {state["Name"]: state["State"] for state in self.podman.states(names)}
        if len(states) < len(names):
            return  # it is being deleted
        statuses = [
            _status(container["name"], states[f"{name}-{container['name']}"])
            for container in pod["spec"]["containers"]
        ]
        ended = [status["state"].get("terminated") for status in statuses]
        if all(ended):
            failed = any(end["exitCode"] for end in ended if end)
            self._set(pod, "Failed" if failed else "Succeeded", statuses)
        else:
            self._set(pod, "Running", statuses)

    def _set(self, pod: Object, phase: str, statuses: list[Object], message: str = "") -> None:
        with self.lock:
            status = pod["status"]
            before = (status["phase"], status.get("containerStatuses"))
            if before != (phase, statuses):
                status.update(phase=phase, containerStatuses=statuses, message=message)
                self.store.touch(pod)

    def _network(self, pod: Object) -> str:
        """`none` if a policy isolates the pod's traffic out, and no other one lets it out."""
        labels = pod["metadata"].get("labels") or {}
        is_isolated = is_allowed = False
        for policy in self.store.select("networkpolicies", pod["metadata"]["namespace"], ""):
            spec = policy["spec"]
            wanted = spec["podSelector"].get("matchLabels") or {}
            if "Egress" in spec.get("policyTypes", []) and wanted.items() <= labels.items():
                is_isolated = True
                is_allowed = is_allowed or bool(spec.get("egress"))
        return "none" if is_isolated and not is_allowed else "host"

    def _sweep_namespaces(self) -> None:
        with self.lock:
            ending = [
                body["metadata"]["name"]
                for body in self.store.select("namespaces", None, "")
                if body["status"]["phase"] == "Terminating"
            ]
        for name in ending:
            for pod in list(self.store.select("pods", name, "")):
                self.delete_pod(pod)
            with self.lock:
                for key in [key for key in self.store.objects if key[1] == name]:
                    del self.store.objects[key]
                self.store.remove("namespaces", "", name)


def container_name(pod: Object) -> str:
    """The name of the pod for podman, which knows no namespaces."""
    return f"{pod['metadata']['namespace']}--{pod['metadata']['name']}"


def _rename_volumes(pod: Object, name: str) -> None:
    """An emptyDir is of its pod alone; podman shares volumes of one name between pods."""
    for volume in pod["spec"].get("volumes") or []:
        volume["name"] = f"{name}-{volume['name']}"
    for container in pod["spec"]["containers"]:
        for mount in container.get("volumeMounts") or []:
            mount["name"] = f"{name}-{mount['name']}"


def _owner(job: Object) -> Object:
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid}
    return {**owner, "controller": True, "blockOwnerDeletion": True}


def _status(name: str, state: Object) -> Object:
    shown: Object = {"name": name, "image": "", "imageID": "", "ready": False, "restartCount": 0}
    if state["Status"] in ("running", "paused"):
        return {**shown, "ready": True, "state": {"running": {"startedAt": state["StartedAt"]}}}
    if state["Status"] in ("exited", "stopped", "removing"):
        code = state["ExitCode"]
        reason = "OOMKilled" if state.get("OOMKilled") else "Error" if code else "Completed"
        return {**shown, "state": {"terminated": {"exitCode": code, "reason": reason}}}
    return {**shown, "state": {"waiting": {"reason": "ContainerCreating"}}}

"""Objects of the API: what may be created, and under which names."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]

Object = dict[str, Any]

VERSION = "1.33"
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")

KINDS = {
    "namespaces": ("v1", "Namespace"),
    "pods": ("v1", "Pod"),
    "resourcequotas": ("v1", "ResourceQuota"),
    "limitranges": ("v1", "LimitRange"),
    "jobs": ("batch/v1", "Job"),
    "networkpolicies": ("networking.k8s.io/v1", "NetworkPolicy"),
}


class Refusal(Exception):
    """An answer that is no success, as the API writes it."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message

    def status(self) -> Object:
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }


@dataclass
class Store:
    """All objects, by kind, namespace and name."""

    objects: dict[tuple[str, str, str], Object] = field(default_factory=dict)
    version: int = 0

    def create(self, kind: str, namespace: str, body: Object) -> Object:
        """Check and keep a new object. Raises Refusal."""
        _check(kind, body)
        metadata = body["metadata"]
        name = metadata["name"]
        if namespace and kind != "namespaces":
            self._check_namespace(namespace, kind, name)
            metadata["namespace"] = namespace
        if (kind, namespace, name) in self.objects:
            raise Refusal(409, "AlreadyExists", f'{kind} "{name}" already exists')
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now()
        self.objects[kind, namespace, name] = body
        self.touch(body)
        return body

    def touch(self, body: Object) -> None:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)

    def get(self, kind: str, namespace: str, name: str) -> Object:
        try:
            return self.objects[kind, namespace, name]
        except KeyError:
            raise Refusal(404, "NotFound", f'{kind} "{name}" not found') from None

    def remove(self, kind: str, namespace: str, name: str) -> Object:
        body = self.get(kind, namespace, name)
        del self.objects[kind, namespace, name]
        self.version += 1
        return body

    def select(self, kind: str, namespace: str | None, selector: str) -> Iterator[Object]:
        """The objects with the labels of a selector: `name=value`, `name`, by commas."""
        for (its_kind, its_namespace, _), body in list(self.objects.items()):
            is_there = its_kind == kind and namespace in (None, its_namespace)
            if is_there and matches(selector, body["metadata"].get("labels") or {}):
                yield body

    def _check_namespace(self, namespace: str, kind: str, name: str) -> None:
        home = self.objects.get(("namespaces", "", namespace))
        if home is None:
            raise Refusal(404, "NotFound", f'namespaces "{namespace}" not found')
        if home.get("status", {}).get("phase") == "Terminating":
            because = f"unable to create new content in namespace {namespace}"
            raise Refusal(403, "Forbidden", f'{kind} "{name}" is forbidden: {because}')


def matches(selector: str, labels: dict[str, str]) -> bool:
    for term in filter(None, selector.split(",")):
        name, equals, value = term.partition("=")
        if name not in labels or (equals and labels[name] != value.lstrip("=")):
            return False
    return True


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check(kind: str, body: Object) -> None:
    version, name = KINDS[kind]
    if (body.get("apiVersion"), body.get("kind")) != (version, name):
        stated = f"{body.get('apiVersion')}, Kind={body.get('kind')}"
        raise Refusal(400, "BadRequest", f"{stated} does not match {version}, Kind={name}")
    try:
        kubernetes_validate.validate(body, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        raise Refusal(422, "Invalid", f"{name} is invalid: {error.message}") from None
    _check_metadata(name, body.get("metadata") or {})


def _check_metadata(kind: str, metadata: Object) -> None:
    form = _LABEL if kind == "Namespace" else _SUBDOMAIN
    name = metadata.get("name") or ""
    if not form.fullmatch(name):
        raise Refusal(422, "Invalid", f"metadata.name: Invalid value: {name!r}")
    for key, value in (metadata.get("labels") or {}).items():
        if not _VALUE.fullmatch(value):
            raise Refusal(422, "Invalid", f"metadata.labels: Invalid value: {key}={value!r}")

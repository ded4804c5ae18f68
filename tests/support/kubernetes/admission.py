"""What a namespace admits: the restricted level of pod security, and its quota of pods."""

from collections.abc import Iterator

from tests.support.kubernetes.objects import Object, Refusal, Store

_ENFORCE = "pod-security.kubernetes.io/enforce"
_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "projected", "secret"}
_VOLUMES |= {"persistentVolumeClaim"}


def admit(store: Store, namespace: str, pod: Object) -> None:
    """Raises Refusal."""
    name = pod["metadata"]["name"]
    labels = store.get("namespaces", "", namespace)["metadata"].get("labels") or {}
    if labels.get(_ENFORCE) == "restricted":
        wrong = list(_restricted(pod["spec"]))
        if wrong:
            why = f'violates PodSecurity "restricted:latest": {", ".join(wrong)}'
            raise Refusal(403, "Forbidden", f'pods "{name}" is forbidden: {why}')
    for quota in store.select("resourcequotas", namespace, ""):
        most = int(quota["spec"]["hard"].get("pods", 1_000_000))
        pods = [one for one in store.select("pods", namespace, "") if not is_over(one)]
        if len(pods) >= most:
            why = f"exceeded quota: {quota['metadata']['name']}, limited: pods={most}"
            raise Refusal(403, "Forbidden", f'pods "{name}" is forbidden: {why}')


def is_over(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _restricted(spec: Object) -> Iterator[str]:
    whole = spec.get("securityContext") or {}
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"{key}=true"
    for volume in spec.get("volumes") or []:
        if not _VOLUMES & set(volume):
            yield f"volume {volume['name']!r}"
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        yield from _unrestricted(container.get("securityContext") or {}, whole)


def _unrestricted(own: Object, whole: Object) -> Iterator[str]:
    both = {**whole, **own}
    profile = (both.get("seccompProfile") or {}).get("type")
    rules = {
        "allowPrivilegeEscalation != false": own.get("allowPrivilegeEscalation") is not False,
        "unrestricted capabilities": (own.get("capabilities") or {}).get("drop") != ["ALL"],
        "privileged": bool(own.get("privileged")),
        "runAsNonRoot != true": not both.get("runAsNonRoot"),
        "runAsUser=0": both.get("runAsUser") == 0,
        "seccompProfile": profile not in ("RuntimeDefault", "Localhost"),
    }
    yield from (rule for rule, is_broken in rules.items() if is_broken)

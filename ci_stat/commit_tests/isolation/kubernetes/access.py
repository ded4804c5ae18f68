"""A connection to a cluster: the official client, with its errors as ours.

Importing the client takes a third of a second, so only what uses a cluster imports this module.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config

from ci_stat.errors import SettingsError, SourceError
from ci_stat.escape import visible

# The official client has no types here.
_load_inside: Callable[..., None] = config.load_incluster_config
_load_file: Callable[..., None] = config.load_kube_config

_TIMEOUT = 30.0  # seconds of a request
NOT_FOUND, CONFLICT, FORBIDDEN = 404, 409, 403


class Cluster:
    """A cluster that answers. `configuration`: with the login; it is never printed."""

    def __init__(self, configuration: Any, timeout: float = _TIMEOUT) -> None:
        self.configuration = configuration
        self.timeout = timeout
        self._client = client.ApiClient(configuration)
        self.core: Any = client.CoreV1Api(self._client)
        self.batch: Any = client.BatchV1Api(self._client)
        self.networking: Any = client.NetworkingV1Api(self._client)

    def __repr__(self) -> str:
        return f"Cluster({self.configuration.host!r})"

    @contextmanager
    def own_core(self) -> Iterator[Any]:
        """Yield an API of its own: `stream` changes its client while a command is started."""
        own = client.ApiClient(self.configuration)
        try:
            yield client.CoreV1Api(own)
        finally:
            own.rest_client.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.rest_client.close()


def open_cluster(kubeconfig: Path | None = None, context: str | None = None) -> Cluster:
    """Return the cluster of a kubeconfig, or the one that this process runs in.

    Raises SettingsError if neither is there, or the file or the context is wrong.
    """
    configuration = client.Configuration()
    try:
        if kubeconfig is None and _is_inside():
            _load_inside(client_configuration=configuration)
        else:
            _load_file(
                config_file=str(kubeconfig) if kubeconfig else None,
                context=context,
                client_configuration=configuration,
            )
    except (config.ConfigException, OSError) as error:
        raise SettingsError(
            f"The cluster cannot be reached: {visible(error, 300)}",
            "Set commits_kubeconfig to the path of a kubeconfig file.",
        ) from None
    configuration.retries = False
    return Cluster(configuration)


def _is_inside() -> bool:
    return Path("/var/run/secrets/kubernetes.io/serviceaccount/token").exists()


def call(action: str, request: Callable[[], Any], *expected: int) -> Any:
    """Return the answer of a request; None for an expected status. Raises SourceError."""
    try:
        return request()
    except client.ApiException as error:
        if error.status in expected:
            return None
        raise _explained(action, error) from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise SourceError(
            f"The cluster does not answer ({action}): {visible(error, 200)}",
            "Check the address in the kubeconfig: kubectl version",
        ) from None


def _explained(action: str, error: Any) -> SourceError:
    body = visible(" ".join(str(error.body or error.reason).split()), 400)
    if error.status in (401, FORBIDDEN):
        hint = "Give this account the Role in examples/kubernetes/role.yaml."
        return SourceError(f"The cluster refuses to {action} ({error.status}): {body}", hint)
    return SourceError(f"The cluster cannot {action} ({error.status}): {body}")

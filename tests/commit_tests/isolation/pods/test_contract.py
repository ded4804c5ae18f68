"""The contract of backends, on pods: real containers, by podman itself and through a cluster's API.

Slow, and podman is needed: `make test-full` installs it. `apt-get install podman runc` elsewhere.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ci_stat.commit_tests.isolation.podman.place import PodmanPlace
from ci_stat.commit_tests.isolation.podman.program import Podman
from ci_stat.commit_tests.isolation.pods.backend import PodBackend
from ci_stat.commit_tests.isolation.pods.place import PodPlace
from ci_stat.commit_tests.isolation.templates import Template
from ci_stat.commit_tests.model import Outcome
from ci_stat.commit_tests.repository import RepositoryCache
from tests.commit_tests.isolation.bench import Bench
from tests.commit_tests.isolation.contract import Contract
from tests.support.drawn import full
from tests.support.kubernetes.podman import IMAGE
from tests.support.kubernetes.podman import Podman as PrivatePodman
from tests.support.kubernetes.server import Cluster, cluster_at

pytestmark = [
    pytest.mark.slow,
    full,
    pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed"),
]


@pytest.fixture(scope="module")
def private_podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePodman]:
    podman = PrivatePodman(tmp_path_factory.mktemp("podman"))
    podman.prepare()
    yield podman
    podman.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster_at(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(params=["podman", "kubernetes"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        made = Bench(tmp_path)
        made.use(Template(IMAGE, pull="Never"))
        place = _place(request, tmp_path, stack)
        cache = RepositoryCache(tmp_path / "cache")
        made.backend = PodBackend(place, tmp_path / "runs", cache, made.templates)
        yield made


def _place(request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> PodPlace:
    if request.param == "podman":
        podman: PrivatePodman = request.getfixturevalue("private_podman")
        options = tuple(podman.command[1:])
        return PodmanPlace(Podman(options, podman.environment, folder))
    from ci_stat.commit_tests.isolation.kubernetes.access import open_cluster
    from ci_stat.commit_tests.isolation.kubernetes.names import Session
    from ci_stat.commit_tests.isolation.kubernetes.place import KubernetesPlace

    running: Cluster = request.getfixturevalue("cluster")
    kubeconfig = running.write_kubeconfig(folder / "kubeconfig")
    opened = stack.enter_context(closing(open_cluster(kubeconfig)))
    return KubernetesPlace(opened, Session("ann", "oc1", "server-1"))


class TestPods(Contract):
    marks = "/ci-stat-marks"

    def test_an_image_that_is_not_there(self, bench: Bench) -> None:
        bench.use(Template("localhost/none:1", pull="Never", start_seconds=20))
        result = bench.run("true")
        assert result.outcome is Outcome.INFRASTRUCTURE
        assert result.detail

    def test_nothing_is_left(self, bench: Bench, private_podman: PrivatePodman) -> None:
        bench.run("exit 1")
        bench.run("true")
        if bench.backend.name == "podman":
            assert private_podman.run("pod", "ls", "--quiet") == ""
            assert private_podman.run("container", "ls", "--all", "--quiet") == ""
            assert private_podman.run("volume", "ls", "--quiet") == ""
        assert list((bench.folder / "runs").glob("ci-stat-pod-*")) == []

    def test_no_value_of_a_variable_is_in_a_description(
        self, bench: Bench, request: pytest.FixtureRequest
    ) -> None:
        bench.run("true", environment=("TOKEN=s3cret",))
        if bench.backend.name == "kubernetes":
            cluster: Cluster = request.getfixturevalue("cluster")
            assert not any("s3cret" in body for body in cluster.bodies)

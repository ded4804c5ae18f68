"""The contract of backends, on pods: real containers, by podman itself and through a cluster's API.

Slow, and podman is needed: `make test-full` installs it. `apt-get install podman runc` elsewhere.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from ci_stat.commit_tests.isolation.podman.place import PodmanPlace
from ci_stat.commit_tests.isolation.podman.program import Podman
from ci_stat.commit_tests.isolation.pods.backend import PodBackend
from ci_stat.commit_tests.isolation.pods.place import PodPlace, Template
from ci_stat.commit_tests.model import (
    Event,
    Limits,
    Outcome,
    OutputLine,
    RunEnded,
    RunResult,
    Step,
    TestRequest,
)
from ci_stat.commit_tests.repository import RepositoryCache
from tests.commit_tests.isolation.repositories import commit, make_repository
from tests.support.kubernetes.podman import IMAGE
from tests.support.kubernetes.podman import Podman as PrivatePodman
from tests.support.kubernetes.server import Cluster, cluster_at

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("CI_STAT_TEST_FULL"), reason="only in make test-full"),
    pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed"),
]
MIB = 1024 * 1024


class Bench:
    """A backend with a repository of one commit."""

    def __init__(self, place: PodPlace, folder: Path, template: Template) -> None:
        self.repository = make_repository(folder / "repository")
        self.template = template
        cache = RepositoryCache(folder / "cache")
        self.backend = PodBackend(place, cache, lambda _: self.template, folder / "runs")
        self.events: list[Event] = []

    def run(self, command: str | tuple[str, ...], **options: object) -> RunResult:
        commit(self.repository, {"file.txt": "content\n"})
        values = {"commit": "HEAD", **options}
        request = TestRequest(repository=str(self.repository), command=command, **values)  # type: ignore[arg-type]
        self.events.clear()
        return asyncio.run(self._run(request))

    async def _run(self, request: TestRequest) -> RunResult:
        return await self.backend.run(request, self.events.append, asyncio.Event())

    @property
    def lines(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, OutputLine)]


@pytest.fixture(scope="module")
def test_podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePodman]:
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
    template = Template(IMAGE, pull="Never")
    with ExitStack() as stack:
        yield Bench(_place(request, tmp_path, stack), tmp_path, template)


def _place(request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> PodPlace:
    if request.param == "podman":
        podman: PrivatePodman = request.getfixturevalue("test_podman")
        options = tuple(podman.command[1:])
        return PodmanPlace(Podman(options, podman.environment, folder))
    from ci_stat.commit_tests.isolation.kubernetes.access import open_cluster
    from ci_stat.commit_tests.isolation.kubernetes.names import Session
    from ci_stat.commit_tests.isolation.kubernetes.place import KubernetesPlace

    running: Cluster = request.getfixturevalue("cluster")
    kubeconfig = running.write_kubeconfig(folder / "kubeconfig")
    opened = stack.enter_context(closing(open_cluster(kubeconfig)))
    return KubernetesPlace(opened, Session("ann", "oc1", "server-1"))


def test_a_command_that_passes(bench: Bench) -> None:
    result = bench.run("cat file.txt; echo err >&2; pwd; id -u")
    assert result.outcome is Outcome.PASSED, result
    assert result.exit_code == 0
    assert bench.lines == ["content", "err", "/ci-stat-space/work", "10001"]
    assert [step.step for step in result.steps] == [Step.CLONE, Step.CHECKOUT, Step.TEST]
    assert Path(result.output.path).read_text().splitlines() == bench.lines
    assert isinstance(bench.events[-1], RunEnded)


def test_a_command_that_fails(bench: Bench) -> None:
    result = bench.run(("sh", "-c", "echo 'it broke'; exit 7"))
    assert (result.outcome, result.exit_code) == (Outcome.FAILED, 7)
    assert bench.lines == ["it broke"]
    assert "kubectl logs" in result.detail or bench.backend.name == "podman"


def test_words_are_no_shell_text(bench: Bench) -> None:
    words = ("printf", "%s\n", "$HOME; `id`", "a'b")
    result = bench.run(words)
    assert result.outcome is Outcome.PASSED, result.detail
    assert bench.lines == ["$HOME; `id`", "a'b"]


def test_a_command_that_is_killed(bench: Bench) -> None:
    result = bench.run("kill -11 $$")
    assert (result.outcome, result.signal) == (Outcome.FAILED, "SIGSEGV")


def test_a_command_that_runs_too_long(bench: Bench) -> None:
    limits = Limits(seconds=1.0)
    result = bench.run("echo begun; sleep 60", limits=limits)
    assert result.outcome is Outcome.TIMED_OUT, result
    assert result.steps[-1].seconds < 30
    assert bench.lines == ["begun"]


def test_a_command_that_needs_too_much_memory(bench: Bench) -> None:
    limits = Limits(memory=48 * MIB)
    hungry = "x=$(head -c 150000000 /dev/zero | tr '\\0' x); echo ${#x}"
    result = bench.run(hungry, limits=limits)
    assert result.outcome is Outcome.OUT_OF_MEMORY, result.detail


def test_no_network_unless_asked(bench: Bench) -> None:
    seen = "cat /proc/net/dev | grep -c : ; cat /proc/net/route | wc -l"
    result = bench.run(seen)
    assert result.outcome is Outcome.PASSED, result.detail
    assert bench.lines == ["1", "1"]  # the loopback alone, and no route


def test_no_rights(bench: Bench) -> None:
    bench.run("grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status")
    values = dict(line.split(":\t") for line in bench.lines)
    assert values == {"CapEff": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}


def test_variables_are_handed_over_and_in_no_description(
    bench: Bench, request: pytest.FixtureRequest
) -> None:
    secret = "s3cret 'with\" signs $HOME"
    result = bench.run("printf '%s\n' \"$TOKEN\"", environment=(f"TOKEN={secret}",))
    assert bench.lines == [secret]
    assert secret not in repr(result.steps)
    if bench.backend.name == "kubernetes":
        cluster: Cluster = request.getfixturevalue("cluster")
        assert not any("s3cret" in body for body in cluster.bodies)


def test_a_setup_leaves_its_files_for_the_test(bench: Bench) -> None:
    result = bench.run("cat made ~/in-home", setup="echo one > made; echo two > ~/in-home")
    assert result.outcome is Outcome.PASSED, result
    assert bench.lines == ["one", "two"]
    assert [step.step for step in result.steps][2:] == [Step.SETUP, Step.TEST]


def test_a_setup_that_fails_ends_the_run(bench: Bench) -> None:
    result = bench.run("true", setup="echo no; exit 3")
    assert (result.outcome, result.last_step) == (Outcome.FAILED, Step.SETUP)


def test_result_files_are_counted(bench: Bench) -> None:
    text = '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>'
    command = f"mkdir -p out; printf '%s' '{text}' > out/junit.xml; ln -s /etc/passwd out/x.xml"
    result = bench.run(f"{command}; exit 1", junit=("out/*.xml",))
    assert result.tests is not None
    assert (result.tests.files, result.tests.passed, result.tests.failed) == (1, 1, 1)


@pytest.mark.parametrize("code", [0, 3])
def test_a_forged_marker_is_no_pass(bench: Bench, code: int) -> None:
    """The command writes a marker and keeps the script from writing its own."""
    marks = "/ci-stat-marks"
    forged = f"mkdir -p {marks}/exit || exit 9; exit {code}"
    result = bench.run(forged)
    assert result.outcome is Outcome.INFRASTRUCTURE, result
    written = f"printf '0123 0 0' > {marks}/exit; chmod 500 {marks}; chmod 400 {marks}/exit"
    result = bench.run(f"{written}; exit {code}")
    assert result.outcome is Outcome.INFRASTRUCTURE, result


def test_an_image_that_is_not_there(bench: Bench) -> None:
    bench.template = Template("localhost/none:1", pull="Never", start_seconds=20)
    result = bench.run("true")
    assert result.outcome is Outcome.INFRASTRUCTURE
    assert "none:1" in result.detail or "cannot start" in result.detail or "start" in result.detail


def test_a_commit_that_is_not_there(bench: Bench) -> None:
    result = bench.run("true", commit="nothing")
    assert (result.outcome, result.last_step) == (Outcome.INFRASTRUCTURE, Step.CHECKOUT)


def test_pods_share_nothing_and_leave_nothing(bench: Bench, test_podman: PrivatePodman) -> None:
    bench.run("echo first > ../left; exit 1")
    result = bench.run("ls ..")
    assert bench.lines == ["home", "work"], result.detail
    if bench.backend.name == "podman":
        for what in ("pod", "container", "volume"):
            assert test_podman.run(what, "ls", "--quiet", *_all(what)) == ""
    assert list((bench.backend.folder).glob("ci-stat-pod-*")) == []


def _all(what: str) -> list[str]:
    return ["--all"] if what == "container" else []


def test_a_run_that_is_cancelled_leaves_nothing(bench: Bench) -> None:
    commit(bench.repository, {"file.txt": "content"})
    request = TestRequest(
        repository=str(bench.repository), commit="HEAD", command="echo begun; sleep 100"
    )

    async def body(by_task: bool) -> RunResult | None:
        cancel = asyncio.Event()
        running = asyncio.create_task(bench.backend.run(request, bench.events.append, cancel))
        while "begun" not in bench.lines:
            await asyncio.sleep(0.05)
        if not by_task:
            cancel.set()
            return await running
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return None

    result = asyncio.run(body(False))
    assert result is not None
    assert result.outcome is Outcome.CANCELLED
    bench.events.clear()
    assert asyncio.run(body(True)) is None

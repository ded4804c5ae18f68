"""One commit in pods: the setup and the test in a pod each.

The pods get an archive of the files. They need no git, no credential and no network.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ci_stat.commit_tests.isolation.commit_run import CommitRun, StepCommand
from ci_stat.commit_tests.isolation.ending import Verdict
from ci_stat.commit_tests.isolation.findings import count_tests
from ci_stat.commit_tests.isolation.pods.archive import take_files
from ci_stat.commit_tests.isolation.pods.place import PodPlace
from ci_stat.commit_tests.isolation.pods.plan import SPACE, WORK, PodPlan
from ci_stat.commit_tests.isolation.pods.steps import PodStep, PodStepEnd, run_step
from ci_stat.commit_tests.isolation.pods.stopping import Stop, stop_when
from ci_stat.commit_tests.model import Outcome, TestCounts
from ci_stat.commit_tests.repository import Repository
from ci_stat.commit_tests.repository.checkout import write_archive


class PodRun(CommitRun):
    """One run. Its archives are below `ask.scratch`."""

    place: PodPlace
    _files: list[tuple[Path, str]]

    @asynccontextmanager
    async def checked_out(self, repository: Repository) -> AsyncIterator[None]:
        path = self.ask.scratch / "files.tar"
        await write_archive(repository, self.commit, path)
        await asyncio.to_thread(self.place.prepare)
        self._files = [(path, WORK)]
        yield

    async def run_command(self, command: StepCommand) -> Verdict:
        """Run the command in a pod. What a setup leaves is handed to the pod of the test."""
        space = None if command.is_last else self.ask.scratch / "space.tar"
        results = self.ask.scratch / "results.tar"
        patterns = self.request.junit if command.is_last else ()
        pod_step = PodStep(
            self._plan(command),
            self._files,
            self.ask.template.start_seconds,
            (patterns, results) if patterns else None,
            space,
        )
        end = await self._run(pod_step, command)
        if patterns and results.exists():
            self.tests = await asyncio.to_thread(self._count, results, end.problems)
        if space is None or end.verdict.outcome is not Outcome.PASSED:
            return end.verdict
        if end.problems:
            return Verdict(Outcome.INFRASTRUCTURE, detail=end.problems[0])
        self._files = [(space, SPACE)]
        return end.verdict

    async def _run(self, pod_step: PodStep, command: StepCommand) -> PodStepEnd:
        """Run a step in a thread; end it when the run is cancelled or its time is over."""
        place, plan = self.place, pod_step.plan
        loop = asyncio.get_running_loop()
        stop = Stop()

        async def fed(data: bytes) -> None:
            self.output.feed(command.step, data)

        def feed(data: bytes) -> None:
            asyncio.run_coroutine_threadsafe(fed(data), loop).result()

        def end() -> None:
            place.remove(plan)

        running = asyncio.create_task(asyncio.to_thread(run_step, place, pod_step, stop, feed))
        stopping = asyncio.create_task(stop_when(stop, self.cancel, plan.limits.seconds, end))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.reason = Outcome.CANCELLED
            await asyncio.to_thread(end)
            await asyncio.wait({running})
            raise
        finally:
            stopping.cancel()

    def _plan(self, command: StepCommand) -> PodPlan:
        template = self.ask.template
        return PodPlan(
            name=f"ci-stat-{self.identity}-{command.step}",
            image=template.image,
            command=command.command,
            nonce=secrets.token_hex(16),
            limits=self.ask.limits,
            environment=self.ask.variables,
            labels={
                "ci-stat.dev/run": self.identity,
                "ci-stat.dev/step": command.step.value,
                "ci-stat.dev/commit": self.commit[:40],
            },
            cpu=template.cpu,
            pull=template.pull,
            network=command.network,
        )

    def _count(self, archive: Path, problems: list[str]) -> TestCounts | None:
        folder = self.ask.scratch / "results"
        folder.mkdir()
        files, left_out = take_files(archive, self.request.junit, folder)
        return count_tests(files, [*problems, *left_out])

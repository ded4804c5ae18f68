"""A backend with a repository of one commit, for tests of the contract."""

import asyncio
from pathlib import Path
from typing import Any

from ci_stat.commit_tests.isolation.templates import Template, Templates
from ci_stat.commit_tests.model import Backend, Event, OutputLine, RunResult, TestRequest
from tests.commit_tests.isolation.repositories import commit, make_repository


class OneTemplate(Templates):
    """Answers every project type with one template."""

    template: Template

    def get(self, project_type: str) -> Template:
        return self.template


class Bench:
    """Runs commands on a commit. `events`: of the last run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = make_repository(folder / "repository")
        self.templates = OneTemplate()
        self.backend: Backend
        self.events: list[Event] = []

    def use(self, template: Template) -> None:
        object.__setattr__(self.templates, "template", template)

    def run(self, command: str | tuple[str, ...], **options: Any) -> RunResult:
        commit(self.repository, {"file.txt": "content\n"})
        self.events.clear()
        request = self.request(command, **options)
        return asyncio.run(self._run(request))

    def request(self, command: str | tuple[str, ...], **options: Any) -> TestRequest:
        values = {"commit": "HEAD", **options}
        return TestRequest(repository=str(self.repository), command=command, **values)

    async def _run(self, request: TestRequest) -> RunResult:
        return await self.backend.run(request, self.events.append, asyncio.Event())

    @property
    def lines(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, OutputLine)]

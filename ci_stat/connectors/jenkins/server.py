"""A Jenkins as a place facts come from: its jobs, their builds and their logs (docs/jenkins.md)."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from ci_stat.connectors.jenkins.address import NoAnswer
from ci_stat.connectors.jenkins.builds import (
    FIELDS,
    FIELDS_WITH_PARAMETERS,
    Build,
    Page,
    build_of,
    is_number,
    page_of,
)
from ci_stat.connectors.jenkins.client import TIMEOUT, TRIES, Http
from ci_stat.connectors.jenkins.jobs import Failed, JobTree, Unreachable, source_errors
from ci_stat.connectors.jenkins.log import LIMIT, JenkinsLog
from ci_stat.connectors.jenkins.names import Segments, full_name, is_pattern, path_of, spellings
from ci_stat.errors import SourceError
from ci_stat.escape import visible
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

_MEANINGS = 10_000  # ambiguous names whose meaning is kept

SILENT = 5  # builds without any answer, each of which was asked for several times


class Jenkins:
    """A client for one Jenkins; several threads may use it.

    - `url`: the root, e.g. `https://ci.example/jenkins/`. A user and a token in it are taken out and never shown.
    - `user` and `token`: sent as Basic authentication. A token without a user is sent as Bearer, for a Jenkins
      behind a proxy that wants it so. Without both, the anonymous user's rights count.
    - `timeout`: seconds to connect, and between two pieces of an answer. `limit`: bytes read of one log.

    Raises SettingsError for an address that cannot be used. Nothing is asked yet.
    """

    def __init__(
        self,
        url: str,
        user: str | None = None,
        token: str | None = None,
        timeout: float = TIMEOUT,
        limit: int = LIMIT,
        tries: int = TRIES,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._http = Http(url, user, token, timeout, tries, sleep, jitter)
        self._limit = limit
        self._meanings: dict[str, Segments] = {}

    def __repr__(self) -> str:
        return f"<Jenkins {self.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections. It may be used again."""
        self._http.close()

    @property
    def name(self) -> str:
        """The address, without user and token."""
        return self._http.root

    # Logs

    @contextmanager
    def open_log(self, job: str, number: int, finished: bool = False) -> Iterator[JenkinsLog]:
        """The log of one build, as a stream. `finished`: it is known that the build has ended, and not asked again.

        Raises NoLog: MISSING, TOO_OLD, REFUSED, UNREADABLE or UNREACHABLE, before the first byte.
        """
        path = f"{path_of(self._segments(job))}/{_checked(number)}"
        try:
            # Asked first: a build that ends while its log is read would be taken for read whole.
            finished = finished or self._has_ended(path)
            log = JenkinsLog(self._http, path, finished, self._limit)
            log.start()
        except NoAnswer as trouble:
            if trouble.status not in (404, 410):
                raise
            raise self._why_missing(job, number) from None
        try:
            yield log
        finally:
            log.close()

    def _has_ended(self, path: str) -> bool:
        """A matrix build may show a result while it still runs: `building` decides."""
        building = self._http.json(path, "building,result").get("building")
        if not isinstance(building, bool):
            raise NoAnswer(
                LogState.UNREADABLE, f"{self.name}{path} does not say whether the build still runs."
            )
        return not building

    def _why_missing(self, job: str, number: int) -> NoLog:
        name = visible(job, 200)
        try:
            found = self._http.json(
                path_of(self._segments(job)), "firstBuild[number],nextBuildNumber"
            )
        except NoAnswer as trouble:
            if trouble.status in (404, 410):
                return NoLog(
                    LogState.MISSING, f"{self.name} has no job {name}, or we may not see it."
                )
            return trouble
        first, following = _number_in(found.get("firstBuild")), found.get("nextBuildNumber")
        if first is not None and number < first:
            return NoLog(
                LogState.TOO_OLD,
                f"{self.name} has discarded {name} #{number}: it keeps #{first} and later.",
            )
        if first is None and is_number(following) and number < following:
            return NoLog(LogState.TOO_OLD, f"{self.name} has discarded all builds of {name}.")
        return NoLog(LogState.MISSING, f"{self.name} has no log of {name} #{number}.")

    # Names

    def full_name(self, job: str) -> str:
        """The name as Jenkins has it: `a%2Fb` becomes `a/b` where that is the job. Raises SourceError."""
        with source_errors():
            return full_name(self._segments(job))

    def _segments(self, job: str) -> Segments:
        """Raises NoLog: REFUSED for what is no name, and where Jenkins had to be asked what it tells us."""
        meanings = spellings(job)
        if len(meanings) == 1:
            return meanings[0]
        known = self._meanings.get(job)
        if known is None:
            known = next((each for each in meanings if self._is_there(each)), meanings[0])
            if len(self._meanings) < _MEANINGS:
                self._meanings[job] = known
        return known

    def _is_there(self, segments: Segments) -> bool:
        try:
            self._http.json(path_of(segments), "name")
        except NoAnswer as trouble:
            if trouble.status in (404, 410):
                return False
            raise
        return True

    def find_jobs(self, wanted: Sequence[str], failed: Failed) -> Iterator[str]:
        """Full names of the jobs that `wanted` names, exactly or as patterns, each once; all jobs for none.

        `failed` is told of a name that is none, a pattern that matches nothing, and a folder that cannot be looked
        into; the others go on. Raises Unreachable.
        """
        seen: set[str] = set()
        patterns = [text for text in wanted if is_pattern(text)] if wanted else ["**"]
        for text in wanted:
            if not is_pattern(text):
                yield from _fresh(self._exact(text, failed), seen)
        if patterns:
            yield from _fresh(map(full_name, JobTree(self._http).matching(patterns, failed)), seen)

    def _exact(self, text: str, failed: Failed) -> Iterator[str]:
        try:
            yield self.full_name(text)
        except Unreachable:
            raise
        except SourceError as trouble:
            failed(text, trouble)

    # Builds

    def page(self, job: str, start: int, end: int, parameters: bool = False) -> Page:
        """The builds of a job from the `start`th newest on, up to but without the `end`th. Raises SourceError."""
        fields = FIELDS_WITH_PARAMETERS if parameters else FIELDS
        tree = f"firstBuild[number],allBuilds[{fields}]{{{start},{end}}}"
        with source_errors():
            found = self._http.json(path_of(self._segments(job)), tree)
        return page_of(found, f"{self.name}: {visible(job, 200)}")

    def build(self, job: str, number: int) -> Build | None:
        """One build with its parameters; None where it is gone. Raises SourceError."""
        try:
            with source_errors():
                found = self._http.json(
                    f"{path_of(self._segments(job))}/{_checked(number)}", FIELDS_WITH_PARAMETERS
                )
        except SourceError as error:
            if isinstance(error.__cause__, NoAnswer) and error.__cause__.status in (404, 410):
                return None
            raise
        return build_of(found, f"{self.name}: {visible(job, 200)}")


def _fresh(names: Iterator[str], seen: set[str]) -> Iterator[str]:
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name


def _checked(number: int) -> int:
    """Raises NoLog (REFUSED) for what cannot be a build number."""
    if not is_number(number):
        raise NoLog(LogState.REFUSED, f"{visible(repr(number), 60)} is no number of a build.")
    return number


def _number_in(value: Any) -> int | None:
    number = value.get("number") if isinstance(value, dict) else None
    return number if is_number(number) else None


class JenkinsPlace:
    """A Jenkins as a place of logs (`no_log.LogPlace`).

    After `SILENT` builds in a row without any answer it is not asked any more: each would cost all tries and waits.
    """

    def __init__(self, client: Jenkins) -> None:
        self.name = client.name
        self._client = client
        self._silent = (
            0  # builds in a row; several threads may count it, and one more or less does not matter
        )

    @contextmanager
    def open(self, job: str, number: int) -> Iterator[JenkinsLog]:
        """The log of one build. Raises NoLog."""
        if self._silent >= SILENT:
            raise NoLog(
                LogState.UNREACHABLE,
                f"{self.name} did not answer {SILENT} times in a row: not asked any more",
            )
        with ExitStack() as stack:
            try:
                log = stack.enter_context(self._client.open_log(job, number))
            except NoLog as problem:
                self._silent = self._silent + 1 if problem.state == LogState.UNREACHABLE else 0
                raise
            self._silent = 0
            yield log

"""A Jenkins server: its jobs, their builds and their logs (docs/jenkins.md)."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from ci_stat.connectors.jenkins.address import RequestFailed
from ci_stat.connectors.jenkins.builds import (
    FIELDS,
    FIELDS_WITH_PARAMETERS,
    Build,
    OddBuild,
    Page,
    build_of,
    is_number,
    page_of,
)
from ci_stat.connectors.jenkins.client import TIMEOUT, TRIES, JenkinsClient
from ci_stat.connectors.jenkins.jobs import Failed, JobTree, Unreachable, source_errors
from ci_stat.connectors.jenkins.log import LIMIT, JenkinsLog
from ci_stat.connectors.jenkins.names import Segments, full_name, is_pattern, path_of, spellings
from ci_stat.errors import SourceError
from ci_stat.escape import visible
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

_MEANINGS = 10_000  # ambiguous names whose meaning is remembered

SILENT = 5  # builds without a response in a row, each after several attempts


class Jenkins:
    """A client for one Jenkins; several threads may use it.

    - `url`: the root, e.g. `https://ci.example/jenkins/`. A user and a token in it are removed and
      never shown.
    - `user` and `token`: sent as Basic authentication. A token without a user is sent as Bearer,
      for a proxy before Jenkins that requires it. Without both, requests are anonymous.
    - `timeout`: seconds to connect, and for each read. `limit`: bytes read of one log.

    Raises SettingsError for an invalid address. Nothing is connected yet.
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
        self._http = JenkinsClient(url, user, token, timeout, tries, sleep, jitter)
        self._limit = limit
        self._meanings: dict[str, Segments] = {}

    def __repr__(self) -> str:
        return f"<Jenkins {self.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections. The client may be used again."""
        self._http.close()

    @property
    def name(self) -> str:
        """The address, without user and token."""
        return self._http.root

    # Logs

    def as_place(self) -> "JenkinsPlace":
        """This Jenkins as a place of build logs."""
        return JenkinsPlace(self)

    @contextmanager
    def open_log(self, job: str, number: int, finished: bool = False) -> Iterator[JenkinsLog]:
        """The log of one build, as a stream.

        `finished`: the build is known to have ended, so Jenkins is not asked.

        Raises NoLog: MISSING, TOO_OLD, REFUSED, UNREADABLE or UNREACHABLE, before the first byte.
        """
        path = f"{path_of(self._segments(job))}/{_checked(number)}"
        try:
            # Before the log: if the build ends meanwhile, its log may still be incomplete.
            finished = finished or self._has_ended(path)
            log = JenkinsLog(self._http, path, finished, self._limit)
            log.start()
        except RequestFailed as error:
            if error.status not in (404, 410):
                raise
            raise self._why_missing(job, number) from None
        try:
            yield log
        finally:
            log.close()

    def _has_ended(self, path: str) -> bool:
        """`building` decides: a matrix build may have a result while it is running."""
        building = self._http.json(path, "building,result").get("building")
        if not isinstance(building, bool):
            raise RequestFailed(
                LogState.UNREADABLE, f"{self.name}{path} does not say whether the build is running."
            )
        return not building

    def _why_missing(self, job: str, number: int) -> NoLog:
        name = visible(job, 200)
        try:
            numbers = self._http.json(
                path_of(self._segments(job)), "firstBuild[number],nextBuildNumber"
            )
        except RequestFailed as error:
            if error.status in (404, 410):
                return NoLog(
                    LogState.MISSING, f"{self.name} has no job {name}, or it is not visible to us."
                )
            return error
        first, upcoming = _number_in(numbers.get("firstBuild")), numbers.get("nextBuildNumber")
        if first is not None and number < first:
            return NoLog(
                LogState.TOO_OLD,
                f"{self.name} has discarded {name} #{number}: it keeps #{first} and later.",
            )
        if first is None and is_number(upcoming) and number < upcoming:
            return NoLog(LogState.TOO_OLD, f"{self.name} has discarded all builds of {name}.")
        return NoLog(LogState.MISSING, f"{self.name} has no log of {name} #{number}.")

    # Names

    def full_name(self, job: str) -> str:
        """The name in Jenkins: `a%2Fb` becomes `a/b` if that is the job. Raises SourceError."""
        with source_errors():
            return full_name(self._segments(job))

    def _segments(self, job: str) -> Segments:
        """Raises NoLog: REFUSED for an invalid name, any other state if Jenkins had to be asked
        and failed.
        """
        meanings = spellings(job)
        if len(meanings) == 1:
            return meanings[0]
        known = self._meanings.get(job)
        if known is None:
            known = next((meaning for meaning in meanings if self._exists(meaning)), meanings[0])
            if len(self._meanings) < _MEANINGS:
                self._meanings[job] = known
        return known

    def _exists(self, segments: Segments) -> bool:
        try:
            self._http.json(path_of(segments), "name")
        except RequestFailed as error:
            if error.status in (404, 410):
                return False
            raise
        return True

    def find_jobs(self, wanted: Sequence[str], failed: Failed) -> Iterator[str]:
        """Full names of the jobs that `wanted` lists by name or pattern, each once; all jobs if it
        is empty.

        `failed` is called for an invalid name, a pattern without a match, and a folder that cannot
        be read; the others go on. Raises Unreachable.
        """
        seen: set[str] = set()
        patterns = [text for text in wanted if is_pattern(text)] if wanted else ["**"]
        for text in wanted:
            if not is_pattern(text):
                yield from _fresh(self._exact(text, failed), seen)
        if patterns:
            yield from _fresh(
                map(full_name, JobTree(self._http, self.answers).matching(patterns, failed)), seen
            )

    def _exact(self, text: str, failed: Failed) -> Iterator[str]:
        try:
            yield self.full_name(text)
        except Unreachable as error:
            if not self.answers():
                raise
            failed(text, error)
        except SourceError as error:
            failed(text, error)

    # Builds

    def page(self, job: str, start: int, end: int, parameters: bool = False) -> Page:
        """The builds of a job from the `start`th newest up to, not including, the `end`th.

        Raises SourceError.
        """
        fields = FIELDS_WITH_PARAMETERS if parameters else FIELDS
        tree = f"firstBuild[number],allBuilds[{fields}]{{{start},{end}}}"
        with source_errors():
            value = self._http.json(path_of(self._segments(job)), tree)
        return page_of(value, f"{self.name}: {visible(job, 200)}")

    def build(self, job: str, number: int) -> Build | OddBuild | None:
        """One build with its parameters; None if it does not exist. Raises SourceError."""
        try:
            with source_errors():
                value = self._http.json(
                    f"{path_of(self._segments(job))}/{_checked(number)}", FIELDS_WITH_PARAMETERS
                )
        except SourceError as error:
            if isinstance(error.__cause__, RequestFailed) and error.__cause__.status in (404, 410):
                return None
            raise
        return build_of(value)

    def answers(self) -> bool:
        """Whether the server answers at all: a job without an answer may be broken itself."""
        try:
            self._http.json("", "jobs[name]{0,1}")
        except RequestFailed as error:
            return error.state != LogState.UNREACHABLE
        return True


def _fresh(names: Iterator[str], seen: set[str]) -> Iterator[str]:
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name


def _checked(number: int) -> int:
    """Raises NoLog (REFUSED) for what cannot be a build number."""
    if not is_number(number):
        raise NoLog(LogState.REFUSED, f"{visible(repr(number), 60)} is not the number of a build.")
    return number


def _number_in(value: Any) -> int | None:
    number = value.get("number") if isinstance(value, dict) else None
    return number if is_number(number) else None


class JenkinsPlace:
    """A Jenkins as a place of build logs (`records.log_place.LogPlace`).

    After `SILENT` builds in a row without a response it is not asked any more: each would cost all
    attempts and waits.
    """

    def __init__(self, client: Jenkins) -> None:
        self.name = client.name
        self._client = client
        # Builds in a row. Several threads count; one more or less does not matter.
        self._silent = 0

    @contextmanager
    def open(self, job: str, number: int) -> Iterator[JenkinsLog]:
        """The log of one build. Raises NoLog."""
        if self._silent >= SILENT:
            raise NoLog(
                LogState.UNREACHABLE,
                f"{self.name} did not respond {SILENT} times in a row; giving up",
            )
        with ExitStack() as stack:
            try:
                log = stack.enter_context(self._client.open_log(job, number))
            except NoLog as error:
                self._silent = self._silent + 1 if error.state == LogState.UNREACHABLE else 0
                raise
            self._silent = 0
            yield log

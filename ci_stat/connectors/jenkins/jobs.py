"""The jobs of a Jenkins, in folders and multibranch projects: listed only in folders where a
pattern can match.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ci_stat.connectors.jenkins.client import JenkinsClient
from ci_stat.connectors.jenkins.names import Segments, below, full_name, matches, path_of, step
from ci_stat.errors import SourceError
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

MAX_DEPTH = 10  # folders within folders

Failed = Callable[[str, SourceError], None]


class Unreachable(SourceError):
    """The server is unreachable after all attempts: requests for other jobs would fail, too."""


@contextmanager
def source_errors() -> Iterator[None]:
    """Turn a failed request of the block into SourceError or Unreachable."""
    try:
        yield
    except NoLog as error:
        kind = Unreachable if error.state == LogState.UNREACHABLE else SourceError
        hint = (
            "Check jenkins_url, that Jenkins runs, and the network." if kind is Unreachable else ""
        )
        raise kind(error.detail, hint) from error


class JobTree:
    """The jobs below the root.

    `failed` is called with (name, error) for a folder that cannot be read; others go on.

    Raises Unreachable if the server answers nobody.
    """

    def __init__(self, http: JenkinsClient, answers: Callable[[], bool]) -> None:
        """`answers`: whether the server answers other requests."""
        self._http, self._answers = http, answers

    def matching(self, patterns: list[str], failed: Failed) -> Iterator[Segments]:
        """The jobs that match any of the patterns.

        `failed` is called for patterns that match none.
        """
        unmatched = patterns
        for path in self._walk((), {tuple(text.split("/")) for text in patterns}, failed):
            unmatched = [text for text in unmatched if not matches(text, path)]
            yield path
        for text in unmatched:
            failed(
                text,
                SourceError(
                    "No job matches, or it is not visible to us.",
                    "Check jenkins_user and the pattern.",
                ),
            )

    def _walk(
        self, folder: Segments, patterns: set[Segments], failed: Failed
    ) -> Iterator[Segments]:
        """The jobs below a folder, listing only folders in which a pattern can still match."""
        try:
            items = self._items(folder)
        except SourceError as error:
            if isinstance(error, Unreachable) and not (folder and self._answers()):
                raise
            failed(full_name(folder) or "all jobs", error)
            return
        for name, is_folder in items:
            left = step(patterns, name)
            try:
                path = below(folder, name)
            except NoLog as error:
                failed(name, SourceError(error.detail))
                continue
            if not is_folder and () in left:
                yield path
            deeper = left - {()}
            if is_folder and deeper and len(path) > MAX_DEPTH:
                failed(
                    full_name(path),
                    SourceError(f"Skipped: nested more than {MAX_DEPTH} folders deep."),
                )
            elif is_folder and deeper:
                yield from self._walk(path, deeper, failed)

    def _items(self, folder: Segments) -> list[tuple[str, bool]]:
        """(name, whether it is a folder or a multibranch project). Raises SourceError."""
        with source_errors():
            # Only folders have a field `jobs`; one job is enough to know.
            items = self._http.json(path_of(folder), "jobs[name,jobs[name]{0,1}]").get("jobs")
        if not isinstance(items, list):
            raise SourceError(
                f"{self._http.root}{path_of(folder)} does not list jobs.",
                "Is jenkins_url the root of a Jenkins?",
            )
        return [
            (item["name"], "jobs" in item)
            for item in items
            if isinstance(item, dict) and isinstance(item.get("name"), str)
        ]

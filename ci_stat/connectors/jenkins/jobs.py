"""The jobs of a Jenkins, in folders and multibranch projects: listed only where a pattern can match."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ci_stat.connectors.jenkins.client import Http
from ci_stat.connectors.jenkins.names import Segments, below, full_name, matches, path_of, step
from ci_stat.errors import SourceError
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

MAX_DEPTH = 10  # folders within folders

Failed = Callable[[str, SourceError], None]


class Unreachable(SourceError):
    """Nobody answers, after all tries: another job will fare no better."""


@contextmanager
def source_errors() -> Iterator[None]:
    """What went wrong with a request, as SourceError or Unreachable."""
    try:
        yield
    except NoLog as trouble:
        kind = Unreachable if trouble.state == LogState.UNREACHABLE else SourceError
        hint = (
            "Check jenkins_url, that Jenkins runs, and the network." if kind is Unreachable else ""
        )
        raise kind(trouble.detail, hint) from trouble


class JobTree:
    """What lies below the root. `failed` is told of (name, error) of what cannot be looked into; the others go on.

    Raises Unreachable.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def matching(self, patterns: list[str], failed: Failed) -> Iterator[Segments]:
        """The jobs that any of the patterns matches; `failed` is told of patterns that match none."""
        unmatched = patterns
        for path in self._walk((), {tuple(text.split("/")) for text in patterns}, failed):
            unmatched = [text for text in unmatched if not matches(text, path)]
            yield path
        for text in unmatched:
            failed(
                text,
                SourceError(
                    "No job matches, or we may not see it.", "Check jenkins_user and the pattern."
                ),
            )

    def _walk(
        self, folder: Segments, patterns: set[Segments], failed: Failed
    ) -> Iterator[Segments]:
        """The jobs below a folder; only folders in which a pattern can still match are looked into."""
        try:
            items = self._items(folder)
        except Unreachable:
            raise
        except SourceError as trouble:
            failed(full_name(folder) or "all jobs", trouble)
            return
        for name, is_folder in items:
            left = step(patterns, name)
            try:
                path = below(folder, name)
            except NoLog as trouble:
                failed(name, SourceError(trouble.detail))
                continue
            if not is_folder and () in left:
                yield path
            deeper = left - {()}
            if is_folder and deeper and len(path) > MAX_DEPTH:
                failed(
                    full_name(path),
                    SourceError(f"It lies deeper than {MAX_DEPTH} folders: not looked into."),
                )
            elif is_folder and deeper:
                yield from self._walk(path, deeper, failed)

    def _items(self, folder: Segments) -> list[tuple[str, bool]]:
        """(name, whether it is a folder or a multibranch project). Raises SourceError."""
        with source_errors():
            # Only what holds jobs has a field `jobs`; one of them is enough to know.
            found = self._http.json(path_of(folder), "jobs[name,jobs[name]{0,1}]").get("jobs")
        if not isinstance(found, list):
            raise SourceError(
                f"{self._http.root}{path_of(folder)} lists no jobs.",
                "Is jenkins_url the root of a Jenkins?",
            )
        return [
            (item["name"], "jobs" in item)
            for item in found
            if isinstance(item, dict) and isinstance(item.get("name"), str)
        ]

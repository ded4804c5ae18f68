"""Values of an aggregation: entries of a matrix with their tests, and what is missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ci_stat.test_results.labels_text import label_pairs
from ci_stat.test_results.model import Counts, FileReport
from ci_stat.test_results.running.collected import Collected, TestRecord, counts_of_records

NO_CATEGORY = "(none)"


@dataclass(slots=True)
class Entry:
    """An entry of the matrix. `repeated`: tests that several of its files contain.

    `problems`: why its results are not whole, besides files that are not.
    """

    name: str
    labels: Mapping[str, str]
    tests: Collected = field(default_factory=Collected)
    files: list[FileReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    repeated: int = 0

    @property
    def counts(self) -> Counts:
        return self.tests.counts

    @property
    def is_whole(self) -> bool:
        has_all = all(file.is_whole for file in self.files) and not self.problems
        return has_all and len(self.tests) > 0


@dataclass(frozen=True, slots=True)
class Missing:
    """An expected entry without results. `reason`: if it is more than that."""

    labels: Mapping[str, str]
    reason: str = ""

    @property
    def name(self) -> str:
        return label_words(self.labels)


@dataclass(frozen=True)
class Summary:
    """All entries, sorted by name.

    - `expected`: how many entries were to come; None if nobody said.
    - `unexpected`: names of entries that were not expected.
    - `left_out`: files that are no results, and copies of others.
    """

    entries: tuple[Entry, ...]
    missing: tuple[Missing, ...] = ()
    expected: int | None = None
    unexpected: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @cached_property
    def counts(self) -> Counts:
        return counts_of_records(record for _, record in self.records())

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """Why the results are not whole, without missing entries."""
        return tuple(problem for entry in self.entries for problem in problems_of(entry))

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.problems and self.counts.tests > 0

    def records(self) -> Iterator[tuple[Entry, TestRecord]]:
        """Yield each test with its entry."""
        for entry in self.entries:
            for record in entry.tests:
                yield entry, record

    @cached_property
    def categories(self) -> dict[str, Counts]:
        """Counts by category, sorted. A test of two categories counts in both."""
        by_category: dict[str, list[TestRecord]] = {}
        for entry, record in self.records():
            for category in categories_of(entry, record):
                by_category.setdefault(category, []).append(record)
        return {name: counts_of_records(by_category[name]) for name in sorted(by_category)}


_MARKERS = {"marker", "markers", "mark", "marks", "tag", "tags", "category", "categories"}
_CATEGORY_LABELS = ("category", "type", "scenario")


def categories_of(entry: Entry, record: TestRecord) -> list[str]:
    """The categories of a test: its markers in the result file, else a label of its entry."""
    texts = [value for key, value in record.case.properties if key.lower() in _MARKERS]
    markers = {word.removeprefix("@") for word in " ".join(texts).replace(",", " ").split()}
    if markers:
        return sorted(markers)
    named = [entry.labels[key] for key in _CATEGORY_LABELS if key in entry.labels]
    return named[:1] or [NO_CATEGORY]


def problems_of(entry: Entry) -> Iterator[str]:
    """Why an entry is not whole."""
    for file in entry.files:
        if not file.is_whole:
            yield f"{file.name}: {file.state}: {file.detail}"
    for problem in entry.problems:
        yield f"{entry.name}: {problem}"


def label_words(labels: Mapping[str, str]) -> str:
    """Labels for people, sorted: `db=tidb, spark=3.5.7`."""
    return label_pairs(labels)

"""Writes the result files of the demo, and imports them into its results database."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ci_stat.cli.work.demo_story import TestFacts
from ci_stat.context import Context, real_time
from ci_stat.demo import junit_text
from ci_stat.records import RunRow
from ci_stat.records.run_info import RunInfo
from ci_stat.store.embedded import generating
from ci_stat.store.results.read import ResultsReader
from ci_stat.test_results.flakiness.service import find_flaky
from ci_stat.test_results.gates.policy import STRICT
from ci_stat.test_results.gates.service import StoredGate
from ci_stat.test_results.inputs import Input

FOLDER = "results"
_FILE = "junit.xml"


class ResultFiles:
    """The result files below `folder`, and the results database that they are imported into."""

    def __init__(self, context: Context, folder: Path, seed: int) -> None:
        self._service = context.test_results(has_history=False)
        self._engine = context.results_setup.local
        self._zone = context.settings.ci_data.zone
        self._folder = folder / FOLDER
        self._seed = seed
        self.count = 0

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep the database open while files are added."""
        with generating(self._engine):
            yield

    def add(self, rows: Iterable[RunRow]) -> None:
        """Write and import the result files of these runs. Raises DatabaseError."""
        for row in rows:
            text = junit_text(row, self._seed)
            if text is not None:
                file = self._write(row, text)
                self._import(row, text, file)
                self.count += 1

    def _write(self, row: RunRow, text: bytes) -> Path:
        target = self._folder / row.job / str(row.job_id)
        target.mkdir(parents=True, exist_ok=True)
        file = target / _FILE
        file.write_bytes(text)
        return file

    def _import(self, row: RunRow, text: bytes, file: Path) -> None:
        input = Input(str(file), lambda: iter((text,)), is_named=True)
        self._service.import_files([input], run_of(row, self._zone))


def run_of(row: RunRow, zone: ZoneInfo) -> RunInfo:
    """The run as the environment of its job describes it."""
    pull = _pull_number(row)
    return RunInfo(
        job=row.job,
        number=row.job_id,
        repo=row.repo or "",
        commit=row.commit or "",
        branch=f"pull/{pull}" if pull else row.branch or "",
        pull=pull,
        trigger="pull_request" if pull else "schedule",
        started=row.time.replace(tzinfo=zone) if row.time else None,
    )


def _pull_number(row: RunRow) -> int | None:
    description = row.description
    number = description.get("ghprbPullId") if isinstance(description, dict) else None
    return int(number) if number else None


def test_facts(context: Context, begin: datetime, end: datetime, files: int) -> TestFacts:
    """What the story says about the result files. `begin`, `end`: naive, in the demo's zone."""
    zone = context.settings.ci_data.zone
    flakiness = find_flaky(context.results, begin.replace(tzinfo=zone), end.replace(tzinfo=zone))
    newest = ResultsReader(context.results).runs()[0].info
    gate = StoredGate(context.results, STRICT)
    verdict = gate.judge_run(newest.job, newest.number, {}, real_time())
    return TestFacts(files, flakiness.all_tests, len(flakiness.proven), newest.job, verdict)

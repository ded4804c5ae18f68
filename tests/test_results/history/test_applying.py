"""Segments arrive in any order: a file that was cut never stays beside the whole one."""

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

from ci_stat.records.case_results import ReadState
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results.read import ResultsReader
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.write import ResultsWriter
from ci_stat.test_results.history.applying import apply
from ci_stat.test_results.history.segment import VERSION, Segment, SegmentFile

NOW = datetime(2026, 11, 30, tzinfo=UTC)
RUN = RunInfo("unit", 7, started=NOW)


def segment(digest: str, state: ReadState, tests: int) -> Segment:
    places = list(range(tests))
    file = SegmentFile(
        digest, "r.xml", "JUnit XML", state, "", places, [0] * tests, [0] * tests,
        [None] * tests, [""], [],
    )  # fmt: skip
    cases = [("s", "C", f"t{place}", "", "") for place in places]
    return Segment(VERSION, RUN.key, RUN, cases, [file])


def test_a_cut_file_never_stays_beside_the_whole_one(tmp_path: Path) -> None:
    segments = [segment("1" * 64, ReadState.CUT, 1), segment("2" * 64, ReadState.COMPLETE, 3)]
    for number, order in enumerate(permutations(segments)):
        engine = open_engine(f"sqlite:///{tmp_path}/{number}.sqlite")
        prepare_results(engine)
        writer = ResultsWriter(engine, lambda: NOW)
        for one in (*order, *order):
            apply(writer, one)

        reader = ResultsReader(engine)
        (run,) = reader.runs()
        assert [file.state for file in reader.files(run.id)] == ["complete"]
        assert len(list(reader.attempts(run.id))) == 3

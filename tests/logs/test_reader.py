"""Many logs at once: each is read once, none is lost, and a log that kills its reader is alone."""

import logging
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_stat.failures import ScanOptions
from ci_stat.failures.rules import builtin, parse
from ci_stat.logs import reader as log_reader
from ci_stat.logs.folder import FolderPlace
from ci_stat.logs.reader import FEW, LogReader, needs_log
from ci_stat.logs.workers import KILLED, LogOptions, read_log
from ci_stat.records import Extraction, LogState, Origin, Run
from ci_stat.records.log_place import LogPlace
from ci_stat.store.engine import open_engine
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.setup import prepare_state
from tests.conftest import SHANGHAI
from tests.support.logs import (
    Broken,
    Interrupted,
    Watched,
    answer,
    go_test,
    opened,
    opening,
    python,
    write_log,
)

Made = Callable[..., LogReader]


def run(number: int, status: str = "FAILURE", job: str = "unit") -> Run:
    nothing = (None,) * 6
    return Run(job, number, status, *nothing, 0, None, None, None, (), Origin(SHANGHAI))


def home(tmp_path: Path, count: int) -> list[Run]:
    """Write `count` builds with logs, each with a case of its own."""
    (tmp_path / "opened").mkdir(exist_ok=True)
    for number in range(1, count + 1):
        write_log(tmp_path / "home", "unit", number, go_test(f"Test{number}"))
    return [run(number) for number in range(1, count + 1)]


@pytest.fixture
def reader(tmp_path: Path) -> Made:
    def make(
        kind: type[Watched] = Watched, state: ExtractionStore | None = None, rules: str = ""
    ) -> LogReader:
        scan = ScanOptions((*parse(rules, "rules.toml"), *builtin())) if rules else ScanOptions()
        places = (kind(tmp_path / "home", tmp_path / "opened"),)
        return LogReader(places, LogOptions(scan), opening(state))

    return make


@pytest.fixture
def state(tmp_path: Path) -> ExtractionStore:
    return ExtractionStore(open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}"), "ci")


@pytest.mark.parametrize("count", [0, 1, FEW - 1, FEW, 40])
def test_every_log_is_answered(tmp_path: Path, reader: Made, count: int) -> None:
    runs = home(tmp_path, count)
    extractions = reader().read(runs)
    assert {
        key: [failure.name for failure in extraction.failures]
        for key, extraction in extractions.items()
    } == {("unit", n): [f"Test{n}"] for n in range(1, count + 1)}
    assert all(
        extraction.state is LogState.READ and extraction.lines > 4 and extraction.bytes > 50
        for extraction in extractions.values()
    )


def test_only_runs_that_failed_and_each_once(tmp_path: Path, reader: Made) -> None:
    home(tmp_path, 4)
    runs = [run(1), run(1), run(2, "SUCCESS"), run(3, "ABORTED"), run(4, "UNSTABLE")]
    assert [run.job_id for run in runs if needs_log(run)] == [1, 1, 4]
    assert sorted(reader().read(runs)) == [("unit", 1), ("unit", 4)]
    assert [number for _, number, _ in opened(tmp_path / "opened")] == [1, 4]


def test_a_second_time_no_log_is_opened(
    tmp_path: Path, reader: Made, state: ExtractionStore
) -> None:
    runs = home(tmp_path, 20)
    (tmp_path / "home/jobs/unit/builds/20/log").unlink()
    first = reader(state=state).read(runs)
    assert len(opened(tmp_path / "opened")) == 20
    assert reader(state=state).read(runs) == first
    # A missing log may exist now.
    assert [number for _, number, _ in opened(tmp_path / "opened")][20:] == [20]


def test_other_rules_read_anew(tmp_path: Path, reader: Made, state: ExtractionStore) -> None:
    runs = home(tmp_path, 3)
    rule = (
        '[[rule]]\nname = "mine"\nkind = "env"\nanchors = ["make: ***"]\n'
        'pattern = "^make: (?P<name>.*)$"\n'
    )
    assert reader(state=state).read(runs)["unit", 1].failures[0].rule != "mine"
    again = reader(state=state, rules=rule).read(runs)
    assert "mine" in {failure.rule for failure in again["unit", 1].failures}
    assert len(opened(tmp_path / "opened")) == 6
    assert reader(state=state, rules=rule).read(runs) == again
    assert len(opened(tmp_path / "opened")) == 6


def test_other_places_are_asked_for_what_the_first_had_no_more(
    tmp_path: Path, state: ExtractionStore
) -> None:
    home(tmp_path, 3)
    write_log(tmp_path / "new", "unit", 9, go_test("TestNew"))
    places = [(Watched(tmp_path / name, tmp_path / "opened"),) for name in ("new", "home")]
    first = LogReader(places[0], LogOptions(), opening(state), "new").read([run(2), run(9)])
    assert [extraction.state for extraction in first.values()] == [LogState.TOO_OLD, LogState.READ]
    assert LogReader(places[0], LogOptions(), opening(state), "new").read([run(2), run(9)]) == first
    then = LogReader(places[1], LogOptions(), opening(state), "home").read([run(2), run(9)])
    assert {key: extraction.state for key, extraction in then.items()} == {
        ("unit", 2): "read",
        ("unit", 9): "read",
    }
    assert [number for _, number, _ in opened(tmp_path / "opened")] == [2, 9, 2]


@pytest.mark.parametrize("count", [4, 12])
def test_a_fault_of_ours_costs_one_log(tmp_path: Path, reader: Made, count: int) -> None:
    extractions = reader(Broken).read(home(tmp_path, count))
    states = [extractions["unit", n].state for n in range(1, count + 1)]
    assert states == [LogState.UNREADABLE if n == 3 else LogState.READ for n in range(1, count + 1)]
    assert extractions["unit", 3].detail == "ZeroDivisionError: oh"


def test_no_job_name_raises(tmp_path: Path) -> None:
    places: list[LogPlace] = [Watched(tmp_path, tmp_path)]
    for job in ("../x", "a\ud800"):
        assert read_log(places, LogOptions(), (job, 1)).state != LogState.READ


def test_progress_counts_every_log(tmp_path: Path, reader: Made, state: ExtractionStore) -> None:
    runs, calls = home(tmp_path, 20), []
    reader(state=state).read(runs[:5])

    def begin(total: int) -> Callable[[int], None]:
        calls.append(total)
        return calls.append

    reader(state=state).read(runs, begin)
    assert calls == [15, *[1] * 15]
    reader(state=state).read(runs, begin)
    assert len(calls) == 16


def test_how_many_logs_were_read_is_logged(
    tmp_path: Path, reader: Made, state: ExtractionStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ci_stat")
    reader(state=state).read(home(tmp_path, 3))
    assert "3 logs read in" in caplog.text


# A state that cannot be used


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_broken_state_is_a_warning(
    tmp_path: Path,
    reader: Made,
    state: ExtractionStore,
    caplog: pytest.LogCaptureFixture,
    content: bytes,
) -> None:
    (tmp_path / "state.sqlite").write_bytes(content)
    runs = home(tmp_path, 12)
    assert len(reader(state=state).read(runs)) == 12
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "state.sqlite" in caplog.text
    assert (tmp_path / "state.sqlite").read_bytes() == content


def test_a_server_that_is_not_there_is_asked_once(
    tmp_path: Path, reader: Made, caplog: pytest.LogCaptureFixture
) -> None:
    dead = ExtractionStore(open_engine("mysql+pymysql://u:secret@127.0.0.1:1/x"), "ci")
    assert len(reader(state=dead).read(home(tmp_path, 3))) == 3
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text


def test_a_state_of_a_newer_version_is_not_written(
    tmp_path: Path, reader: Made, state: ExtractionStore, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy import text

    prepare_state(state.engine)
    engine = open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("update ci_stat_state set version = 99"))
    assert len(reader(state=state).read(home(tmp_path, 3))) == 3
    assert "version 99" in caplog.text
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from log_extractions")).scalar() == 0


def test_a_state_that_dies_midway_costs_nothing_but_memory(
    tmp_path: Path,
    reader: Made,
    state: ExtractionStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ci_stat.logs.reader.KEEP_AFTER", -1.0)
    runs = home(tmp_path, 3)

    def spoil(total: int) -> Callable[[int], None]:
        (tmp_path / "state.sqlite").write_bytes(b"spoiled" * 1000)
        return print

    assert len(reader(state=state).read(runs, spoil)) == 3
    assert "Cannot store the results of logs" in caplog.text


# Interrupted


@pytest.mark.parametrize("after", [-1.0, 3.0])
def test_ctrl_c_keeps_what_was_found(
    tmp_path: Path,
    reader: Made,
    state: ExtractionStore,
    monkeypatch: pytest.MonkeyPatch,
    after: float,
) -> None:
    monkeypatch.setattr("ci_stat.logs.reader.KEEP_AFTER", after)
    runs = home(tmp_path, FEW - 1)
    with pytest.raises(KeyboardInterrupt):
        reader(Interrupted, state).read(runs)
    prepare_state(state.engine)
    assert sorted(state.stored([("unit", n) for n in range(9)], LogOptions().rule_set)) == [
        ("unit", n) for n in range(1, 5)
    ]
    assert len(reader(state=state).read(runs)) == FEW - 1
    assert [number for _, number, _ in opened(tmp_path / "opened")] == [1, 2, 3, 4, 5, 5, 6, 7]


def _wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "it never happens"
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


_STUCK = """
    log_reader.KEEP_AFTER = -1
    reader(Stuck).read(runs)
"""


@pytest.mark.chaos
@pytest.mark.transaction
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_a_process_killed_midway_leaves_nobody_behind_and_loses_little(
    tmp_path: Path, reader: Made, state: ExtractionStore, signal_number: signal.Signals
) -> None:
    """A terminal sends SIGINT to the whole group: the workers end silently."""
    runs = home(tmp_path, 40)
    process = python(_STUCK, tmp_path, 40, start_new_session=True)

    def stuck() -> set[int]:
        return {pid for _, number, pid in opened(tmp_path / "opened") if number >= 30}

    try:
        _wait_for(lambda: len(stuck()) == 3)
        readers = stuck()
        _wait_for(lambda: len(_kept(state)) >= 20)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    if signal_number == signal.SIGINT:
        os.killpg(process.pid, signal_number)
    else:
        process.kill()
    _, err = process.communicate(timeout=20)
    assert "ForkProcess" not in err
    assert err.count("Traceback") == (signal_number == signal.SIGINT)
    _wait_for(lambda: not any(map(_alive, readers)))
    kept = _kept(state)
    assert len(kept) >= 20
    before = len(opened(tmp_path / "opened"))
    assert len(reader(state=state).read(runs)) == 40
    assert len(opened(tmp_path / "opened")) - before == 40 - len(kept)


def _kept(state: ExtractionStore) -> dict[tuple[str, int], object]:
    prepare_state(state.engine)
    return dict(state.stored([("unit", n) for n in range(1, 41)], LogOptions().rule_set))


@pytest.mark.chaos
@pytest.mark.concurrent
def test_two_runs_at_once(tmp_path: Path, state: ExtractionStore) -> None:
    home(tmp_path, 40)
    code = """
        log_reader.KEEP_AFTER = -1
        extractions = reader().read(runs)
        print(sorted(
            (key, extraction.state.value, [f.name for f in extraction.failures])
            for key, extraction in extractions.items()
        ))
    """
    processes = [python(code, tmp_path, 40) for _ in range(2)]
    first, second = map(answer, processes)
    assert first == second
    assert first.count("'read'") == 40
    assert len(_kept(state)) == 40


# Processes and threads

_PIDS = """
    extractions = reader(state=False).read(runs)
    states = [extraction.state for extraction in extractions.values()]
    assert states == ["read"] * count, extractions
    print(os.getpid())
"""


def test_many_logs_are_read_by_several_processes(tmp_path: Path) -> None:
    home(tmp_path, 60)
    main = int(answer(python(_PIDS, tmp_path, 60)))
    readers = {pid for _, _, pid in opened(tmp_path / "opened")}
    assert main not in readers
    assert 2 <= len(readers) <= 3


def test_few_logs_are_read_at_once(tmp_path: Path) -> None:
    home(tmp_path, FEW - 1)
    main = int(answer(python(_PIDS, tmp_path, FEW - 1)))
    assert {pid for _, _, pid in opened(tmp_path / "opened")} == {main}


def test_a_process_with_threads_reads_in_threads(tmp_path: Path) -> None:
    """A fork could copy a lock that another thread holds, as in a notebook or a server."""
    home(tmp_path, 40)
    start = "done = threading.Event()\nthreading.Thread(target=done.wait).start()"
    code = f"{start}\ntry:\n{_PIDS}\nfinally:\n    done.set()"
    main = int(answer(python(code, tmp_path, 40)))
    assert {pid for _, _, pid in opened(tmp_path / "opened")} == {main}


@pytest.mark.parametrize("count", [12, 300])
def test_a_log_that_kills_its_reader_harms_no_other(tmp_path: Path, count: int) -> None:
    home(tmp_path, count)
    code = """
        extractions = reader(Deadly).read(runs)
        lost = sorted(
            number
            for (_, number), extraction in extractions.items()
            if extraction.state == "unreadable"
        )
        names = {f.name for extraction in extractions.values() for f in extraction.failures}
        print(len(extractions), lost, len(names), extractions["unit", 7].detail)
    """
    assert answer(python(code, tmp_path, count)) == (
        f"{count} [3, 7, 11] {count - 3} the process that read the log was killed (out of memory?)"
    )


def test_readers_that_die_while_logs_are_handed_out(tmp_path: Path) -> None:
    """The broken pool refuses further logs; they are read all the same."""
    home(tmp_path, 60)
    code = """
        submit = log_reader.ProcessPoolExecutor.submit
        def late(self, read, key):
            future = submit(self, read, key)
            if key[1] == 20 and self._max_workers > 1 and not late.done:
                late.done = True
                for process in self._processes.values():
                    os.kill(process.pid, signal.SIGKILL)
                try:
                    while True:
                        threading.Event().wait(0.01)
                        submit(self, os.getpid)
                except log_reader.BrokenProcessPool:
                    pass
            return future
        late.done = False
        log_reader.ProcessPoolExecutor.submit = late
        extractions = reader().read(runs)
        print(len(extractions), {str(extraction.state) for extraction in extractions.values()})
    """
    assert answer(python(code, tmp_path, 60)) == "60 {'read'}"


def test_a_log_file_that_kills_its_reader_harms_no_other(tmp_path: Path) -> None:
    """`ci-stat explain` with many files: results in the given order, one with a reason."""
    for number in range(12):
        (tmp_path / f"{number}.log").write_text(go_test(f"Test{number}"))
    code = """
        from ci_stat.logs import workers
        original, main = workers.diagnose_file, os.getpid()
        def deadly(name, options):
            if name.endswith("/5.log") and os.getpid() != main:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(name, options)
        workers.diagnose_file = deadly
        names = [str(folder / f"{number}.log") for number in range(12)]
        for name, diagnosis in workers.diagnose_files(names, LogOptions(), 3):
            extraction = diagnosis.extraction
            print(Path(name).stem, *[f.name for f in extraction.failures], extraction.detail)
    """
    lines = [line.strip() for line in answer(python(code, tmp_path, 0)).splitlines()]
    assert lines == [f"{n} Test{n}" if n != 5 else f"5 {KILLED}" for n in range(12)]


def test_what_older_rules_found_is_not_lost_with_the_log(
    tmp_path: Path, state: ExtractionStore
) -> None:
    runs = home(tmp_path, 3)[:1]
    places = (FolderPlace(tmp_path / "home"),)
    first = LogReader(places, LogOptions(), opening(state)).read(runs)["unit", 1]
    shutil.rmtree(tmp_path / "home" / "jobs" / "unit" / "builds" / "1")
    newer = LogReader(places, LogOptions(ScanOptions(builtin()[1:])), opening(state))
    for _ in range(2):
        extraction = newer.read(runs)["unit", 1]
        assert extraction.failures == first.failures
        assert "too old now" in extraction.detail
    assert LogReader(places, LogOptions(), opening(state)).read(runs)["unit", 1] == first


def test_what_a_broken_pool_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CPython 3.11 never completes work that is submitted while a pool breaks."""
    from concurrent.futures import Future, ProcessPoolExecutor

    class Lost(ProcessPoolExecutor):
        def submit(self, *_: Any, **__: Any) -> Any:
            return Future()

    monkeypatch.setattr(log_reader, "PULSE", 0.05)
    with Lost(1) as pool:
        assert (
            list(log_reader._pool_results(pool, lambda _: Extraction(LogState.READ), [("unit", 1)]))
            == []
        )

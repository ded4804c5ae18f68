"""`ci-stat flaky`: what passed and failed on one commit, told apart from machines and outages."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.records import CaseFailure, Extraction, FailureKind, LogState, RunRow
from ci_stat.rendering.terminal.screen import show
from ci_stat.result.flakiness import Flakiness, LostRuns
from ci_stat.runs.database import Source
from ci_stat.runs.flaky.service import FlakyFinder
from ci_stat.runs.flaky.tables import flaky_table
from ci_stat.statistics.repeats import Repeats, count_repeats
from ci_stat.store.engine import open_engine
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.setup import prepare_state
from tests.conftest import Fill, day
from tests.support import hostile
from tests.support.command import Call
from tests.support.rows import BEGIN, history

DAY = ["--begin", "2021-06-19", "--end", "2021-06-20"]


def drawn(letters: str, failures: Any = None, **more: Any) -> list[RunRow]:
    """`history`, whose failed runs have these failures."""
    rows = history(letters, **more)
    for run in rows:
        if run.status == "FAILURE":
            run.analysis_res = {"case": ["S.Flaky"]} if failures is None else failures
    return rows


def found(source: Source, state: ExtractionStore | None = None) -> Flakiness:
    return FlakyFinder(source, state).find(day())


def test_both_outcomes_on_one_commit_are_flaky(source: Source, fill: Fill) -> None:
    fill(drawn("F P | F F | P P | A F | P"))
    flakiness = found(source)
    assert flakiness.commits == Repeats(keys=5, repeated=3, mixed=1, failures=1, tries=8)
    (case,) = flakiness.cases
    assert (case.name, case.commits, case.of, case.runs, case.prs) == ("S.Flaky", 1, 5, 1, 1)
    assert (case.newest.number, case.jobs) == (1, ("unit",))
    assert (case.interval.low, case.interval.high) == pytest.approx((0.0362, 0.6245), abs=1e-4)
    assert flakiness.lost == LostRuns(cases=1)


def test_other_jobs_repositories_and_commits_prove_nothing(source: Source, fill: Fill) -> None:
    other = drawn("P", first=20)
    other[0].repo = "o/other"
    fill([*drawn("F"), *other, *drawn("P", job="check", first=30), *drawn("| P", first=40)])
    flakiness = found(source)
    assert (flakiness.commits.mixed, flakiness.is_unknown, flakiness.cases) == (0, True, ())


def test_runs_without_a_commit_are_counted_and_prove_nothing(source: Source, fill: Fill) -> None:
    fill([*drawn("F P F P", job="nightly", pr=None), *drawn("F P", first=20)])
    flakiness = found(source)
    assert flakiness.without_commit == 4
    assert flakiness.jobs_without_commits == ("nightly",)
    assert [job.name for job in flakiness.jobs] == ["unit"]


def test_nightly_runs_with_a_commit_count(source: Source, fill: Fill) -> None:
    rows = drawn("F P", job="nightly", pr=None)
    for run in rows:
        run.commit = "abc"
    fill(rows)
    (case,) = found(source).cases
    assert (case.commits, case.prs) == (1, 0)


def test_machines_are_told_apart(source: Source, fill: Fill) -> None:
    fill(
        [
            *drawn("F P", {"env": ["no space left on device"]}),
            *drawn("F P", {"env": ["timeout"], "case": ["S.Both"]}, pr=8, first=20),
            *drawn("F P", {}, pr=9, first=40),
        ]
    )
    flakiness = found(source)
    assert flakiness.lost == LostRuns(cases=1, machines=1, unknown=1)
    assert {case.name for case in flakiness.machines} == {"no space left on device", "timeout"}
    assert [case.name for case in flakiness.cases] == ["S.Both"]


def test_an_outage_is_no_flaky_test(source: Source, fill: Fill) -> None:
    rows = []
    for pr in range(1, 8):
        # Seven pull requests within an hour, and one alone, hours later.
        late = timedelta(hours=9 if pr == 7 else 0)
        for run in drawn("F P", {"case": ["S.Down"]}, pr=pr, first=10 * pr):
            assert run.time is not None
            run.commit, run.time = f"c{pr}", run.time + late
            rows.append(run)
    fill(rows)
    flakiness = found(source)
    assert flakiness.lost == LostRuns(cases=1, outages=6)
    (case,) = flakiness.cases
    assert (case.commits, case.in_outages, case.newest.number) == (1, 6, 70)


def test_failures_are_those_of_logs_that_were_read(
    source: Source, fill: Fill, tmp_path: Path
) -> None:
    rows = drawn("F P")
    fill(rows)
    state = ExtractionStore(open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}"), "ci")
    prepare_state(state.engine)
    cases = tuple(CaseFailure(FailureKind.CASE.value, name) for name in ("S.Flaky", "S.Second"))
    extraction = Extraction(LogState.READ, cases, 10, 100)
    state.keep({(rows[0].job, rows[0].job_id): extraction}, "rules")
    flakiness = found(source, state)
    assert [case.name for case in flakiness.cases] == ["S.Flaky", "S.Second"]
    assert flakiness.logs == 1


def test_tries_of_any_key_are_counted_alike() -> None:
    """Test cases count as runs do: by (case, environment, commit)."""
    tries = [("a", True), ("a", False), ("b", True), ("b", True), ("c", False), ("a", False)]
    repeats, mixed = count_repeats(tries)
    assert (repeats, mixed) == (Repeats(3, 2, 1, 2, 6), {"a"})
    assert Repeats.of_key(0, 0) == Repeats()
    assert Repeats().share is None


# The command


@pytest.fixture
def database(engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("CI_STAT_URL", url)
    return engine


def test_the_table_and_json_of_the_command(database: Engine, fill: Fill, call: Call) -> None:
    name = "S.Fl\x1b[31maky"
    fill(
        [
            *drawn("F P | F F | P", {"case": [name]}),
            *drawn("F P", {"env": ["timeout"]}, job="check", first=20),
            *drawn("F P", job="nightly", pr=None, first=40),
        ]
    )
    shown = call("flaky", *DAY)
    assert (shown.code, shown.err) == (0, "")
    assert not hostile.raw(shown.out)
    assert "passed and failed on one commit twice, of 4 pairs of job and commit" in shown.out
    assert "2 failed runs there: 1 of tests, builds and checks, 1 of machines" in shown.out
    assert "2 runs without a commit prove nothing either; nightly has no other runs" in shown.out
    data = json.loads(call("flaky", *DAY, "--json", "--limit", "1").out)
    assert (data["jobs"]["total"], data["jobs"]["shown"], len(data["jobs"]["rows"])) == (2, 1, 1)
    (case,) = data["cases"]["rows"]
    assert (case["name"], case["flaky"], case["commits"]) == (name, 1, 3)
    assert case["newest_run"] == {
        "job": "unit",
        "number": 1,
        "build": "1",
        "time": (BEGIN + timedelta(minutes=1)).isoformat() + "+08:00",
    }
    assert data["runs_without_commit"] == 2


@pytest.mark.parametrize("rows", [[], history("F | P"), history("F P F", pr=None)])
def test_without_repeated_runs_it_cannot_tell(
    database: Engine, fill: Fill, call: Call, rows: list[RunRow]
) -> None:
    fill(rows)
    answer = call("flaky", *DAY)
    assert answer.code == 12
    assert "flakiness is unknown" in answer.out
    assert "Use a longer window" in answer.err
    assert json.loads(call("flaky", *DAY, "--json").out)["commits"]["flaky"] == 0


def test_runs_that_always_agree_are_an_answer(database: Engine, fill: Fill, call: Call) -> None:
    fill(history("P P | F F"))
    answer = call("flaky", *DAY)
    assert answer.code == 0
    assert "A job ran again on a commit twice, always with the same outcome" in answer.out


# The table


def _shown(flakiness: Flakiness, width: int | None) -> str:
    out = io.StringIO()
    show(flaky_table(flakiness, 5), out, color=False, width=width)
    return out.getvalue()


def test_names_are_never_cut(source: Source, fill: Fill) -> None:
    machine = "fatal: unable to access 'https://g.example/': Could not resolve host: g.example"
    case = f"{'package/' * 24}Suite.TestName"
    fill(drawn("F P", {"env": [machine]}) + drawn("F P", {"case": [case]}, first=20, pr=8))
    for width in (80, 120, None):
        text = _shown(found(source), width)
        assert "…" not in text
        assert text.count("package/") == 24
        assert "Suite.TestName" in text
        assert "".join(machine.split()) in "".join(text.split())


@pytest.mark.parametrize("width", [100, 120, 160, 200, None])
def test_jobs_are_never_cut(source: Source, fill: Fill, width: int | None) -> None:
    job = "tidb_ghpr_integration_common_test_with_more_words"
    machine = f"Operation: [get]  for kind: [Pod]  with name: [{'x' * 80}]  failed"
    fill(drawn("F P", {"env": [machine]}, job=job) + drawn("F P", job=f"{job}_2", first=20, pr=8))
    assert "…" not in _shown(found(source), width)


def test_one_time_is_once(source: Source, fill: Fill) -> None:
    fill(drawn("F P"))
    assert "passed and failed on one commit once, of 1 pair" in _shown(found(source), None)


def test_the_share_stays_before_its_interval(source: Source, fill: Fill) -> None:
    fill(drawn("F P | F F | P", {"case": ["S." + "Long" * 21]}))
    flakiness = found(source)
    for width in (80, 110, 114, 118, 122, 126, 130):
        lines = _shown(flakiness, width).splitlines()
        heads = [line for line in lines if " 95 % " in line or " flaky " in line]
        assert heads
        assert all(" share" in head for head in heads)

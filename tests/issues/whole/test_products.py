"""Kinds of failures x states of the tracker x faults, in short golden files and by properties.

The goldens show decisions and writes in order, without reads; those of `test_transcripts.py` show
the texts. `make test` tries a drawn part of each product, `make test-full` all of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.drawn import FULL, drawn, full
from tests.support.filing import Saved, World
from tests.support.filing.cells import FilerRun, answer_line, run_filer, tracker, write_line
from tests.support.filing.scenarios import (
    FAULTS,
    KINDS,
    LOST_ANSWERS,
    MORE_FAULTS,
    PLAIN,
    STATES,
    FaultScenario,
    Kind,
    State,
    place,
)
from tests.support.golden import Golden

KIND_NAMES, STATE_NAMES = [kind.name for kind in KINDS], [state.name for state in STATES]


@dataclass
class Cell:
    """A morning that can be repeated.

    - `calm`: the undisturbed run. `before`, `expected`: the tracker before and after it.
    - `applicable`: the faults that would change an answer in that run.
    """

    it: World
    saved: Saved
    calm: FilerRun
    before: dict[tuple[str, int], Any]
    expected: dict[tuple[str, int], Any]
    applicable: list[FaultScenario]


@contextmanager
def cell(kind: Kind, state: State, faults: Sequence[FaultScenario] = ()) -> Iterator[Cell]:
    with place(read_once=True) as it:
        for do in state.before(kind):
            do(it)
        saved, before = it.save(), tracker(it)
        calm = run_filer(it)
        applicable = [fault for fault in faults if fault.applies_to(it)]
        yield Cell(it, saved, calm, before, tracker(it), applicable)
        check_tracker(it)


def check_tracker(it: World) -> None:
    """Check what holds after any run."""
    assert it.github.findings == []
    assert it.duplicates() == []
    assert it.github.created_labels == []


def again(it: World) -> FilerRun:
    """Run two minutes later, without faults."""
    it.github.faults.waiting.clear()
    it.later(minutes=2)
    return run_filer(it, None)


def nothing_more(it: World, expected: object) -> FilerRun:
    """Check that one more run writes nothing, and that no call is unsettled."""
    last = again(it)
    assert (last.code, [write_line(call) for call in last.writes]) == (0, [])
    assert tracker(it) == expected
    assert it.tracker().issues.unsettled() == []
    return last


# --- kinds x tracker


def indented(*lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines)


def written(calm: FilerRun, digest: bool = False) -> str:
    return indented(*calm.plan, *(write_line(call, digest) for call in calm.writes))


def of_kind(kind: Kind, state: State) -> str:
    if kind.name in state.lacks:
        return indented(f"(left out: {state.lacks[kind.name]})")
    with cell(kind, state) as morning:
        assert morning.calm.code == 0
        nothing_more(morning.it, morning.expected)
        return written(morning.calm, digest=True)


BY_KIND = "filing_kinds_by_tracker.txt"


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_each_sort_of_failure_meets_all_that_a_tracker_may_hold(kind: Kind, golden: Golden) -> None:
    states = drawn(STATES, 4, kind.name, whole=FULL or golden.update)
    blocks = [f"{state.name}\n{of_kind(kind, state)}" for state in states]
    if len(states) == len(STATES):
        golden.check_part(BY_KIND, kind.name, "\n".join(blocks), KIND_NAMES)
    else:
        expected = golden.blocks(BY_KIND, kind.name)
        assert list(expected) == STATE_NAMES
        assert blocks == [f"{expected[state.name]}\n" for state in states]


# --- tracker x faults


def disturbed(morning: Cell, fault: FaultScenario) -> list[FilerRun]:
    """The run with the fault, and two more.

    Nothing is lost or written twice, and the third run finds nothing to do.
    """
    it = morning.it
    it.restore(morning.saved)
    it.github.fault(*fault.faults)
    first = run_filer(it)
    assert first.met_fault
    check_first(morning, first)
    second = again(it)
    assert second.code == 0
    check_tracker(it)
    return [first, second, nothing_more(it, morning.expected)]


def check_first(morning: Cell, first: FilerRun) -> None:
    """Check what the exit code promises."""
    check_tracker(morning.it)
    assert first.code in (0, 7, 8, 10)
    if first.code == 0:
        assert tracker(morning.it) == morning.expected
    if first.code in (7, 10):
        assert first.writes == []
        assert tracker(morning.it) == morning.before


def lines_of(when: str, run: FilerRun) -> list[str]:
    writes = [f"    {write_line(call)} {answer_line(call)}" for call in run.writes]
    return [f"{when} exit {run.code}, {'; '.join(run.outcome)}", *writes]


def of_fault(morning: Cell, fault: FaultScenario) -> str:
    first, second, third = disturbed(morning, fault)
    last = f"then:  exit {third.code}, {'wrote' if third.writes else 'nothing is written'}"
    return (
        f"{fault.name}\n{indented(*lines_of('first:', first), *lines_of('later:', second), last)}"
    )


BY_FAULT = "filing_faults_by_tracker.txt"
NO_FAULT = "no fault"


Pairs = frozenset[tuple[str, str]]


@pytest.fixture(scope="module")
def tried() -> Pairs:
    """Names of states and faults: of the states with each fault one in six, at least one."""
    golden = Golden(update=False)
    blocks = {name: golden.blocks(BY_FAULT, name) for name in STATE_NAMES}
    pairs: set[tuple[str, str]] = set()
    for fault in (*FAULTS, *LOST_ANSWERS):
        states = [name for name in STATE_NAMES if fault.name in blocks[name]]
        pairs |= {(name, fault.name) for name in drawn(states, 6, fault.name)}
    return frozenset(pairs)


@pytest.mark.parametrize("state", STATES, ids=STATE_NAMES)
def test_each_fault_meets_all_that_a_tracker_may_hold(
    state: State, golden: Golden, tried: Pairs
) -> None:
    with cell(PLAIN, state, [*FAULTS, *LOST_ANSWERS]) as morning:
        calm = f"{NO_FAULT}\n{written(morning.calm)}"
        if FULL or golden.update:
            text = "\n".join([calm, *(of_fault(morning, fault) for fault in morning.applicable)])
            golden.check_part(BY_FAULT, state.name, text, STATE_NAMES)
            return
        expected = golden.blocks(BY_FAULT, state.name)
        assert list(expected) == [NO_FAULT, *(fault.name for fault in morning.applicable)]
        assert calm == f"{expected[NO_FAULT]}\n"
        for fault in morning.applicable:
            if (state.name, fault.name) in tried:
                assert of_fault(morning, fault) == f"{expected[fault.name]}\n"


def test_every_fault_and_every_state_is_drawn(tried: Pairs) -> None:
    assert {fault for _, fault in tried} == {fault.name for fault in (*FAULTS, *LOST_ANSWERS)}
    by_kind = {state.name for kind in KINDS for state in drawn(STATES, 4, kind.name)}
    assert {name for name, _ in tried} | by_kind == set(STATE_NAMES)


# --- kinds x tracker x faults


def problems_of(morning: Cell, fault: FaultScenario) -> list[str]:
    """The property that does not hold with this fault."""
    try:
        disturbed(morning, fault)
    except Exception as error:
        return [f"{fault.name}: {error!r}"]
    return []


@pytest.mark.timeout(3_000)
@full
@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_each_sort_of_failure_meets_each_fault(
    kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    cells, problems = 0, []
    states = [state for state in STATES if kind.name not in state.lacks]
    for state in states:
        with cell(kind, state, [*FAULTS, *LOST_ANSWERS, *MORE_FAULTS]) as morning:
            cells += len(morning.applicable)
            for fault in morning.applicable:
                problems += [f"{state.name} x {text}" for text in problems_of(morning, fault)]
    with capsys.disabled():
        print(f"\n{kind.name}: {cells} cells, {len(problems)} problems")
    assert problems == []

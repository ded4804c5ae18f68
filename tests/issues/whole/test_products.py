"""Kinds of failures x what the tracker holds x faults, in short golden files and by laws.

The texts stand in the files of `test_transcripts.py`; here it is what is decided, and what is written, in which order.
Readings are left out. `make test` tries a drawn part of each product, and `make test-full` the whole.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.drawn import FULL, drawn, full
from tests.support.filing import Saved, World
from tests.support.filing.cells import Ran, answer_line, ran, tracker, write_line
from tests.support.filing.scenarios import (
    KINDS,
    LOST,
    PLAIN,
    STATES,
    TROUBLES,
    WIDE,
    Kind,
    State,
    Trouble,
    place,
)
from tests.support.golden import Golden

KIND_NAMES, STATE_NAMES = [kind.name for kind in KINDS], [state.name for state in STATES]


@dataclass
class Cell:
    """A morning that can be had again.

    `calm`: what an undisturbed run did on it; `before`, `wanted`: what the tracker held before and after that run.
    `can_strike`: the troubles that would strike one of its calls.
    """

    it: World
    saved: Saved
    calm: Ran
    before: dict[tuple[str, int], Any]
    wanted: dict[tuple[str, int], Any]
    can_strike: list[Trouble]


@contextmanager
def cell(kind: Kind, state: State, troubles: Sequence[Trouble] = ()) -> Iterator[Cell]:
    with place(read_once=True) as it:
        for do in state.before(kind):
            do(it)
        saved, before = it.save(), tracker(it)
        calm = ran(it)
        can_strike = [each for each in troubles if each.strikes(it)]
        yield Cell(it, saved, calm, before, tracker(it), can_strike)
        check_tracker(it)


def check_tracker(it: World) -> None:
    """What holds after any run."""
    assert it.github.findings == []
    assert it.doubles() == []
    assert it.github.created_labels == []


def again(it: World) -> Ran:
    """Two minutes later, without faults."""
    it.github.faults.waiting.clear()
    it.later(minutes=2)
    return ran(it, None)


def nothing_more(it: World, wanted: object) -> Ran:
    """One more run does nothing; what is meant to be there is there, and nothing is open in our own state."""
    last = again(it)
    assert (last.code, [write_line(call) for call in last.writes]) == (0, [])
    assert tracker(it) == wanted
    assert it.tracker().issues.unsettled() == []
    return last


# --- kinds x tracker


def indented(*lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines)


def written(calm: Ran, digest: bool = False) -> str:
    return indented(*calm.plan, *(write_line(call, digest) for call in calm.writes))


def of_kind(kind: Kind, state: State) -> str:
    if kind.name in state.lacks:
        return indented(f"(left out: {state.lacks[kind.name]})")
    with cell(kind, state) as found:
        assert found.calm.code == 0
        nothing_more(found.it, found.wanted)
        return written(found.calm, digest=True)


BY_KIND = "filing_kinds_by_tracker.txt"


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_each_sort_of_failure_meets_all_that_a_tracker_may_hold(kind: Kind, golden: Golden) -> None:
    states = drawn(STATES, 3, kind.name, whole=FULL or golden.update)
    blocks = [f"{state.name}\n{of_kind(kind, state)}" for state in states]
    if len(states) == len(STATES):
        golden.check_part(BY_KIND, kind.name, "\n".join(blocks), KIND_NAMES)
    else:
        expected = golden.blocks(BY_KIND, kind.name)
        assert list(expected) == STATE_NAMES
        assert blocks == [f"{expected[state.name]}\n" for state in states]


# --- tracker x faults


def struck(found: Cell, trouble: Trouble) -> list[Ran]:
    """The run that it strikes, and two more: nothing is lost, nothing is there twice, and the third finds no work."""
    it = found.it
    it.restore(found.saved)
    it.github.fault(*trouble.faults)
    first = ran(it)
    assert first.struck
    check_first(found, first)
    second = again(it)
    assert second.code == 0
    check_tracker(it)
    return [first, second, nothing_more(it, found.wanted)]


def check_first(found: Cell, first: Ran) -> None:
    """An exit code holds what it promises."""
    check_tracker(found.it)
    assert first.code in (0, 7, 8, 10)
    if first.code == 0:
        assert tracker(found.it) == found.wanted
    if first.code in (7, 10):
        assert first.writes == []
        assert tracker(found.it) == found.before


def told(when: str, run: Ran) -> list[str]:
    writes = [f"    {write_line(call)} {answer_line(call)}" for call in run.writes]
    return [f"{when} exit {run.code}, {'; '.join(run.said)}", *writes]


def of_trouble(found: Cell, trouble: Trouble) -> str:
    first, second, third = struck(found, trouble)
    last = f"then:  exit {third.code}, {'wrote' if third.writes else 'nothing is written'}"
    return f"{trouble.name}\n{indented(*told('first:', first), *told('later:', second), last)}"


BY_FAULT = "filing_faults_by_tracker.txt"
NO_FAULT = "no fault"


Pairs = frozenset[tuple[str, str]]


@pytest.fixture(scope="module")
def tried() -> Pairs:
    """States and faults: of the states in which a fault strikes one of four, at least one."""
    golden = Golden(update=False)
    blocks = {name: golden.blocks(BY_FAULT, name) for name in STATE_NAMES}
    pairs: set[tuple[str, str]] = set()
    for fault in (*TROUBLES, *LOST):
        struck = [name for name in STATE_NAMES if fault.name in blocks[name]]
        pairs |= {(name, fault.name) for name in drawn(struck, 4, fault.name)}
    return frozenset(pairs)


@pytest.mark.parametrize("state", STATES, ids=STATE_NAMES)
def test_each_fault_meets_all_that_a_tracker_may_hold(
    state: State, golden: Golden, tried: Pairs
) -> None:
    with cell(PLAIN, state, [*TROUBLES, *LOST]) as found:
        calm = f"{NO_FAULT}\n{written(found.calm)}"
        if FULL or golden.update:
            text = "\n".join([calm, *(of_trouble(found, fault) for fault in found.can_strike)])
            golden.check_part(BY_FAULT, state.name, text, STATE_NAMES)
            return
        expected = golden.blocks(BY_FAULT, state.name)
        assert list(expected) == [NO_FAULT, *(fault.name for fault in found.can_strike)]
        assert calm == f"{expected[NO_FAULT]}\n"
        for fault in found.can_strike:
            if (state.name, fault.name) in tried:
                assert of_trouble(found, fault) == f"{expected[fault.name]}\n"


def test_every_fault_and_every_state_is_drawn(tried: Pairs) -> None:
    assert {fault for _, fault in tried} == {fault.name for fault in (*TROUBLES, *LOST)}
    by_kind = {state.name for kind in KINDS for state in drawn(STATES, 3, kind.name)}
    assert {name for name, _ in tried} | by_kind == set(STATE_NAMES)


# --- kinds x tracker x faults


def wrong(found: Cell, trouble: Trouble) -> list[str]:
    """What does not hold where it strikes."""
    try:
        struck(found, trouble)
    except Exception as error:
        return [f"{trouble.name}: {error!r}"]
    return []


@pytest.mark.timeout(3_000)
@full
@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_each_sort_of_failure_meets_each_fault(
    kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    cells, problems = 0, []
    for state in (each for each in STATES if kind.name not in each.lacks):
        with cell(kind, state, [*TROUBLES, *LOST, *WIDE]) as found:
            cells += len(found.can_strike)
            problems += [
                f"{state.name} x {each}"
                for trouble in found.can_strike
                for each in wrong(found, trouble)
            ]
    with capsys.disabled():
        print(f"\n{kind.name}: {cells} cells, {len(problems)} where something does not hold")
    assert problems == []

"""The outbox: one process makes a call; a kill neither repeats nor loses it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from ci_stat.store.state.calls import CREATING, Answer, Call, CallKind, CallState, LookUp, Request
from ci_stat.store.state.outbox import KEPT, LEASE, LostClaim, Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.stored_values import digest

INTENDED, CLAIMED, DONE, REFUSED, UNKNOWN = CallState
MINUTE = timedelta(minutes=1)
NOON = datetime(2021, 6, 19, 12, tzinfo=UTC)


@dataclass
class World:
    """Processes on hosts `a` and `b` that share an outbox, and their clock."""

    engine: Engine
    now: datetime = NOON
    living: set[str] = field(default_factory=set)
    pids: Iterator[int] = field(default_factory=lambda: count(1))

    def process(self, host: str = "a", target: str = "t", feature: str = "campaign") -> Outbox:
        """The outbox of a new process. Who is on another host is not seen to die."""
        owner = f"{host}:{next(self.pids)}:boot.7"
        self.living.add(owner)
        alive = lambda other: other in self.living or other.partition(":")[0] != host  # noqa: E731
        return Outbox(
            CallTable(self.engine, feature, target), owner, lambda: self.now, alive, LEASE
        )

    def dies(self, process: Outbox) -> None:
        self.living.discard(process._owner)

    def row(self, request: Request, target: str = "t") -> Call:
        call = CallTable(self.engine, "campaign", target).read(request.id)
        assert call is not None
        return call


@pytest.fixture
def world(empty_state: Engine) -> World:
    return World(empty_state)


def request(name: str, kind: str = CallKind.BRANCH, **more: str) -> Request:
    return Request(digest(name), f'[1,"{name}"]', kind, **more)  # type: ignore[arg-type]


BRANCH = request("branch probe-1")


def says(state: CallState, **more: object) -> LookUp:
    return lambda _call: Answer(state, **more)  # type: ignore[arg-type]


# One after the other


def test_from_intent_to_result(world: World) -> None:
    one, other = world.process(), world.process()
    assert one.intend(BRANCH)
    assert not other.intend(BRANCH)
    assert [call.state for call in other.unsettled()] == [INTENDED]

    world.now += MINUTE
    claim = other.claim(BRANCH)
    assert (claim.granted, claim.call.state, claim.call.attempt) == (True, CLAIMED, 1)
    assert not one.claim(BRANCH).granted

    assert other.finish(BRANCH.id, Answer(DONE, reference="refs/heads/probe-1", url="u", code=201))
    row = world.row(BRANCH)
    assert (row.state, row.reference, row.url, row.code) == (DONE, "refs/heads/probe-1", "u", 201)
    assert (row.started, row.called, row.identity) == (world.now, world.now, BRANCH.identity)
    assert one.unsettled() == []
    assert not one.claim(BRANCH, says(REFUSED)).granted
    assert not one.prepare(BRANCH, says(REFUSED)).granted


def test_what_waits_is_nobodys(world: World) -> None:
    """Whether its planner lives or not, and however long ago it was."""
    planner, far, near = world.process(), world.process("b"), world.process()
    for name, worker in (("1", near), ("2", far)):
        assert planner.intend(request(name))
        assert worker.claim(request(name)).granted
    planner.intend(BRANCH)
    world.dies(planner)
    world.now += 99 * LEASE
    assert near.current(world.row(BRANCH)).state is INTENDED
    assert near.claim(BRANCH).call.earlier is None


def test_a_refused_call_is_made_again_as_if_it_were_new(world: World) -> None:
    one = world.process()
    issue = request("issue 1", CallKind.ISSUE, payload='{"a":1}')
    one.claim(issue)
    one.finish(issue.id, Answer(REFUSED, code=422, reference="r", reason="no label"))
    world.now += MINUTE
    again = one.claim(request("issue 1", CallKind.ISSUE, payload='{"a":2}')).call
    assert (again.state, again.attempt, again.payload) == (CLAIMED, 2, '{"a":2}')
    assert (again.code, again.reason, again.reference, again.earlier) == (None, "", "", None)
    assert replace(again, token="") == replace(world.row(issue), token="")


@pytest.mark.parametrize("answer", [DONE, REFUSED, UNKNOWN])
@pytest.mark.parametrize("left", ["killed", "unknown"])
def test_it_is_looked_for_before_it_is_repeated(world: World, left: str, answer: CallState) -> None:
    one, other = world.process(), world.process()
    one.claim(BRANCH)
    if left == "killed":
        world.dies(one)
    else:
        one.finish(BRANCH.id, Answer(UNKNOWN, reason="no answer"))
    world.now += MINUTE
    claim = other.claim(BRANCH, says(answer, reference="r"))
    assert claim.granted == (answer is REFUSED)
    assert world.row(BRANCH).state is (CLAIMED if answer is REFUSED else answer)
    assert (world.row(BRANCH).reference == "r") == (answer is DONE)
    assert (claim.call.attempt, claim.call.started) == (
        (2, world.now) if answer is REFUSED else (1, NOON)
    )


def test_a_target_that_recognises_an_attempt_gets_the_same_again(world: World) -> None:
    one, other = world.process(), world.process()
    one.claim(BRANCH)
    world.dies(one)
    world.now += MINUTE
    claim = other.claim(BRANCH, says(UNKNOWN, repeatable=True))
    assert (claim.granted, claim.call.started, claim.call.called) == (True, NOON, NOON)


def test_without_a_look_it_is_not_repeated(world: World) -> None:
    one, other = world.process(), world.process()
    one.claim(BRANCH)
    world.dies(one)
    assert not other.claim(BRANCH).granted
    assert world.row(BRANCH).state is UNKNOWN
    assert "that was sending it has exited" in world.row(BRANCH).reason


def test_nobody_looks_while_the_owner_may_be_at_work(world: World) -> None:
    def must_not_look(_call: Call) -> Answer:
        raise AssertionError

    far, one = world.process("b"), world.process()
    far.claim(BRANCH)
    world.now += LEASE - MINUTE
    assert not one.claim(BRANCH, must_not_look).granted
    far.calling(BRANCH.id)  # which begins the lease anew
    world.now += LEASE - MINUTE
    assert not one.claim(BRANCH, must_not_look).granted
    world.now += MINUTE
    assert one.claim(BRANCH, says(REFUSED)).granted
    with pytest.raises(LostClaim):
        far.calling(BRANCH.id)
    assert not far.finish(BRANCH.id, Answer(DONE))


def test_another_changes_the_row_during_the_look(world: World) -> None:
    """What the look saw is nothing to go by then: it is looked again."""
    dead, one, other = (world.process() for _ in range(3))
    dead.claim(BRANCH)
    world.dies(dead)

    def slow(_call: Call) -> Answer:
        assert other.claim(BRANCH, says(REFUSED)).granted
        return Answer(REFUSED)

    assert not one.claim(BRANCH, slow).granted
    assert world.row(BRANCH).attempt == 2


def test_done_from_any_process_is_final(world: World) -> None:
    one, other = world.process(), world.process()
    one.claim(BRANCH)
    other.settle(BRANCH.id, Answer(REFUSED))
    other.claim(BRANCH)
    assert not one.settle(BRANCH.id, Answer(REFUSED))
    assert one.settle(BRANCH.id, Answer(DONE, reference="r"))
    assert not other.finish(BRANCH.id, Answer(REFUSED))
    assert world.row(BRANCH).state is DONE
    nonsense = request("2")
    one.claim(nonsense)
    with pytest.raises(ValueError, match="not the outcome of a call"):
        one.settle(nonsense.id, Answer(CLAIMED))


def test_what_has_a_number_is_done_with_its_number(world: World) -> None:
    one = world.process()
    pull = request("pull", CallKind.PULL_REQUEST)
    one.claim(pull)
    one.finish(pull.id, Answer(DONE))
    assert world.row(pull).state is UNKNOWN
    assert one.settle(pull.id, Answer(DONE, number=7))
    assert (world.row(pull).state, world.row(pull).number) == (DONE, 7)


def test_features_and_targets_stay_apart(world: World) -> None:
    outboxes = [
        world.process(),
        world.process(target="t2"),
        world.process(feature="issues"),
    ]
    assert [outbox.claim(BRANCH).granted for outbox in outboxes] == [True] * 3
    outboxes[0].finish(BRANCH.id, Answer(DONE))
    assert [len(outbox.unsettled()) for outbox in outboxes] == [0, 1, 1]
    world.now += 2 * KEPT
    assert outboxes[1].prune() == 0
    assert outboxes[0].prune() == 1


# What is forgotten


def test_prune(world: World) -> None:
    """Settled calls that are old; not what a later run needs to know for good, and not what is
    open.
    """
    one = world.process()
    for kind in CallKind:
        for end in (DONE, REFUSED, UNKNOWN):
            name = request(f"{kind} {end}", kind)
            one.claim(name)
            one.finish(name.id, Answer(end, number=1))
    one.claim(request("claimed", CallKind.COMMENT))
    one.intend(request("intended", CallKind.COMMENT))
    world.now += KEPT
    assert one.prune(keep=CREATING) == 0
    world.now += MINUTE
    young = request("young", CallKind.COMMENT)
    one.claim(young)
    one.finish(young.id, Answer(DONE))
    others = [kind for kind in CallKind if kind not in CREATING]
    assert one.prune(keep=CREATING) == 2 * len(others)
    assert one.prune(keep=CREATING) == 0
    assert {call.identity for call in one.table.select()} == {
        young.identity,
        '[1,"claimed"]',
        '[1,"intended"]',
        *(f'[1,"{kind} unknown"]' for kind in CallKind),
        *(f'[1,"{kind} {end}"]' for kind in CREATING for end in (DONE, REFUSED)),
    }
    assert one.prune() == 2 * len(CREATING)
    assert one.prune(timedelta(0) - MINUTE) == 1


# Any history


class Killed(Exception):
    """The process ends here."""


@dataclass
class Target:
    """A server that does what it is asked as often as it is asked, and can be looked at."""

    effects: int = 0

    def call(self) -> None:
        self.effects += 1

    def look(self, _call: Call) -> Answer:
        return Answer(DONE, reference="r") if self.effects else Answer(REFUSED, reason="not there")


@dataclass
class Worker:
    """A process that makes the call, one step after the other; it may be killed, or sleep, between
    any two.

    `answer`: what it heard from the server; None before the call.
    """

    outbox: Outbox
    claimed: bool = False
    answer: CallState | None = None


_PLANS = (
    ("intend",),
    ("claim",),
    ("claim", "call"),
    ("claim", "call", "finish"),
    ("claim", "call", "die"),
    ("claim", "call unheard", "finish"),
    ("claim", "call refused", "finish"),
    ("claim", "call refused", "die"),
    ("claim", "die"),
    ("claim to prepare", "die"),
    ("claim to prepare", "wait", "call", "finish"),
    ("claim to prepare", "release"),
    ("claim", "wait", "call"),
    ("claim late", "call", "finish"),
    ("claim", "die", "claim late", "call"),
    ("claim", "wait", "+claim", "+call", "call"),
    ("claim to prepare", "wait", "+claim", "call", "+call"),
    ("call",),
    ("finish",),
    ("settle",),
    ("die",),
    ("wait",),
)
# What one process does in a row; with a plus, the one next to it.
_turns = st.tuples(st.integers(0, 2), st.sampled_from(_PLANS))
_histories = st.lists(_turns, max_size=9).map(
    lambda turns: [
        ((who + name.startswith("+")) % 3, name.lstrip("+")) for who, plan in turns for name in plan
    ]
)


@dataclass
class History:
    world: World
    target_name: str
    target: Target = field(default_factory=Target)

    def __post_init__(self) -> None:
        self.workers = [self.new(who) for who in range(3)]

    def new(self, who: int) -> Worker:
        return Worker(self.world.process("aab"[who], self.target_name))

    def step(self, who: int, name: str) -> None:
        getattr(self, f"_{name.split()[0]}")(who, name)

    def _intend(self, who: int, _: str) -> None:
        self.workers[who].outbox.intend(BRANCH)

    def _wait(self, who: int, _: str) -> None:
        self.world.now += (4, 9, 16)[who] * MINUTE

    def _die(self, who: int, _: str) -> None:
        self.world.dies(self.workers[who].outbox)
        self.workers[who] = self.new(who)

    def _claim(self, who: int, how: str) -> None:
        worker = self.workers[who]
        if worker.claimed:
            return
        begin = worker.outbox.prepare if how == "claim to prepare" else worker.outbox.claim

        def look(call: Call) -> Answer:
            """What the target shows; another process takes a step before we hear it."""
            answer = self.target.look(call)
            if how == "claim late":
                self.step((who + 1) % 3, "claim")
                self.step((who + 1) % 3, "call")
            return answer

        worker.claimed, worker.answer = begin(BRANCH, look).granted, None

    def _release(self, who: int, _: str) -> None:
        worker = self.workers[who]
        if worker.claimed and worker.answer is None:
            worker.outbox.release(BRANCH.id)
            worker.claimed = worker.outbox.claim_for(BRANCH.id) is not None

    def _settle(self, who: int, _: str) -> None:
        """Calls whose process is gone: the others are still at it."""
        outbox = self.workers[who].outbox
        for call in outbox.unsettled():
            is_left = not outbox.is_in_progress(call, outbox.now()) and not call.waits
            if is_left:
                outbox.settle(call.id, self.target.look(call))

    def _finish(self, who: int, _: str) -> None:
        worker = self.workers[who]
        if worker.claimed and worker.answer is not None:
            worker.outbox.finish(BRANCH.id, Answer(worker.answer, reference="r"))
            worker.claimed, worker.answer = False, None

    def _call(self, who: int, how: str) -> None:
        worker = self.workers[who]
        if not worker.claimed or worker.answer is not None:
            return
        try:
            worker.outbox.calling(BRANCH.id)
        except LostClaim:
            worker.claimed = False
            return
        if how != "call refused":
            self.target.call()
        worker.answer = {"call": DONE, "call unheard": UNKNOWN, "call refused": REFUSED}[how]

    def check(self) -> None:
        assert self.target.effects <= 1
        calls = self.workers[0].outbox.table.select()
        for call in calls:
            stands = self.workers[0].outbox.current(call)
            assert stands.state is not DONE or self.target.effects == 1
            assert stands.state is not REFUSED or self.target.effects == 0

    def end(self) -> None:
        """All are gone, and a last process does what is left: it is done, once."""
        for who in range(3):
            self.step(who, "die")
        self.world.now += 2 * LEASE
        last = self.workers[0]
        self.step(0, "settle")
        self.step(0, "claim")
        assert last.claimed == (self.target.effects == 0)
        self.step(0, "call")
        self.step(0, "finish")
        assert self.target.effects == 1
        assert [call.state for call in last.outbox.table.select()] == [DONE]


_targets = count()


@settings(max_examples=2 * settings.default.max_examples)  # type: ignore[union-attr]
@given(_histories)
def test_in_no_history_a_call_takes_effect_twice_or_is_lost(
    world: World, steps: list[tuple[int, str]]
) -> None:
    world.now = NOON
    history = History(world, f"t{next(_targets)}")
    for who, name in steps:
        history.step(who, name)
        history.check()
    history.end()

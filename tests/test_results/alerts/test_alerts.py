"""Alerts: once for each change and recipient, whatever fails or is killed in between."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from ci_stat.records import DeliveryState, Outcome
from ci_stat.records.run_info import RunInfo
from ci_stat.rendering.as_text import as_text
from ci_stat.rendering.document import Document
from ci_stat.reports.recipients import Recipient, SendResult, Ticket
from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.setup import prepare_state
from ci_stat.test_results.alerts.gather import presents
from ci_stat.test_results.alerts.ledger import FEATURE, AlertLedger
from ci_stat.test_results.alerts.regressed import regressed
from ci_stat.test_results.alerts.service import Alerter
from ci_stat.test_results.inputs import Input
from ci_stat.test_results.service import TestResults
from tests.support.golden import Golden
from tests.support.published import Kill, Killed, Steps

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OUTCOMES = {"P": "", "F": '<failure message="got 17, want 18"/>', "S": "<skipped/>"}
SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN


@dataclass
class Chat:
    """A recipient. `outcomes`: of the next messages, SENT after them."""

    name: str = "chat"
    documents: list[Document] = field(default_factory=list)
    outcomes: list[DeliveryState] = field(default_factory=list)
    kill: Kill = field(default_factory=Kill)

    @property
    def recipient(self) -> Recipient:
        return Recipient(self.name, self._deliver)

    def _deliver(self, document: Document, ticket: Ticket) -> SendResult:
        self.kill.around(ticket.sending, "text")
        state = self.outcomes.pop(0) if self.outcomes else SENT
        if state is not FAILED:
            self.kill.around(self.documents.append, document)
        return SendResult(Outcome(state, "" if state is SENT else "why"), "text")

    @property
    def titles(self) -> list[str]:
        return [document.title for document in self.documents]


def _quick_engine(path: Path) -> Engine:
    """Without disk writes that nothing waits for."""
    engine = open_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    return engine


class World:
    """A results database whose runs are drawn, and our state."""

    def __init__(self, folder: Path) -> None:
        self.results = _quick_engine(folder / "results.sqlite")
        self.state = _quick_engine(folder / "state.sqlite")
        prepare_results(self.results)
        prepare_state(self.state)
        self.number = 0
        self.at: datetime | None = None  # of the next runs; by default two days ago

    def run(self, job: str = "unit", branch: str = "main", **cases: str) -> None:
        """One run: a letter of each case is its outcome, two letters are two attempts."""
        self.number += 1
        inside = "".join(
            f'<testcase classname="C" name="{name}">{OUTCOMES[letter]}</testcase>'
            for name, letters in cases.items()
            for letter in letters
        )
        content = f'<testsuite name="s">{inside}</testsuite>'.encode()
        info = RunInfo(
            job,
            self.number,
            commit=f"c{self.number}",
            branch=branch,
            started=self.at or NOW - timedelta(days=2) + timedelta(minutes=self.number),
        )
        file = Input("r.xml", lambda: iter([content]), True)
        TestResults(self.results, lambda: NOW).import_files([file], info)

    def alerter(self, kill: Kill | None = None) -> Alerter:
        table = CallTable(self.state, FEATURE, "t")
        outbox = Outbox(table, "host:1:a.1", lambda: NOW, lambda _: False)
        steps: Outbox = Steps(outbox, kill or Kill())  # type: ignore[assignment]
        return Alerter(AlertLedger(steps), lambda: NOW)

    def alert(self, *chats: Chat, force: bool = False, kill: Kill | None = None) -> list[str]:
        alerter = self.alerter(kill)
        known = self.alerter().known_keys([chat.name for chat in chats])
        worse = regressed(self.results, (), (), NOW)
        found = presents(self.results, (), (), NOW, known, None, worse)
        results = alerter.alert([chat.recipient for chat in chats], found, force)
        return [str(result.state) for result in results]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_each_change_is_told_once(world: World) -> None:
    chat = Chat()
    steps = [
        ({"a": "P", "b": "P"}, None),
        ({"a": "F", "b": "P"}, "1 test newly fails, 1 job turned red: unit on main"),
        ({"a": "F", "b": "P"}, None),  # still red: no news
        ({"a": "F", "b": "F"}, "1 test newly fails: unit on main"),
        ({"a": "P", "b": "F"}, "1 test recovered: unit on main"),
        ({"a": "P", "b": "P"}, "1 test recovered, 1 job green again: unit on main"),
        ({"a": "P", "b": "P"}, None),
    ]
    for cases, title in steps:
        world.run(**cases)
        before = len(chat.documents)
        assert world.alert(chat) == ["sent" if title else "nothing new"]
        assert world.alert(chat) == ["nothing new"]
        assert chat.titles[before:] == ([title] if title else [])


def test_the_first_alert_says_what_is_red_now_once_and_capped(world: World) -> None:
    for _ in range(3):
        world.run(**{f"t{number:02}": "F" for number in range(40)}, fine="P")
    chat = Chat()
    world.alert(chat)
    assert chat.titles == ["40 tests newly fail, 1 job turned red: unit on main"]
    assert "… and 30 more tests" in as_text(chat.documents[0])
    assert world.alert(chat) == ["nothing new"]


def test_a_test_that_did_not_run_has_not_recovered(world: World) -> None:
    chat = Chat()
    world.run(a="F", b="P")
    world.alert(chat)
    for cases in ({"b": "P"}, {"a": "S", "b": "P"}):
        world.run(**cases)
        world.alert(chat)
    assert all("recovered" not in title for title in chat.titles)
    world.run(a="P", b="P")
    world.alert(chat)
    assert "1 test recovered" in chat.titles[-1]


def test_flaky_tests_are_news_when_they_fail_four_times(world: World) -> None:
    chat = Chat()
    world.run(a="FP", b="P")
    world.alert(chat)
    for _ in range(3):
        world.run(a="F", b="P")
        assert world.alert(chat) == ["nothing new"]
    world.run(a="F", b="P")
    assert world.alert(chat) == ["sent"]


def test_each_recipient_has_its_own_news(world: World) -> None:
    first, second = Chat("first"), Chat("second")
    world.run(a="F")
    world.alert(first)
    world.run(a="F", b="F")
    assert world.alert(first, second) == ["sent", "sent"]
    assert first.titles[-1] == "1 test newly fails: unit on main"
    assert second.titles == ["2 tests newly fail, 1 job turned red: unit on main"]


def test_jobs_and_branches_are_told_together(world: World) -> None:
    world.run(job="unit", a="F")
    world.run(job="e2e", a="F")
    world.run(job="e2e", branch="feature", x="F")  # not a usual branch
    chat = Chat()
    world.alert(chat)
    assert chat.titles == ["2 tests newly fail, 2 jobs turned red"]


def test_news_of_a_failed_alert_is_in_the_next_one(world: World) -> None:
    chat = Chat(outcomes=[FAILED, FAILED])
    world.run(a="F", b="P")
    assert world.alert(chat) == ["failed"]
    assert world.alert(chat) == ["failed"]
    world.run(a="F", b="F")
    assert world.alert(chat) == ["sent"]
    assert chat.titles == ["2 tests newly fail, 1 job turned red: unit on main"]
    assert world.alert(chat) == ["nothing new"]


def test_an_uncertain_alert_is_repeated_only_with_the_next_change(world: World) -> None:
    chat = Chat(outcomes=[UNCERTAIN])
    world.run(a="F", b="P")
    assert world.alert(chat) == ["uncertain"]
    assert world.alert(chat) == ["uncertain"]
    assert len(chat.documents) == 1
    world.run(a="F", b="F")
    assert world.alert(chat) == ["sent"]
    assert "may not have arrived" in as_text(chat.documents[-1])
    assert chat.titles[-1] == "2 tests newly fail, 1 job turned red: unit on main"
    assert world.alert(chat) == ["nothing new"]


def test_an_uncertain_alert_is_repeated_by_force(world: World) -> None:
    chat = Chat(outcomes=[UNCERTAIN])
    world.run(a="F")
    world.alert(chat)
    assert world.alert(chat, force=True) == ["sent"]
    assert len(chat.documents) == 2


@pytest.mark.parametrize("after", [False, True])
def test_an_alert_can_be_killed_at_every_step(tmp_path: Path, after: bool) -> None:
    """Nothing is sent twice, and nothing is lost: it is sent, or said to be uncertain."""
    at = 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        world, kill = World(folder), Kill(at, after)
        world.run(a="F", b="P")
        chat = Chat(kill=kill)
        try:
            world.alert(chat, kill=kill)
        except Killed:
            chat.kill = Kill()
        else:
            break
        (state,) = world.alert(chat)
        assert state in ("sent", "nothing new", "uncertain")
        assert len(chat.documents) <= 1
        assert len(chat.documents) == 1 or state == "uncertain"
        world.run(a="F", b="F")
        world.alert(chat)
        told = " ".join(as_text(document) for document in chat.documents)
        assert "C :: a" in told
        assert "C :: b" in told
        assert world.alert(chat) == ["nothing new"]
    assert at > 5


def test_two_at_once_tell_it_once(world: World) -> None:
    """The second process looks before the first one sends, and claims after it."""
    world.run(a="F")
    chat = Chat()
    other = Chat()
    second: list[str] = []

    def deliver(document: Document, ticket: Ticket) -> SendResult:
        ticket.sending("text")
        second.extend(living.alert([other.recipient], found)[0].state for _ in range(1))
        return chat.recipient.deliver(document, _sent(ticket))

    def _sent(ticket: Ticket) -> Ticket:
        return Ticket(ticket.kind, ticket.name, ticket.attempt, ticket.now, lambda _: None)

    table = CallTable(world.state, FEATURE, "t")
    outboxes = [Outbox(table, f"host:{n}:a.1", lambda: NOW, lambda _: True) for n in range(2)]
    first, living = [Alerter(AlertLedger(outbox), lambda: NOW) for outbox in outboxes]
    found = presents(world.results, (), (), NOW)
    (result,) = first.alert([Recipient("chat", deliver)], found)
    assert (result.state, second) == ("sent", ["busy"])
    assert len(chat.documents) + len(other.documents) == 1


def test_a_regression_is_told_once(world: World) -> None:
    """A test fails in most runs, although it passes in the newest one."""
    chat = Chat()
    for number in range(60):
        world.at = NOW - timedelta(days=30) + timedelta(hours=number)
        world.run(a="P", b="P")
    world.alert(chat)
    for number in range(30):
        world.at = NOW - timedelta(days=2) + timedelta(hours=number)
        world.run(a="F" if number % 3 else "P", b="P")
    world.at = NOW - timedelta(hours=1)
    world.run(a="P", b="P")
    world.alert(chat)
    assert chat.titles == ["1 new regression: unit on main"]
    assert "failed in 20 of 31 runs (64.5%), before that in 0 of 60" in as_text(chat.documents[0])
    world.at = NOW - timedelta(minutes=1)
    world.run(a="P", b="P")
    assert world.alert(chat) == ["nothing new"]


def test_old_alerts_are_deleted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ci_stat.test_results.alerts.ledger._KEPT", 3)
    chat = Chat()
    for number in range(8):
        world.run(a="F" if number % 2 else "P")
        world.alert(chat)
    rows = CallTable(world.state, FEATURE, "t").select()
    assert len(chat.documents) == 7
    assert len(rows) == 4


def test_hostile_names_reach_no_channel_as_markup(world: World) -> None:
    world.run(**{"&lt;!channel&gt; @here &lt;b&gt;\u202e": "F"})
    chat = Chat()
    world.alert(chat)
    assert "\u202e" not in as_text(chat.documents[0])


def test_the_whole_alert(world: World, golden: Golden) -> None:
    world.run(a="P", b="F", shaky="FP", c="F")
    world.run(a="P", b="F", shaky="P", c="F")
    chat = Chat()
    world.alert(chat)
    world.run(a="F", b="P", shaky="F", c="F")
    world.alert(chat)
    text = "\n\n".join(as_text(document) for document in chat.documents)
    golden.check("alert.txt", text)

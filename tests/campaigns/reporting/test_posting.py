"""A verdict reaches each recipient once, whatever fails or is killed in between."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete

from ci_stat.campaigns.posting import FEATURE, Poster
from ci_stat.records import DeliveryState, Outcome
from ci_stat.rendering.document import Document, Tone
from ci_stat.reports.recipients import Recipient, SendResult, Ticket
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.tables import outward_calls
from tests.support.published import Kill, Killed, Steps

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN
VERDICT = Document("Stability of o/r main: 9 of 10 passed", "", Tone.WARN, "", ())
CAMPAIGN = "0123456789ab"


@dataclass
class Chat:
    """A recipient. `outcomes`: of the next messages, SENT after them."""

    name: str = "chat"
    outcomes: list[DeliveryState] = field(default_factory=list)
    kill: Kill = field(default_factory=Kill)
    resumable: timedelta | None = None
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def recipient(self) -> Recipient:
        return Recipient(self.name, self._deliver, self.resumable)

    def _deliver(self, document: Document, ticket: Ticket) -> SendResult:
        assert document is VERDICT
        self.kill.around(ticket.sending, "text")
        state = self.outcomes.pop(0) if self.outcomes else SENT
        if state is not FAILED:
            self.kill.around(self.tickets.append, ticket)
        return SendResult(Outcome(state, "" if state is SENT else "why"), "text")


def poster(state: Engine, kill: Kill | None = None, now: datetime = NOW, name: str = "a") -> Poster:
    table = CallTable(state, FEATURE, "t")
    outbox = Outbox(table, f"host:1:{name}.1", lambda: now, lambda owner: name in owner)
    steps: Outbox = Steps(outbox, kill or Kill())  # type: ignore[assignment]
    return Poster(steps, lambda: now)


def post(state: Engine, *chats: Chat, force: bool = False, campaign: str = CAMPAIGN) -> list[str]:
    recipients = [chat.recipient for chat in chats]
    results = poster(state).post(campaign, VERDICT, recipients, force)
    return [f"{result.state}{' before' if result.skipped else ''}" for result in results]


def test_each_recipient_gets_each_verdict_once(state: Engine) -> None:
    chat, mail = Chat(), Chat("mail")
    assert post(state, chat) == ["sent"]
    assert post(state, chat, mail) == ["sent before", "sent"]
    assert post(state, chat, mail) == ["sent before", "sent before"]
    assert post(state, chat, campaign="other") == ["sent"]
    assert (len(chat.tickets), len(mail.tickets)) == (2, 1)
    assert post(state, chat, force=True) == ["sent"]
    assert len(chat.tickets) == 3


def test_a_refused_one_is_tried_again_and_the_others_get_theirs(state: Engine) -> None:
    chat, mail = Chat(outcomes=[FAILED]), Chat("mail")
    assert post(state, chat, mail) == ["failed", "sent"]
    assert post(state, chat, mail) == ["sent", "sent before"]


def test_what_may_have_arrived_is_not_repeated(state: Engine) -> None:
    chat = Chat(outcomes=[UNCERTAIN])
    assert post(state, chat) == ["uncertain"]
    assert post(state, chat) == ["uncertain before"]
    assert len(chat.tickets) == 1
    (result,) = poster(state).post(CAMPAIGN, VERDICT, [chat.recipient])
    assert "--force" in result.hint
    assert post(state, chat, force=True) == ["sent"]


def test_a_server_that_knows_the_attempt_gets_it_again(state: Engine) -> None:
    chat = Chat(outcomes=[UNCERTAIN], resumable=timedelta(minutes=50))
    assert post(state, chat) == ["uncertain"]
    assert post(state, chat) == ["sent"]
    first, second = chat.tickets
    assert first.attempt == second.attempt, "the server drops the second one"


def test_a_server_that_forgot_the_attempt_does_not(state: Engine) -> None:
    chat = Chat(outcomes=[UNCERTAIN], resumable=timedelta(minutes=50))
    post(state, chat)
    late = poster(state, now=NOW + timedelta(hours=1))
    (result,) = late.post(CAMPAIGN, VERDICT, [chat.recipient])
    assert (result.state, result.skipped, len(chat.tickets)) == (UNCERTAIN, True, 1)


@pytest.mark.transaction
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_step(state: Engine, after: bool) -> None:
    """Nothing is sent twice, and nothing is lost: it is sent, or said to be uncertain."""
    at = 0
    while True:
        at += 1
        with state.begin() as connection:
            connection.execute(delete(outward_calls))
        kill = Kill(at, after)
        chat = Chat(kill=kill)
        try:
            poster(state, kill).post(CAMPAIGN, VERDICT, [chat.recipient])
        except Killed:
            chat.kill = Kill()
        else:
            break
        (result,) = poster(state, name="b").post(CAMPAIGN, VERDICT, [chat.recipient])
        assert len(chat.tickets) <= 1
        assert len(chat.tickets) == 1 or result.state is UNCERTAIN
    assert at > 4


@pytest.mark.concurrent
def test_two_at_once_send_it_once(state: Engine) -> None:
    chat, other = Chat(), Chat()
    table = CallTable(state, FEATURE, "t")
    outboxes = [Outbox(table, f"host:{n}:a.1", lambda: NOW, lambda _: True) for n in range(2)]
    first, second = [Poster(outbox, lambda: NOW) for outbox in outboxes]
    states: list[DeliveryState] = []

    def deliver(document: Document, ticket: Ticket) -> SendResult:
        ticket.sending("text")
        (result,) = second.post(CAMPAIGN, VERDICT, [other.recipient])
        states.append(result.state)
        assert result.is_fine
        chat.tickets.append(ticket)
        return SendResult(Outcome(SENT), "text")

    (result,) = first.post(CAMPAIGN, VERDICT, [Recipient("chat", deliver)])
    assert (result.state, states) == (SENT, [DeliveryState.SENDING])
    assert (len(chat.tickets), other.tickets) == (1, [])

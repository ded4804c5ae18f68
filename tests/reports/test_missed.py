"""News is new to those who read it: what lost reports would have said is said later."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from ci_stat.records import Delivery, DeliveryKey, DeliveryState
from ci_stat.reports.missed import LONGEST, missed
from ci_stat.reports.notes import notes_on
from ci_stat.store.ci_data.write import write_rows
from tests.support import slack
from tests.support.busy import HOUR, run
from tests.support.command import Call
from tests.support.feishu import Feishu, Hook, Trouble
from tests.support.feishu.cards import visible_text

SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN
SENDING = DeliveryState.SENDING
NOON = datetime(2021, 6, 19, 12, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)
DOWN, UP = Hook(addresses=("10.0.0.1",)), Hook()


# What a recipient missed


def delivery(
    hour: int,
    state: DeliveryState,
    since: int | None = None,
    report: str = "hourly",
    reason: str = "",
    hours: int = 1,
) -> Delivery:
    """A report of `hours` hours from `hour` (after noon); `since`: the begin of its news."""
    begin = NOON + hour * AN_HOUR
    key = DeliveryKey(report, begin.isoformat(), (begin + hours * AN_HOUR).isoformat(), "chat")
    told = begin if since is None else NOON + since * AN_HOUR
    return Delivery(key, state, "a:1:b", begin, begin, reason=reason, news_since=told.isoformat())


def hours(*deliveries: Delivery, at: int = 5) -> tuple[float, list[int]]:
    """Since which hour failures are news at that hour, and the hours of undelivered reports."""
    found = missed(
        sorted(deliveries, key=lambda one: one.key.end, reverse=True), NOON + at * AN_HOUR
    )
    lost = [datetime.fromisoformat(one.key.begin) for one in found.undelivered]
    return (found.since - NOON) / AN_HOUR, [int((begin - NOON) / AN_HOUR) for begin in lost]


@pytest.mark.parametrize(
    ("deliveries", "since", "lost"),
    [
        ([], 5, []),
        ([delivery(4, SENT)], 5, []),
        ([delivery(3, SENT), delivery(4, FAILED)], 4, [4]),
        ([delivery(2, SENT), delivery(3, FAILED), delivery(4, UNCERTAIN)], 3, [3, 4]),
        ([delivery(2, FAILED), delivery(3, SENT, 2), delivery(4, FAILED)], 4, [4]),
        ([delivery(2, FAILED), delivery(3, FAILED), delivery(4, SENT, 2)], 5, []),
        ([delivery(3, SENT)], 4, []),  # the hour after it had no report
        ([delivery(1, FAILED), delivery(2, FAILED)], 1, [1, 2]),
        # It told the other report's news, or did not: both were under way at once.
        ([delivery(3, FAILED), delivery(4, SENT, 3)], 5, []),
        ([delivery(3, FAILED), delivery(4, SENT)], 3, [3]),
        ([delivery(3, SENDING), delivery(4, SENT)], 5, []),
        # A report about a data problem names no failure.
        ([delivery(3, SENT, report="hourly-trouble"), delivery(4, SENT)], 3, []),
        ([delivery(3, SENT, report="hourly-trouble"), delivery(3, SENT), delivery(4, SENT)], 5, []),
        ([delivery(3, FAILED, report="hourly-trouble"), delivery(4, SENT)], 3, [3]),
        (
            [delivery(3, FAILED, report="hourly-trouble"), delivery(3, SENT), delivery(4, SENT)],
            5,
            [],
        ),
    ],
)
def test_what_a_recipient_missed(deliveries: list[Delivery], since: int, lost: list[int]) -> None:
    assert hours(*deliveries) == (since, lost)


def test_reports_of_older_versions_told_everything_before_them() -> None:
    old = delivery(4, SENT)
    told = Delivery(old.key, SENT, "", old.started, old.changed)
    assert hours(delivery(3, FAILED), told) == (5, [])


def test_a_gap_of_weeks_is_not_made_up_for() -> None:
    long_ago = -int(LONGEST / AN_HOUR)
    assert hours(delivery(long_ago, SENT)) == (5, [])


@given(st.lists(st.sampled_from([SENT, FAILED, UNCERTAIN]), max_size=12))
def test_no_news_is_lost_whatever_fails(states: list[DeliveryState]) -> None:
    """Each hour is told by a report that arrives at or after it, and named if it failed."""
    earlier: list[Delivery] = []
    told: list[tuple[int, int]] = []
    for hour, state in enumerate([*states, SENT]):
        since, lost = hours(*earlier, at=hour)
        if state is SENT:
            told.append((int(since), hour))
            first_after = max((at for _, at in told[:-1]), default=-1)
            assert lost == list(range(first_after + 1, hour))
        earlier.append(delivery(hour, state, int(since)))
    assert all(any(since <= hour <= at for since, at in told) for hour in range(len(states) + 1))
    assert all(one[1] < other[0] for one, other in pairwise(told))


def test_every_lost_report_is_named() -> None:
    lost = [
        delivery(0, FAILED, reason="HTTP 500"),
        delivery(1, FAILED, reason="HTTP 500"),
        delivery(2, UNCERTAIN, reason="lost"),
        delivery(4, FAILED),
    ]
    found = missed(lost[::-1], NOON + 6 * AN_HOUR)
    assert notes_on(found, NOON + 6 * AN_HOUR) == [
        "2 reports, for 2021-06-19 12:00 to 2021-06-19 14:00, were not delivered: HTTP 500",
        "The report for 2021-06-19 14:00 to 2021-06-19 15:00 may not have been delivered: lost",
        "The report for 2021-06-19 16:00 to 2021-06-19 17:00 was not delivered",
        "No report was sent for 2021-06-19 17:00 to 2021-06-19 18:00",
        "Failures that are new since 2021-06-19 12:00 are called new",
    ]


def test_notes_are_limited_and_the_rest_is_counted() -> None:
    # Reasons that differ only in numbers would be one note.
    lost = [delivery(hour, FAILED, reason="no " + "a" * hour) for hour in range(30)]
    notes = notes_on(missed(lost[::-1], NOON + 30 * AN_HOUR), NOON + 30 * AN_HOUR)
    assert notes[0] == "20 earlier reports did not arrive either"
    assert len(notes) == 12
    assert notes[-2].endswith("no " + "a" * 29)


# As cron sends them


def later_hours() -> list[Any]:
    """A run in each of three later hours; a failure of 14:11 recurs in two of them."""
    recurring: dict[str, Any] = {"analysis_res": {"case": ["s.TestNew"]}}
    return [
        run(HOUR + timedelta(hours=1, minutes=5), 7001),
        run(HOUR + timedelta(hours=2, minutes=5), 7002, "FAILURE", **recurring),
        run(HOUR + timedelta(hours=3, minutes=5), 7003, "FAILURE", **recurring),
    ]


def post(call: Call, hour: int, *options: str) -> int:
    """The exit code of the hourly job at seven minutes past this hour."""
    return call("report", "hourly", "--now", f"2021-06-19T{hour}:07", "--post", *options).code


@pytest.fixture
def chat(feishu: Feishu, database: Engine, monkeypatch: pytest.MonkeyPatch) -> Feishu:
    monkeypatch.setenv("CI_STAT_WEBHOOK", feishu.hook_url())
    write_rows(database, later_hours())
    return feishu


def words(feishu: Feishu) -> str:
    """The last message."""
    return visible_text(feishu.messages[-1].content)


def section(text: str, title: str) -> str:
    """The part of a message from this title to the next one."""
    return text.partition(title)[2].partition("\nF")[0]


@pytest.mark.usefixtures("quick")
def test_what_was_new_while_the_webhook_was_down_is_new_in_the_first_card_that_arrives(
    chat: Feishu, call: Call
) -> None:
    chat.hooks["hook-token"] = DOWN
    assert [post(call, 15), post(call, 16)] == [8, 8]
    chat.hooks["hook-token"] = UP
    assert post(call, 17) == 0
    card = words(chat)
    assert "1 failure (100.0%), 1 new, 1 new in missed reports" in card
    assert "2 reports, for 2021-06-19 14:00 to 2021-06-19 16:00, were not delivered" in card
    assert "s.TestNew" in section(card, "New failures since 2021-06-19 14:00")
    assert "s.TestNight" in section(card, "New since 2021-06-19 14:00, not in this window")
    assert "seen before" not in card

    assert post(call, 18) == 0
    assert "seen before" in words(chat)
    assert "not delivered" not in words(chat)
    assert "TestNight" not in words(chat)


@pytest.mark.usefixtures("quick")
def test_news_is_new_to_each_recipient(
    chat: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack had every report; the chat had none."""
    with slack.running(per_second=0) as server:
        monkeypatch.setenv("CI_STAT_SLACK_WEBHOOK", server.hook_url)
        chat.hooks["hook-token"] = DOWN
        assert [post(call, 15), post(call, 16)] == [8, 8]
        chat.hooks["hook-token"] = UP
        assert post(call, 17) == 0
        to_slack = str(server.messages[-1])
    assert "1 new in missed reports" in words(chat)
    assert "seen before" in to_slack
    assert "missed" not in to_slack
    assert "not delivered" not in to_slack


@pytest.mark.usefixtures("quick")
def test_a_killed_sender_and_one_whose_answer_is_lost_lose_no_news(
    chat: Feishu, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.faults.append(Trouble(path="/open-apis/bot", hang_up="after"))
    assert post(call, 15) == 8

    def killed(*_: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patched:
        patched.setattr("ci_stat.connectors.feishu.FeishuWebhook.send", killed)
        patched.setattr("ci_stat.store.state.deliveries.Deliveries.release", lambda *_: False)
        with pytest.raises(SystemExit):
            post(call, 16)
    monkeypatch.setattr("ci_stat.context.is_alive", lambda _: False)  # a later process
    assert post(call, 17) == 0
    card = words(chat)
    assert "The report for 2021-06-19 14:00 to 2021-06-19 15:00 may not have been delivered" in card
    assert "The report for 2021-06-19 15:00 to 2021-06-19 16:00 was not delivered" in card
    assert "s.TestNew" in section(card, "New failures since 2021-06-19 14:00")


@pytest.mark.usefixtures("quick")
def test_a_filter_has_news_of_its_own(chat: Feishu, call: Call) -> None:
    """A card for the repository missed nothing; the one for all did."""
    chat.hooks["hook-token"] = DOWN
    assert post(call, 15) == 8
    chat.hooks["hook-token"] = UP
    assert post(call, 15, "--repo", "pingcap/tidb") == 0
    assert post(call, 17, "--repo", "pingcap/tidb") == 0
    assert "not delivered" not in words(chat)
    assert post(call, 17) == 0
    assert "The report for 2021-06-19 14:00 to 2021-06-19 15:00 was not delivered" in words(chat)

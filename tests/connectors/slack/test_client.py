"""The Slack clients against a strict Slack on loopback, and that stand-in's own limits."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from ci_stat.connectors.http.retry import Pace
from ci_stat.connectors.outcome import Reaction
from ci_stat.connectors.slack.client import LIMITS, SlackBot, SlackWebhook
from ci_stat.connectors.slack.codes import ERRORS
from ci_stat.errors import SettingsError
from ci_stat.records import DeliveryState, Outcome
from tests.support.connectors import FakeTime, answering, everything_logged, says, texts_of
from tests.support.proxy import closed_port, silent
from tests.support.slack import API, HOOK, Slack, Trouble, fault_of, live_mentions, running

SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN
TOKEN = "xoxb-bot-secret"
NEVER_SHOWN = ("hooksecret", TOKEN, "Bearer", "<html")
PAGE = b"<html>please log in</html>"
PAYLOAD: dict[str, Any] = {
    "text": "日报: 3 failures",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "CI", "emoji": False}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*3* failures", "verbatim": True}},
    ],
}
WAYS = ["webhook", "bot"]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server(time: FakeTime) -> Iterator[Slack]:
    with running(now=time.clock) as started:
        yield started


@pytest.fixture(autouse=True)
def _shown() -> Iterator[None]:
    """No log line of any test here may show a secret."""
    with everything_logged() as lines:
        yield
    for line in lines:
        for secret in NEVER_SHOWN:
            assert secret not in line


def sink(
    way: str, root: str, time: FakeTime, channel: str = "C1", **options: Any
) -> SlackWebhook | SlackBot:
    pace = Pace(LIMITS, time.clock, time.sleep)
    given = {"timeout": 5.0, "pace": pace, **time.options, **options}
    return (
        SlackWebhook(f"{root}{HOOK}", **given)
        if way == "webhook"
        else SlackBot(f"{root}/api", TOKEN, channel, **given)
    )


def at(server: Slack) -> str:
    return server.url.removesuffix("/api")


def sent(sink: SlackWebhook | SlackBot, payload: dict[str, Any] = PAYLOAD) -> Outcome:
    """The outcome of one message, announced at most once; it shows no secret."""
    calls: list[int] = []
    outcome = sink.send(payload, lambda: calls.append(1))
    assert len(calls) <= 1
    for secret in NEVER_SHOWN:
        assert secret not in repr(outcome)
    assert outcome.reason or outcome.state is SENT
    return outcome


# What is delivered


def test_a_webhook_delivers(server: Slack, time: FakeTime) -> None:
    assert sent(sink("webhook", at(server), time)) == Outcome(SENT, code=200)
    assert server.messages == [
        PAYLOAD
        | {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
    ]


def test_a_bot_delivers(server: Slack, time: FakeTime) -> None:
    assert sent(sink("bot", at(server), time, "#ci")) == Outcome(
        SENT, code=200, message_id="1700000000.000000"
    )
    (message,) = server.messages
    assert (message["channel"], message["parse"], message["link_names"]) == ("#ci", "none", False)
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "日报".encode() in server.requests[0].body


@pytest.mark.parametrize("way", WAYS)
def test_a_report_cannot_turn_on_what_calls_people(server: Slack, time: FakeTime, way: str) -> None:
    loud = PAYLOAD | {"parse": "full", "link_names": True, "unfurl_links": True}
    assert sent(sink(way, at(server), time), loud).state is SENT
    assert live_mentions(server.messages[0]) == []
    assert server.messages[0]["unfurl_links"] is False


@pytest.mark.parametrize("way", WAYS)
def test_one_message_a_second(server: Slack, time: FakeTime, way: str) -> None:
    client = sink(way, at(server), time)
    assert {sent(client).state for _ in range(4)} == {SENT}
    assert (time.waits, len(server.requests)) == ([1, 1, 1], 4)


@pytest.mark.parametrize("way", WAYS)
def test_others_in_the_channel(server: Slack, time: FakeTime, way: str) -> None:
    assert sent(sink(way, at(server), time)).state is SENT
    assert sent(sink(way, at(server), time)).state is SENT
    assert (time.waits, len(server.requests)) == ([1], 3)


# What is refused


@pytest.mark.parametrize("error", sorted(ERRORS))
@pytest.mark.parametrize("way", WAYS)
def test_every_error(server: Slack, time: FakeTime, way: str, error: str) -> None:
    server.error, server.per_second = error, 0
    outcome = sent(sink(way, at(server), time))
    reaction = ERRORS[error].reaction
    assert outcome.state is (UNCERTAIN if reaction is Reaction.UNKNOWN else FAILED)
    assert (outcome.rejected, outcome.foreign) == (reaction is Reaction.REJECT, False)
    assert time.waits == ([1, 2, 4, 8] if reaction is Reaction.RETRY else [])
    assert f": {error}" in outcome.reason
    if reaction in (Reaction.REJECT, Reaction.GIVE_UP):
        assert outcome.hint.endswith(".")


def test_errors_of_a_real_webhook(server: Slack, time: FakeTime) -> None:
    client = sink("webhook", at(server), time)
    found = []
    for payload in (
        {"text": ""},
        {"text": "x", "blocks": [{"type": "no"}]},
        {"text": "x", "colour": "red"},
    ):
        outcome = sent(client, payload)
        found.append(
            (outcome.code, outcome.rejected, outcome.reason.rpartition(": ")[2].rstrip(")"))
        )
    assert found == [
        (400, True, "no_text"),
        (400, True, "invalid_blocks"),
        (400, True, "invalid_payload"),
    ]
    server.archived = True
    outcome = sent(client)
    assert (outcome.state, outcome.code) == (FAILED, 410)
    assert "another channel" in outcome.hint


def test_a_webhook_that_was_removed(server: Slack, time: FakeTime) -> None:
    url = server.hook_url.replace("hooksecret", "hooksecret-old")
    outcome = sent(SlackWebhook(url, pace=Pace(LIMITS, time.clock, time.sleep), **time.options))
    assert (outcome.state, outcome.code) == (FAILED, 403)
    assert "slack_webhook" in outcome.hint


@pytest.mark.parametrize(
    ("channel", "hint"), [("C2", "Invite the bot"), ("C9", "Set slack_channel to the channel's id")]
)
def test_channels_that_a_bot_cannot_write_to(
    server: Slack, time: FakeTime, channel: str, hint: str
) -> None:
    outcome = sent(sink("bot", at(server), time, channel))
    assert (outcome.state, outcome.rejected, len(server.requests)) == (FAILED, False, 1)
    assert outcome.hint.startswith(hint)


def test_a_token_that_is_refused(server: Slack, time: FakeTime) -> None:
    server.token = "xoxb-another"
    outcome = sent(sink("bot", at(server), time))
    assert (outcome.state, outcome.code) == (FAILED, 200)
    assert "slack_token" in outcome.hint


def test_a_wait_that_is_asked_for_is_kept(server: Slack, time: FakeTime) -> None:
    server.faults.append(
        Trouble(
            status=429, headers={"Retry-After": "30"}, body=b'{"ok":false,"error":"ratelimited"}'
        )
    )
    assert sent(sink("bot", at(server), time)).state is SENT
    assert time.waits == [30]


@pytest.mark.parametrize("way", WAYS)
def test_a_wait_that_is_too_long(server: Slack, time: FakeTime, way: str) -> None:
    server.faults.append(Trouble(status=429, headers={"Retry-After": "3600"}))
    outcome = sent(sink(way, at(server), time))
    assert (outcome.state, time.waits) == (FAILED, [])
    assert "the server asks to wait 3,600 s" in outcome.reason


# What nobody knows


@pytest.mark.parametrize(
    ("trouble", "state", "tries"),
    [
        (Trouble(hang_up=True, after_storing=True), UNCERTAIN, 1),
        (Trouble(cut=1), UNCERTAIN, 1),
        (Trouble(cut=0), UNCERTAIN, 1),
        (Trouble(delay=1.0), UNCERTAIN, 1),
        (Trouble(status=200), UNCERTAIN, 1),
        (Trouble(status=200, body=b"fine"), UNCERTAIN, 1),
        (Trouble(status=200, body=b"{}"), UNCERTAIN, 1),
        (Trouble(status=200, body=PAGE), FAILED, 1),
        (Trouble(status=302, headers={"Location": "https://elsewhere.invalid/"}), FAILED, 1),
        (Trouble(status=500, body=b"rollup_error"), UNCERTAIN, 1),
        (Trouble(status=502, body=PAGE), UNCERTAIN, 1),
        (Trouble(status=504), UNCERTAIN, 1),
        (Trouble(status=503, body=PAGE), SENT, 2),
        (Trouble(status=408), SENT, 2),
        (Trouble(status=413), FAILED, 1),
        (Trouble(status=404, body=PAGE), FAILED, 1),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_answers_that_are_not_slacks(
    server: Slack, time: FakeTime, way: str, trouble: Trouble, state: DeliveryState, tries: int
) -> None:
    server.faults.append(trouble)
    outcome = sent(sink(way, at(server), time, timeout=0.4))
    assert (outcome.state, len(server.requests)) == (state, tries)
    assert ("may have arrived" in outcome.hint) == (state is UNCERTAIN)


def test_an_error_that_nobody_knows(server: Slack, time: FakeTime) -> None:
    server.error = "new_trouble"
    outcome = sent(sink("bot", at(server), time))
    assert outcome == Outcome(
        FAILED, "Slack: the message is refused (HTTP status 200: new_trouble)", code=200
    )


@pytest.mark.parametrize("said", ["ok", '{"ok":1}', '{"ok":"true"}', '{"ok":null}', '{"ok":true'])
def test_what_is_no_success_for_a_bot(server: Slack, time: FakeTime, said: str) -> None:
    server.faults.append(Trouble(status=200, body=said.encode()))
    assert sent(sink("bot", at(server), time)).state is UNCERTAIN


def test_a_token_that_comes_back_is_not_shown(time: FakeTime) -> None:
    with answering(says(json.dumps({"ok": False, "error": TOKEN}).encode())) as raw:
        assert sent(sink("bot", raw.url, time)).reason.endswith(": ***)")


@pytest.mark.parametrize("way", WAYS)
def test_a_dead_server(time: FakeTime, way: str) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    outcome = sent(sink(way, url, time))
    assert outcome == Outcome(
        FAILED, f"{url} cannot be reached: Connection refused (tried 5 times)"
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_says_nothing(time: FakeTime, way: str) -> None:
    with silent() as port:
        assert sent(sink(way, f"http://127.0.0.1:{port}", time, timeout=0.3)).state is UNCERTAIN


# Around sending


@pytest.mark.parametrize("way", WAYS)
def test_sending_is_announced_once_and_before(server: Slack, time: FakeTime, way: str) -> None:
    server.faults.append(Trouble(status=503))
    seen: list[int] = []
    sink(way, at(server), time).send(PAYLOAD, lambda: seen.append(len(server.requests)))
    assert (seen, len(server.requests)) == ([0], 2)


def test_shown_is_where_to_and_no_secret(time: FakeTime) -> None:
    assert (
        repr(sink("webhook", "https://hooks.slack.com", time))
        == "<SlackWebhook https://hooks.slack.com>"
    )
    assert (
        repr(sink("bot", "https://slack.com", time, "#ci\n"))
        == "<SlackBot https://slack.com '#ci'>"
    )


BAD: list[Callable[[], Any]] = [
    lambda: SlackWebhook("http://hooks.slack.com/services/hooksecret"),
    lambda: SlackWebhook("https://hooks.slack.com/"),
    lambda: SlackBot("https://slack.com/api", "", "C1"),
    lambda: SlackBot("https://slack.com/api", f"{TOKEN}\nx", "C1"),
    lambda: SlackBot("https://slack.com/api", f"{TOKEN}ü", "C1"),
    lambda: SlackBot("https://slack.com/api", TOKEN, " "),
    lambda: SlackBot("http://slack.com/api", TOKEN, "C1"),
]


@pytest.mark.parametrize("make", BAD)
def test_settings_that_cannot_be_used(make: Callable[[], Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        make()
    for text in texts_of(caught.value):
        assert "hooksecret" not in text
        assert TOKEN not in text


# The stand-in itself


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def button(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(text), **more}


@pytest.mark.parametrize(
    ("block", "over"),
    [
        (
            {"type": "header", "text": plain("x" * 150)},
            {"type": "header", "text": plain("x" * 151)},
        ),
        ({"type": "header", "text": plain("x")}, {"type": "header", "text": mrkdwn("x")}),
        (
            {"type": "section", "text": mrkdwn("x" * 3_000)},
            {"type": "section", "text": mrkdwn("x" * 3_001)},
        ),
        (
            {"type": "section", "fields": [mrkdwn("x")] * 10},
            {"type": "section", "fields": [mrkdwn("x")] * 11},
        ),
        (
            {"type": "section", "fields": [plain("x" * 2_000)]},
            {"type": "section", "fields": [plain("x" * 2_001)]},
        ),
        ({"type": "section", "text": plain("x"), "accessory": button()}, {"type": "section"}),
        ({"type": "section", "text": mrkdwn("x")}, {"type": "section", "text": mrkdwn("")}),
        (
            {"type": "section", "text": mrkdwn("x")},
            {"type": "section", "text": mrkdwn("x") | {"emoji": True}},
        ),
        (
            {"type": "context", "elements": [mrkdwn("x")] * 10},
            {"type": "context", "elements": [mrkdwn("x")] * 11},
        ),
        ({"type": "context", "elements": [plain("x")]}, {"type": "context", "elements": []}),
        (
            {"type": "actions", "elements": [button()] * 25},
            {"type": "actions", "elements": [button()] * 26},
        ),
        (
            {"type": "actions", "elements": [button("x" * 75)]},
            {"type": "actions", "elements": [button("x" * 76)]},
        ),
        (
            {"type": "actions", "elements": [button(url="x" * 3_000)]},
            {"type": "actions", "elements": [button(href="x")]},
        ),
        ({"type": "divider", "block_id": "x" * 255}, {"type": "divider", "block_id": "x" * 256}),
        ({"type": "divider"}, {"type": "divider", "text": mrkdwn("x")}),
        ({"type": "markdown", "text": "x" * 12_000}, {"type": "markdown", "text": "x" * 12_001}),
        (
            {"type": "image", "image_url": "x" * 3_000, "alt_text": "x" * 2_000},
            {"type": "image", "image_url": "x", "alt_text": "x" * 2_001},
        ),
    ],
)
def test_limits_of_blocks(block: dict[str, Any], over: dict[str, Any]) -> None:
    assert fault_of({"text": "x", "blocks": [block]}) == ""
    assert fault_of({"text": "x", "blocks": [over]}) == "invalid_blocks"


def test_limits_of_messages() -> None:
    divider = {"type": "divider"}
    assert fault_of({"text": "x" * 40_000, "blocks": [divider] * 50}) == ""
    assert fault_of({"text": "x" * 40_001}) == "msg_too_long"
    assert fault_of({"text": "x", "blocks": [divider] * 51}) == "invalid_blocks"
    assert fault_of({"blocks": [divider]}) == "no_text"
    assert fault_of({"text": "x", "blocks": divider}) == "invalid_blocks_format"
    assert fault_of([]) == "invalid_payload"


def test_what_calls_people() -> None:
    live = ["<!channel>", "<!here|x>", "<!everyone>", "<!subteam^S1>", "<@U12>", "<@W12|me>"]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": mrkdwn(" ".join(live[1:3])), "fields": [mrkdwn(live[3])]},
        {"type": "context", "elements": [mrkdwn(live[4])]},
        {"type": "header", "text": plain("<!channel>")},
        {"type": "markdown", "text": live[5]},
    ]
    payload = {"text": live[0], "blocks": blocks}
    assert live_mentions(payload) == live
    assert live_mentions({"text": "&lt;!channel&gt; @channel <https://a|b> <#C1>"}) == []
    assert live_mentions({"text": "@here", "link_names": True}) == ["@here"]
    assert live_mentions({"text": "@here", "parse": "full"}) == ["@here"]


def asked(server: Slack, method: str, path: str, body: bytes, kind: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    with closing(connection):
        connection.request(method, path, body, {"Content-Type": kind})
        return connection.getresponse().read()


def test_the_stand_in_takes_json_by_post_only(server: Slack) -> None:
    good = json.dumps(PAYLOAD).encode()
    assert asked(server, "PUT", HOOK, good, "application/json") == b"invalid_payload"
    assert (
        asked(server, "POST", HOOK, good, "application/x-www-form-urlencoded") == b"invalid_payload"
    )
    assert asked(server, "POST", HOOK, good[:-1], "application/json") == b"invalid_payload"
    assert asked(server, "POST", "/nothing", good, "application/json") == b"no_service"
    assert (
        asked(server, "POST", API, good, "application/json")
        == b'{"ok": false, "error": "not_authed"}'
    )
    assert server.messages == []

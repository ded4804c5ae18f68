"""The Feishu clients against a strict Feishu on loopback: what each code leads to.

Errors and logs show no secret.
"""

import json
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import pytest

from ci_stat.connectors.feishu import FeishuApp, FeishuMessage, FeishuWebhook, sign
from ci_stat.connectors.feishu.codes import (
    CARD_ERRORS,
    CODES,
    STATUSES,
    CardError,
    card_error,
    signature_hint,
)
from ci_stat.connectors.http.retry import Pace
from ci_stat.connectors.outcome import Reaction
from ci_stat.errors import SettingsError
from ci_stat.records import DeliveryState, Outcome
from tests.support.connectors import FakeTime, answering, everything_logged, says, texts_of
from tests.support.feishu import HTML_PAGE, Chat, Feishu, Hook, Limits, Trouble, running
from tests.support.proxy import closed_port, silent

SENT, FAILED, UNCERTAIN = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN
HOOK_TOKEN, HOOK_SECRET, APP_SECRET = "hook-token", "signing-secret", "app-secret"
NEVER_SHOWN = (HOOK_TOKEN, HOOK_SECRET, APP_SECRET, "Bearer", "SECRET-PAGE", "<html")

TEXT = FeishuMessage("text", {"text": "日报: 3 failures"})
POST = FeishuMessage(
    "post", {"zh_cn": {"title": "CI", "content": [[{"tag": "text", "text": "3 failures"}]]}}
)
CARD = FeishuMessage(
    "interactive",
    {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "3 failures"}]}},
)
ALL = [TEXT, POST, CARD]
MESSAGES = "/open-apis/im/v1/messages"
CHATS = "/open-apis/im/v1/chats"
TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"


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
def server(time: FakeTime) -> Iterator[Feishu]:
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


def hook(url: str, time: FakeTime, secret: str | None = None, **options: Any) -> FeishuWebhook:
    pace = Pace(clock=time.clock, sleep=time.sleep)
    return FeishuWebhook(
        url, secret, **{"timeout": 5.0, "now": time.clock, "pace": pace, **time.options, **options}
    )


def app(url: str, time: FakeTime, chat: str = "oc_1", **options: Any) -> FeishuApp:
    pace = Pace(clock=time.clock, sleep=time.sleep)
    given = {"timeout": 5.0, "now": time.clock, "pace": pace, **time.options, **options}
    return FeishuApp(url, "cli_test", given.pop("app_secret", APP_SECRET), chat, **given)


def checked(outcome: Outcome) -> Outcome:
    """The outcome, whose texts show no secret."""
    for secret in NEVER_SHOWN:
        assert secret not in repr(outcome)
    if outcome.state is not SENT:
        assert outcome.reason
    return outcome


def sent(
    sink: FeishuWebhook | FeishuApp, message: FeishuMessage = TEXT, uuid: str = "u1"
) -> Outcome:
    """The outcome of one message, announced at most once."""
    calls: list[int] = []

    def announce() -> None:
        calls.append(1)

    outcome = (
        sink.send(message, uuid, announce)
        if isinstance(sink, FeishuApp)
        else sink.send(message, announce)
    )
    assert len(calls) <= 1
    return checked(outcome)


def body(code: int, msg: str = "said", **more: Any) -> bytes:
    return json.dumps({"code": code, "msg": msg, **more}).encode()


# Signatures and forms


@pytest.mark.parametrize(
    ("timestamp", "secret", "expected"),
    [
        (1599360473, "demo", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="),
        ("1700000000", "ci-stat-test-secret", "oCCigutbR+B8WzyOIfH9lYTi6YdG4YzLgMKEXOI1qBY="),
    ],
)
def test_the_vendors_signatures(timestamp: int | str, secret: str, expected: str) -> None:
    assert sign(secret, timestamp) == expected


def test_bodies_for_a_webhook(time: FakeTime) -> None:
    plain, signed = (
        hook("http://127.0.0.1/hook/x", time),
        hook("http://127.0.0.1/hook/x", time, HOOK_SECRET),
    )
    assert (
        plain.body(TEXT, 7) == '{"msg_type":"text","content":{"text":"日报: 3 failures"}}'.encode()
    )
    assert json.loads(plain.body(POST, 7)) == {
        "msg_type": "post",
        "content": {"post": POST.content},
    }
    assert json.loads(signed.body(CARD, 7)) == {
        "timestamp": "7",
        "sign": sign(HOOK_SECRET, 7),
        "msg_type": "interactive",
        "card": CARD.content,
    }


@pytest.mark.parametrize("message", ALL)
def test_sizes_are_those_on_the_wire(
    server: Feishu, time: FakeTime, message: FeishuMessage
) -> None:
    server.hooks[HOOK_TOKEN].secret = HOOK_SECRET
    signed = hook(server.hook_url(), time, HOOK_SECRET)
    assert sent(signed, message) == Outcome(SENT, code=0)
    assert server.messages[-1].size == signed.wire_size(message)
    # An app's is counted for the longest uuid, and for an id where only a name is known.
    by_id = app(server.url, time)
    sent(by_id, message, "u" * 50)
    assert server.messages[-1].size == by_id.wire_size(message)
    by_name = app(server.url, time, "CI Status Report")
    before = by_name.wire_size(message)
    sent(by_name, message, "v" * 50)
    assert server.messages[-1].size == by_name.wire_size(message) <= before


@pytest.mark.parametrize("message", ALL)
@pytest.mark.parametrize("answer", ["new", "extra", "old"])
def test_a_webhook_delivers(
    server: Feishu, time: FakeTime, message: FeishuMessage, answer: Any
) -> None:
    server.hooks[HOOK_TOKEN] = Hook(secret=HOOK_SECRET, answer=answer)
    assert sent(hook(server.hook_url(), time, HOOK_SECRET), message) == Outcome(SENT, code=0)
    assert [(each.way, each.msg_type) for each in server.messages] == [
        ("webhook", message.msg_type)
    ]
    assert time.waits == []


@pytest.mark.parametrize("message", ALL)
def test_an_app_delivers(server: Feishu, time: FakeTime, message: FeishuMessage) -> None:
    outcome = sent(app(server.url, time), message)
    (stands,) = server.messages
    assert outcome == Outcome(SENT, code=0, message_id=stands.message_id)
    assert (stands.chat, stands.content, stands.uuid) == ("oc_1", message.content, "u1")


def test_a_card_at_its_limit_passes_and_one_byte_more_is_rejected(
    server: Feishu, time: FakeTime
) -> None:
    def filled(count: int) -> FeishuMessage:
        return FeishuMessage("text", {"text": "x" * count})

    for sink, limit in (
        (hook(server.hook_url(), time), 20 * 1024),
        (app(server.url, time), 150 * 1024),
    ):
        room = limit - sink.wire_size(filled(0))
        assert sent(sink, filled(room), "u" * 50).state is SENT
        outcome = sent(sink, filled(room + 1), "v" * 50)
        assert (outcome.state, outcome.rejected) == (FAILED, True)


# What the webhook of a real bot refuses


def test_an_unknown_bot(server: Feishu, time: FakeTime) -> None:
    outcome = sent(hook(server.hook_url("hook-token-that-was-removed"), time))
    assert (outcome.state, outcome.code, len(server.requests)) == (FAILED, 19001, 1)
    assert "webhook" in outcome.hint


def test_a_machine_that_is_not_on_the_list(server: Feishu, time: FakeTime) -> None:
    server.hooks[HOOK_TOKEN].addresses = ("10.0.0.0/8",)
    outcome = sent(hook(server.hook_url(), time))
    assert outcome.reason.startswith(
        "Feishu: this machine may not use the bot (code 19022: Ip Not Allowed; log_id 2026"
    )
    assert "address" in outcome.hint
    assert "list" in outcome.hint


def test_a_missing_keyword(server: Feishu, time: FakeTime) -> None:
    server.hooks[HOOK_TOKEN].keywords = ("alarm",)
    outcome = sent(hook(server.hook_url(), time))
    assert (outcome.code, outcome.rejected) == (19024, False)
    assert "webhook_keyword" in outcome.hint


@pytest.mark.parametrize("secret", [None, "another-secret"])
def test_a_wrong_signature(server: Feishu, time: FakeTime, secret: str | None) -> None:
    server.hooks[HOOK_TOKEN].secret = HOOK_SECRET
    outcome = sent(hook(server.hook_url(), time, secret))
    assert (outcome.state, outcome.code) == (FAILED, 19021)
    assert outcome.hint.startswith("Check webhook_secret: ")


def test_a_clock_that_is_wrong(server: Feishu, time: FakeTime) -> None:
    server.hooks[HOOK_TOKEN].secret = HOOK_SECRET
    outcome = sent(hook(server.hook_url(), time, HOOK_SECRET, now=lambda: time.now - 4_000))
    assert (outcome.state, outcome.code) == (FAILED, 19021)
    assert outcome.hint.startswith("This machine's clock is 4,000 s behind Feishu's: correct it.")


@pytest.mark.parametrize("ahead", [0, 59, -4_000, 4_000])
def test_the_clock_is_compared_with_the_servers(time: FakeTime, ahead: int) -> None:
    refused = body(19021, "sign match fail or timestamp is not within one hour from current time")
    date = formatdate(time.now - ahead, usegmt=True)
    with answering(says(refused, headers=[f"Date: {date}"])) as raw:
        outcome = sent(hook(f"{raw.url}/hook/{HOOK_TOKEN}", time, HOOK_SECRET))
    assert outcome.hint == signature_hint(ahead)
    assert ("4,000 s" in outcome.hint) == (abs(ahead) == 4_000)
    assert "webhook_secret" in outcome.hint
    assert "clock" in signature_hint(None)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (FeishuMessage("text", {"words": "?"}), 19002),
        (
            FeishuMessage(
                "post", {"zh_cn": {"content": [[{"tag": "a", "text": "t", "href": "no link"}]]}}
            ),
            19002,
        ),
        (
            FeishuMessage(
                "interactive", {"schema": "2.0", "body": {"elements": [{"tag": "note"}]}}
            ),
            11246,
        ),
        (FeishuMessage("text", {"text": "x" * 21_000}), 9499),
    ],
)
def test_contents_that_another_form_may_replace(
    server: Feishu, time: FakeTime, message: FeishuMessage, code: int
) -> None:
    outcome = sent(hook(server.hook_url(), time), message)
    assert (outcome.state, outcome.code, outcome.rejected, outcome.foreign) == (
        FAILED,
        code,
        True,
        False,
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize("way", ["webhook", "app"])
def test_words_that_are_refused(server: Feishu, time: FakeTime, way: str) -> None:
    server.words, server.private = ["secret-project"], [r"\d{11}"]
    sink = hook(server.hook_url(), time) if way == "webhook" else app(server.url, time)
    for text, code in (("secret-project", 230022), ("call 13800000000", 230028)):
        outcome = sent(sink, FeishuMessage("text", {"text": text}))
        assert (outcome.state, outcome.code, outcome.rejected, outcome.foreign) == (
            FAILED,
            code,
            False,
            True,
        )


# Every code, by each way

FLAGS = {Reaction.REJECT: (True, False), Reaction.FOREIGN: (False, True)}
WAITS = {Reaction.RETRY: [1, 2, 4, 8], Reaction.UNKNOWN: [1, 2, 4, 8]}


@pytest.mark.parametrize("code", sorted(CODES))
@pytest.mark.parametrize("status", [200, 400])
def test_every_code_of_a_webhook(server: Feishu, time: FakeTime, code: int, status: int) -> None:
    reaction = CODES[code].reaction
    server.faults.extend(Trouble(status=status, body=body(code)) for _ in range(9))
    outcome = sent(hook(server.hook_url(), time))
    assert (outcome.state, outcome.code) == (FAILED, code)
    assert (outcome.rejected, outcome.foreign) == FLAGS.get(reaction, (False, False))
    assert time.waits == WAITS.get(reaction, [])
    assert len(server.requests) == 1 + len(time.waits)
    assert f"code {code}: said" in outcome.reason


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_of_an_app(server: Feishu, time: FakeTime, code: int) -> None:
    reaction = CODES[code].reaction
    server.faults.extend(
        Trouble(MESSAGES, status=400, body=body(code, error={"log_id": "log-7"})) for _ in range(9)
    )
    outcome = sent(app(server.url, time))
    assert (outcome.state, outcome.code) == (FAILED, code)
    assert (outcome.rejected, outcome.foreign) == FLAGS.get(reaction, (False, False))
    assert time.waits == WAITS.get(reaction, [])
    assert "log_id log-7" in outcome.reason
    paths = [each.path for each in server.requests]
    if reaction is Reaction.REFRESH:
        assert paths == [TOKEN, MESSAGES, TOKEN, MESSAGES]
    else:
        assert paths == [TOKEN] + [MESSAGES] * (1 + len(time.waits))


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_says_what_to_do_or_has_a_next_step(code: int) -> None:
    known = CODES[code]
    assert known.reason
    if known.reaction in (Reaction.GIVE_UP, Reaction.FOREIGN, Reaction.REFRESH) and code not in (
        19021,
        230011,
        230017,
    ):
        assert known.hint.endswith(".")


@pytest.mark.parametrize("status", [*sorted(STATUSES), 301, 302, 400, 418, 500, 502, 504, 599])
@pytest.mark.parametrize("said", [b"", HTML_PAGE, b'{"code":0}', b"{}"])
def test_every_status_without_a_code(
    server: Feishu, time: FakeTime, status: int, said: bytes
) -> None:
    server.faults.extend(Trouble(status=status, body=said) for _ in range(5))
    outcome = sent(hook(server.hook_url(), time))
    retried = status in (408, 429, 503)
    assert outcome.state is (UNCERTAIN if status >= 500 and not retried else FAILED)
    assert (outcome.code, outcome.rejected) == (status, status == 413)
    assert time.waits == ([1, 2, 4, 8] if retried else [])
    assert server.messages == []


def test_a_code_that_nobody_knows(server: Feishu, time: FakeTime) -> None:
    msg = f"new\n\x1b[31m trouble with {HOOK_TOKEN} " + "x" * 500
    server.faults.append(Trouble(status=200, body=body(12345, msg)))
    outcome = sent(hook(server.hook_url(), time))
    assert (outcome.state, outcome.code) == (FAILED, 12345)
    assert "12345: new\\n\\x1b[31m trouble with *** xxx" in outcome.reason
    assert len(outcome.reason) < 400


@pytest.mark.parametrize(
    ("status", "state", "tries"),
    [(429, FAILED, 5), (503, FAILED, 5), (500, UNCERTAIN, 1), (403, FAILED, 1)],
)
def test_a_code_that_nobody_knows_goes_by_its_status(
    server: Feishu, time: FakeTime, status: int, state: DeliveryState, tries: int
) -> None:
    server.faults.extend(Trouble(status=status, body=body(12345)) for _ in range(5))
    outcome = sent(hook(server.hook_url(), time))
    assert (outcome.state, outcome.code, len(server.requests)) == (state, 12345, tries)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (b"", UNCERTAIN),
        (b"{}", UNCERTAIN),
        (b'{"code":0', UNCERTAIN),
        (b'{"StatusCode"', UNCERTAIN),
        (b"[]", UNCERTAIN),
        (b'{"code":"0"}', UNCERTAIN),
        (b'{"code":false}', UNCERTAIN),
        (b'{"code":null,"StatusCode":0}', UNCERTAIN),
        (b'{"msg":"success"}', UNCERTAIN),
        (HTML_PAGE, FAILED),
        (b"please log in", FAILED),
        (b'{"code":1,"StatusCode":0}', FAILED),
        (b'{"StatusCode":19001,"StatusMessage":"no"}', FAILED),
        (b'{"code":0}', SENT),
        (b' {"StatusCode":0}\n', SENT),
    ],
)
def test_what_counts_as_success(
    server: Feishu, time: FakeTime, said: bytes, state: DeliveryState
) -> None:
    server.faults.append(Trouble(status=200, body=said))
    outcome = sent(hook(server.hook_url(), time))
    assert (outcome.state, len(server.requests), time.waits) == (state, 1, [])


# Webhooks: what may have arrived is not sent again


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(hang_up="after", after_storing=True),
        Trouble(hang_up="before"),
        Trouble(cut=9),
        Trouble(cut=0),
        Trouble(status=502, body=HTML_PAGE, after_storing=True),
        Trouble(status=504, body=HTML_PAGE),
        Trouble(delay=1.0),
    ],
)
def test_a_webhook_does_not_repeat_what_may_have_arrived(
    server: Feishu, time: FakeTime, trouble: Trouble
) -> None:
    server.faults.append(trouble)
    outcome = sent(hook(server.hook_url(), time, timeout=0.4))
    assert (outcome.state, time.waits) == (UNCERTAIN, [])
    assert "check there" in outcome.hint
    assert len(server.requests) == 1


def test_a_webhook_repeats_what_certainly_did_not_arrive(server: Feishu, time: FakeTime) -> None:
    server.faults.extend(
        [
            Trouble(status=200, body=body(11232)),
            Trouble(status=503),
            Trouble(status=200, body=body(2200)),
        ]
    )
    assert sent(hook(server.hook_url(), time)).state is SENT
    assert (len(server.messages), time.waits) == (1, [1, 2, 4])


def test_a_wait_that_is_asked_for_is_kept(server: Feishu, time: FakeTime) -> None:
    server.faults.append(Trouble(status=429, headers={"Retry-After": "17"}))
    assert sent(hook(server.hook_url(), time)).state is SENT
    assert time.waits == [17]


def test_each_try_has_its_own_signature(server: Feishu, time: FakeTime) -> None:
    server.hooks[HOOK_TOKEN].secret = HOOK_SECRET
    server.faults.extend([Trouble(status=503), Trouble(status=503)])
    assert sent(hook(server.hook_url(), time, HOOK_SECRET)).state is SENT
    stamps = [int(json.loads(each.body)["timestamp"]) for each in server.requests]
    assert stamps == [1_700_000_000, 1_700_000_001, 1_700_000_003]


@pytest.mark.parametrize("way", ["webhook", "app"])
def test_a_dead_server(time: FakeTime, way: str) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    outcome = sent(hook(f"{url}/hook/{HOOK_TOKEN}", time) if way == "webhook" else app(url, time))
    assert outcome == Outcome(
        FAILED, f"{url} cannot be reached: Connection refused (tried 5 times)"
    )
    assert time.waits == [1, 2, 4, 8]


def test_a_server_that_says_nothing(time: FakeTime) -> None:
    with silent() as port:
        outcome = sent(hook(f"http://127.0.0.1:{port}/hook/{HOOK_TOKEN}", time, timeout=0.3))
    assert (outcome.state, outcome.reason) == (
        UNCERTAIN,
        f"http://127.0.0.1:{port} did not respond within 0.3 s",
    )


def test_redirects_are_not_followed(server: Feishu, time: FakeTime) -> None:
    with answering(says(b'{"code":0}')) as other:
        server.faults.append(Trouble(status=307, headers={"Location": f"{other.url}/x"}))
        outcome = sent(hook(server.hook_url(), time))
    assert (outcome.state, outcome.code, other.requests) == (FAILED, 307, [])
    assert "redirects" in outcome.reason


def test_the_pace_of_a_bot_is_kept(server: Feishu, time: FakeTime) -> None:
    sink = hook(server.hook_url(), time)
    assert {sent(sink).state for _ in range(120)} == {SENT}
    assert {each.code for each in server.requests} == {0}
    assert sum(time.waits) >= 60


def test_bots_of_one_address_share_a_pace(server: Feishu) -> None:
    one, two, other = (
        FeishuWebhook(server.hook_url(token))
        for token in ("hook-token", "hook-token", "hook-token-2")
    )
    assert one._pace is two._pace
    assert one._pace is not other._pace


# What happens around sending


def test_nothing_is_connected_before(time: FakeTime) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    assert (
        repr(hook(f"{url}/open-apis/bot/v2/hook/{HOOK_TOKEN}", time, HOOK_SECRET))
        == f"<FeishuWebhook {url}>"
    )
    assert repr(app(url, time, "oc_1\n")) == f"<FeishuApp {url} 'oc_1'>"


@pytest.mark.parametrize("way", ["webhook", "app"])
def test_sending_is_announced_once_and_before(server: Feishu, time: FakeTime, way: str) -> None:
    server.faults.extend([Trouble(MESSAGES, status=503), Trouble("/open-apis/bot", status=503)])
    seen: list[list[str]] = []

    def announce() -> None:
        seen.append([each.path for each in server.requests])

    if way == "webhook":
        hook(server.hook_url(), time).send(TEXT, announce)
        assert seen == [[]]
    else:
        app(server.url, time, "CI Status Report").send(TEXT, "u1", announce)
        assert seen == [[TOKEN, CHATS]]


class Full(Exception):
    pass


@pytest.mark.parametrize("error", [Full, OSError, ValueError])
@pytest.mark.parametrize("way", ["webhook", "app"])
def test_what_the_announcement_raises_comes_through(
    server: Feishu, time: FakeTime, way: str, error: type[Exception]
) -> None:
    def announce() -> None:
        raise error("the disk is full")

    bot, real_app = hook(server.hook_url(), time), app(server.url, time)
    with pytest.raises(error, match="the disk is full") as caught:
        bot.send(TEXT, announce) if way == "webhook" else real_app.send(TEXT, "u1", announce)
    assert server.messages == []
    for text in texts_of(caught.value):
        for secret in NEVER_SHOWN:
            assert secret not in text


@pytest.mark.parametrize("way", ["webhook", "app"])
def test_what_is_no_json_is_not_announced(server: Feishu, time: FakeTime, way: str) -> None:
    sink: Callable[[Callable[[], None]], Outcome] = (
        (lambda call: hook(server.hook_url(), time).send(bad, call))
        if way == "webhook"
        else (lambda call: app(server.url, time).send(bad, "u1", call))
    )
    bad = FeishuMessage("text", {"text": float("inf")})
    with pytest.raises(ValueError):
        sink(lambda: pytest.fail("announced"))
    assert server.requests == []


BAD: list[Callable[[], Any]] = [
    lambda: FeishuWebhook(f"http://feishu.example/hook/{HOOK_TOKEN}"),
    lambda: FeishuWebhook(f"https://feishu.example/hook/{HOOK_TOKEN}?a"),
    lambda: FeishuWebhook(HOOK_TOKEN),
    lambda: FeishuWebhook(f"https://feishu.example/hook/{HOOK_TOKEN}", f"{HOOK_SECRET}\n\x00x"),
    lambda: FeishuApp("http://feishu.example", "cli", APP_SECRET, "oc_1"),
    lambda: FeishuApp("https://feishu.example", "", APP_SECRET, "oc_1"),
    lambda: FeishuApp("https://feishu.example", "cli", " ", "oc_1"),
    lambda: FeishuApp("https://feishu.example", "cli", f"{APP_SECRET}\x07", "oc_1"),
    lambda: FeishuApp("https://feishu.example", "cli", APP_SECRET, "  "),
]


@pytest.mark.parametrize("make", BAD)
def test_settings_that_cannot_be_used(make: Callable[[], Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        make()
    for text in texts_of(caught.value):
        for secret in (HOOK_TOKEN, HOOK_SECRET, APP_SECRET):
            assert secret not in text


# Tokens of an app


def requested(server: Feishu, path: str) -> int:
    return sum(each.path == path for each in server.requests)


def test_a_token_is_kept_and_replaced_in_time(server: Feishu, time: FakeTime) -> None:
    sink = app(server.url, time)
    for _ in range(3):
        assert sent(sink).state is SENT
        time.now += 60
    assert requested(server, TOKEN) == 1
    time.now += 7_200 - 600 - 180 - 1
    assert sent(sink).state is SENT
    assert requested(server, TOKEN) == 1
    time.now += 2
    assert sent(sink).state is SENT
    assert requested(server, TOKEN) == 2


def test_a_token_that_is_refused_is_replaced_once(server: Feishu, time: FakeTime) -> None:
    sink = app(server.url, time)
    sent(sink)
    server.forget_tokens()
    assert sent(sink, uuid="u2").state is SENT
    assert (requested(server, TOKEN), requested(server, MESSAGES), time.waits) == (2, 3, [])
    assert len(server.messages) == 2


def test_a_token_that_is_refused_for_reading_too(server: Feishu, time: FakeTime) -> None:
    server.faults.append(Trouble(CHATS, status=400, body=body(99991668)))
    assert sent(app(server.url, time, "CI Status Report")).state is SENT
    assert requested(server, TOKEN) == 2


@pytest.mark.parametrize("code", [10003, 10014, 99991543])
def test_an_app_that_is_refused(server: Feishu, time: FakeTime, code: int) -> None:
    server.faults.append(Trouble(TOKEN, status=400, body=body(code, f"no app with {APP_SECRET}")))
    outcome = sent(app(server.url, time))
    assert (outcome.state, outcome.code, outcome.rejected) == (FAILED, code, False)
    assert "app_secret" in outcome.hint.replace("app-secret", "")
    assert "no app with ***" in outcome.reason


def test_a_wrong_secret(server: Feishu, time: FakeTime) -> None:
    outcome = sent(app(server.url, time, app_secret="another-app-secret"))
    assert (outcome.state, outcome.code) == (FAILED, 10014)


@pytest.mark.parametrize(
    "trouble", [{"hang_up": "after"}, {"status": 502}, {"status": 200}, {"cut": 20}, {"delay": 1.0}]
)
@pytest.mark.parametrize("path", [TOKEN, CHATS])
def test_questions_may_always_be_repeated(
    server: Feishu, time: FakeTime, path: str, trouble: dict[str, Any]
) -> None:
    server.faults.append(Trouble(path, **trouble))
    assert sent(app(server.url, time, "CI Status Report", timeout=0.4)).state is SENT
    assert time.waits == [1]


@pytest.mark.parametrize("path", [TOKEN, CHATS])
def test_questions_that_are_never_answered_leave_no_doubt(
    server: Feishu, time: FakeTime, path: str
) -> None:
    server.faults.extend(Trouble(path, hang_up="after") for _ in range(5))
    outcome = sent(app(server.url, time, "CI Status Report"))
    assert (outcome.state, time.waits) == (FAILED, [1, 2, 4, 8])
    assert requested(server, MESSAGES) == 0


@pytest.mark.parametrize(
    "said",
    [
        b'{"code":0}',
        b'{"code":0,"tenant_access_token":7,"expire":7200}',
        b'{"code":0,"tenant_access_token":"","expire":9}',
        b'{"code":0,"tenant_access_token":"t-a\\nb","expire":9}',
        b'{"code":0,"tenant_access_token":"t-a"}',
        HTML_PAGE,
    ],
)
def test_answers_without_a_token(server: Feishu, time: FakeTime, said: bytes) -> None:
    server.faults.append(Trouble(TOKEN, status=200, body=said))
    outcome = sent(app(server.url, time))
    assert (outcome.state, len(server.requests)) == (FAILED, 1)


def test_a_token_that_is_short_of_its_end_is_used_at_once(time: FakeTime) -> None:
    token = says(b'{"code":0,"tenant_access_token":"t-short","expire":60}')
    done = says(b'{"code":0,"data":{"message_id":"om_1"}}')
    with answering(token, done, token, done) as raw:
        sink = app(raw.url, time)
        assert [sent(sink).message_id for _ in range(2)] == ["om_1", "om_1"]
    assert b"Authorization: Bearer t-short" in raw.requests[3]


def test_a_token_that_comes_back_is_not_shown(time: FakeTime) -> None:
    token = says(b'{"code":0,"tenant_access_token":"t-0123456789","expire":7200}')
    refused = says(body(230002, "not for t-0123456789"), "400 Bad Request")
    with answering(token, refused) as raw:
        outcome = sent(app(raw.url, time))
    assert "not for ***" in outcome.reason


def test_threads_ask_for_one_token(server: Feishu, time: FakeTime) -> None:
    server.limits = Limits(group=(100, 1000))
    sink = app(server.url, time, pace=Pace(((100, 1.0),)))
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda n=n: outcomes.append(sink.send(TEXT, f"u{n}")))
        for n in range(10)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert [each.state for each in outcomes] == [SENT] * 10
    assert (requested(server, TOKEN), len(server.messages)) == (1, 10)


# An app's chat, by its name


def test_a_name_is_looked_for_on_all_pages_once(server: Feishu, time: FakeTime) -> None:
    server.chats = [Chat(f"oc_{n}", f"chat {n}") for n in range(250)] + [
        Chat("oc_ci", "CI 报告"),
        Chat("oc_out", "out", False),
    ]
    sink = app(server.url, time, " CI 报告 ")
    assert sink.resolve() == "oc_ci"
    assert sent(sink).state is SENT
    assert (requested(server, CHATS), server.messages[0].chat) == (3, "oc_ci")
    assert {each.query.get("page_size") for each in server.requests if each.path == CHATS} == {
        "100"
    }


def test_an_id_is_not_looked_for(server: Feishu, time: FakeTime) -> None:
    assert app(server.url, time, "oc_0a1B").resolve() == "oc_0a1B"
    assert server.requests == []


def resolved(sink: FeishuApp) -> Outcome:
    outcome = sink.resolve()
    assert isinstance(outcome, Outcome)
    return checked(outcome)


def test_a_name_that_two_chats_have(server: Feishu, time: FakeTime) -> None:
    server.chats = [Chat("oc_1", "CI"), Chat("oc_2", "CI"), Chat("oc_3", "CI ")]
    sink = app(server.url, time, "CI")
    outcome = resolved(sink)
    assert outcome == Outcome(
        FAILED, "2 chats have the name 'CI'.", "Set chat_id to one of their ids: oc_1, oc_2."
    )
    assert sent(sink) == outcome
    assert requested(server, MESSAGES) == 0


def test_a_name_that_no_chat_has(server: Feishu, time: FakeTime) -> None:
    server.chats = [Chat(f"oc_{n}", f"chat\n{n}") for n in range(12)]
    outcome = resolved(app(server.url, time, "CI"))
    assert outcome.reason == "No chat that the bot is in has the name 'CI'."
    assert outcome.hint.startswith(
        "Set chat_id to a name or an id of: oc_0 (chat\\n0), oc_1 (chat\\n1), "
    )
    assert outcome.hint.endswith(" and 2 more.")
    server.chats = []
    assert resolved(app(server.url, time, "CI")).reason == "The bot is in no chat."


def test_names_without_the_right_to_read_them(server: Feishu, time: FakeTime) -> None:
    server.scopes = {"im:message"}
    outcome = resolved(app(server.url, time, "CI"))
    assert (outcome.code, outcome.rejected) == (99991672, False)
    assert "im:chat:readonly" in outcome.hint


@pytest.mark.parametrize(
    "data", [None, [], {"has_more": True}, {"items": 3, "has_more": True, "page_token": "x"}]
)
def test_lists_of_chats_that_make_no_sense(server: Feishu, time: FakeTime, data: Any) -> None:
    server.faults.extend(Trouble(CHATS, status=200, body=body(0, data=data)) for _ in range(3))
    outcome = resolved(app(server.url, time, "CI"))
    assert (outcome.state, time.waits) == (FAILED, [])
    assert requested(server, CHATS) <= 2


def test_items_that_are_no_chats_are_left_out(server: Feishu, time: FakeTime) -> None:
    items = [
        None,
        {},
        {"chat_id": 7, "name": "CI"},
        {"chat_id": "../x", "name": "CI"},
        {"chat_id": "oc_1", "name": "CI"},
    ]
    server.faults.append(Trouble(CHATS, status=200, body=body(0, data={"items": items})))
    assert app(server.url, time, "CI").resolve() == "oc_1"


# What an app may have delivered is sent again, and stands once


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(MESSAGES, hang_up="after", after_storing=True),
        Trouble(MESSAGES, hang_up="after"),
        Trouble(MESSAGES, cut=9),
        Trouble(MESSAGES, status=502, body=HTML_PAGE, after_storing=True),
        Trouble(MESSAGES, status=500),
        Trouble(MESSAGES, status=200),
        Trouble(MESSAGES, delay=1.0),
    ],
)
def test_an_app_repeats_and_the_message_stands_once(
    server: Feishu, time: FakeTime, trouble: Trouble
) -> None:
    server.faults.append(trouble)
    outcome = sent(app(server.url, time, timeout=0.4))
    assert (outcome.state, outcome.message_id, time.waits) == (
        SENT,
        server.messages[0].message_id,
        [1],
    )
    assert [each.uuid for each in server.messages] == ["u1"]


def test_an_app_that_never_gets_an_answer_is_uncertain(server: Feishu, time: FakeTime) -> None:
    server.faults.extend(Trouble(MESSAGES, hang_up="after", after_storing=True) for _ in range(9))
    outcome = sent(app(server.url, time))
    assert (outcome.state, time.waits, len(server.messages)) == (UNCERTAIN, [1, 2, 4, 8], 1)
    assert "tried 5 times" in outcome.reason


def test_a_lost_answer_stays_uncertain_whatever_comes_after_it(
    server: Feishu, time: FakeTime
) -> None:
    server.faults.append(Trouble(MESSAGES, hang_up="after", after_storing=True))
    server.faults.extend(Trouble(MESSAGES, status=503) for _ in range(9))
    assert sent(app(server.url, time)).state is UNCERTAIN


def test_a_content_that_is_refused_after_a_lost_answer_did_not_arrive(
    server: Feishu, time: FakeTime
) -> None:
    server.faults.append(Trouble(MESSAGES, hang_up="after", after_storing=True))
    outcome = sent(
        app(server.url, time),
        FeishuMessage("interactive", {"schema": "2.0", "body": {"elements": [{"tag": "no"}]}}),
    )
    assert (outcome.state, outcome.rejected, server.messages) == (FAILED, True, [])


def test_the_gateways_limit_is_obeyed(server: Feishu, time: FakeTime) -> None:
    headers = {"x-ogw-ratelimit-limit": "50", "x-ogw-ratelimit-reset": "23"}
    server.faults.append(Trouble(MESSAGES, status=429, body=body(99991400), headers=headers))
    server.faults.append(Trouble(MESSAGES, status=400, body=body(99991400), headers=headers))
    assert sent(app(server.url, time)).state is SENT
    assert time.waits == [23, 23]


def test_a_limit_beyond_the_budget_is_told(server: Feishu, time: FakeTime) -> None:
    headers = {"x-ogw-ratelimit-reset": "3000"}
    server.faults.append(Trouble(MESSAGES, status=429, body=body(99991400), headers=headers))
    outcome = sent(app(server.url, time))
    assert (outcome.state, outcome.code, time.waits) == (FAILED, 99991400, [])
    assert "the server asks to wait 3,000 s" in outcome.reason


def test_other_bots_of_the_chat_use_up_its_limit(server: Feishu, time: FakeTime) -> None:
    for number in range(5):
        sent(app(server.url, time), uuid=f"other {number}")
    assert sent(app(server.url, time)).state is SENT
    assert [each.code for each in server.requests if each.path == MESSAGES][-2:] == [230020, 0]
    assert time.waits == [1]


def test_a_bot_that_is_not_in_the_chat(server: Feishu, time: FakeTime) -> None:
    outcome = sent(app(server.url, time, "oc_other"))
    assert (outcome.state, outcome.code) == (FAILED, 230002)
    assert "Add the bot to the chat" in outcome.hint
    assert "; log_id 2026" in outcome.reason


@pytest.mark.parametrize("uuid", ["", "x" * 51])
def test_uuids_that_feishu_does_not_take(server: Feishu, time: FakeTime, uuid: str) -> None:
    with pytest.raises(ValueError, match="50"):
        app(server.url, time).send(TEXT, uuid)
    assert server.requests == []


# What is wrong with a card


@pytest.mark.parametrize(
    ("msg", "expected"),
    [
        (
            "Failed to create card content, ext=ErrCode: 11310; "
            "ErrMsg: element exceeds the limit; ErrorValue: ; ",
            CardError(11310, "element exceeds the limit", ""),
        ),
        (
            "ext=ErrCode: 200550; ErrMsg: chart spec is invalid; "
            "ErrPath: a -> b; ErrorValue: - data; no values\n;",
            CardError(200550, "chart spec is invalid", "- data; no values", "a -> b"),
        ),
        ("ext=ErrCode: 100290", CardError(100290, "", "")),
        ("ext=chat rate limit", None),
        ("", None),
        ("ErrCode: " + "; " * 5_000 + "x", None),
    ],
)
def test_the_trouble_within_a_trouble(msg: str, expected: CardError | None) -> None:
    assert card_error(msg) == expected


def test_a_card_that_is_refused_says_why(server: Feishu, time: FakeTime) -> None:
    card = {"schema": "2.0", "body": {"elements": [{"tag": "action", "actions": []}]}}
    outcome = sent(app(server.url, time), FeishuMessage("interactive", card))
    assert (outcome.state, outcome.code, outcome.rejected) == (FAILED, 230099, True)
    assert f"code 230099: 200861, {CARD_ERRORS[200861]}; " in outcome.reason
    assert "unsupported tag action" in outcome.reason

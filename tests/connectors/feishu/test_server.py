"""Tests of the stand-in for Feishu: every rule, code and fault.

Plain requests and the vendor's own SDK call it.
"""

import importlib.util
import json
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.drawn import full
from tests.support.feishu import HTML_PAGE, Chat, Feishu, Hook, Limits, Trouble, running, sign

Json = dict[str, Any]

TEXT: Json = {"msg_type": "text", "content": {"text": "ci-stat: 3 failures"}}
CARD: Json = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "ci-stat"}]}}
POST: Json = {
    "zh_cn": {"title": "CI", "content": [[{"tag": "a", "text": "t", "href": "https://ci.example"}]]}
}
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 4, 4, 8, 2, 0, 0, 0) + b"rest"
TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"
SEND_PATH = "/open-apis/im/v1/messages"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[Feishu]:
    with running(now=clock) as started:
        yield started


def hook(server: Feishu, body: Any, token: str = "hook-token") -> Json:
    """The answer of a webhook, which has HTTP 200 whatever is in it."""
    given = requests.post(server.hook_url(token), json=body, timeout=5)
    assert given.status_code == 200
    assert server.requests[-1].code == given.json().get("code")
    return dict(given.json())


def token_of(server: Feishu) -> str:
    body = {"app_id": server.app_id, "app_secret": server.app_secret}
    return str(
        requests.post(server.url + TOKEN_PATH, json=body, timeout=5).json()["tenant_access_token"]
    )


def send(
    server: Feishu, given: Any, msg_type: str = "interactive", token: str = "", **more: Any
) -> requests.Response:
    text = given if isinstance(given, str) else json.dumps(given)
    body = {"receive_id": "oc_1", "msg_type": msg_type, "content": text} | more
    headers = {"Authorization": f"Bearer {token or token_of(server)}"}
    query = {"receive_id_type": "chat_id"}
    return requests.post(
        server.url + SEND_PATH, params=query, json=body, headers=headers, timeout=5
    )


def upload(
    server: Feishu, data: bytes = PNG, kind: str = "message", **files: Any
) -> requests.Response:
    headers = {"Authorization": f"Bearer {token_of(server)}"}
    return requests.post(
        f"{server.url}/open-apis/im/v1/images",
        data={"image_type": kind},
        files=files or {"image": ("chart.png", data)},
        headers=headers,
        timeout=5,
    )


@pytest.mark.parametrize(
    ("stamp", "secret", "signature"),
    [
        (1599360473, "demo", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="),
        (1700000000, "ci-stat-test-secret", "oCCigutbR+B8WzyOIfH9lYTi6YdG4YzLgMKEXOI1qBY="),
    ],
)
def test_signatures_that_are_known(stamp: int, secret: str, signature: str) -> None:
    assert sign(stamp, secret) == signature


def test_a_text_by_webhook(server: Feishu) -> None:
    good = {"code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success"}
    assert hook(server, TEXT) == good
    (message,) = server.messages
    assert (message.way, message.chat, message.msg_type) == ("webhook", "oc_hook", "text")
    assert message.content == TEXT["content"]
    assert message.size == len(json.dumps(TEXT))


def test_old_and_newer_bots_answer_in_their_own_way(server: Feishu) -> None:
    server.hooks |= {"old": Hook(answer="old"), "extra": Hook(answer="extra")}
    assert hook(server, TEXT, "old") == {"StatusCode": 0, "StatusMessage": "success"}
    assert hook(server, TEXT, "extra")["Extra"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"msg_type": "post", "content": {"post": POST}},
        {"msg_type": "interactive", "card": CARD},
        {"msg_type": "interactive", "card": {}},
        {"msg_type": "share_chat", "content": {"share_chat_id": "oc_1"}},
    ],
)
def test_other_kinds_by_webhook(server: Feishu, body: Json) -> None:
    assert hook(server, body)["code"] == 0


BAD_FORMS = {
    "no kind": ({"content": {"text": "x"}}, 19002),
    "unknown kind": ({"msg_type": "audio", "content": {}}, 19002),
    "no content": ({"msg_type": "text"}, 19002),
    "text as a string": ({"msg_type": "text", "content": "x"}, 19002),
    "card as a string": ({"msg_type": "interactive", "card": json.dumps(CARD)}, 19002),
    "card as content": ({"msg_type": "interactive", "content": CARD}, 19002),
    "unknown field": (TEXT | {"uuid": "1"}, 19002),
    "text of no text": ({"msg_type": "text", "content": {"text": 1}}, 19002),
    "post without its level": ({"msg_type": "post", "content": POST}, 19002),
    "unknown node": (
        {"msg_type": "post", "content": {"post": {"zh_cn": {"content": [[{"tag": "md"}]]}}}},
        19002,
    ),
    "unknown image": ({"msg_type": "image", "content": {"image_key": "img_0"}}, 19002),
    "no object": ([TEXT], 9499),
    "bad card": ({"msg_type": "interactive", "card": CARD | {"fallback": {}}}, 11246),
    "image": (
        {
            "msg_type": "interactive",
            "card": {"elements": [{"tag": "markdown", "content": "![](k)"}]},
        },
        11246,
    ),
}


@pytest.mark.parametrize(("body", "code"), BAD_FORMS.values(), ids=BAD_FORMS)
def test_bodies_that_do_not_fit(server: Feishu, body: Any, code: int) -> None:
    assert hook(server, body)["code"] == code
    assert server.messages == []


def test_faults_of_cards_tell_their_own_code(server: Feishu) -> None:
    card = {"schema": "2.0", "body": {"elements": [{"tag": "note"}]}}
    assert hook(server, {"msg_type": "interactive", "card": card})["msg"].startswith(
        "ErrCode: 200861; ErrPath: ROOT"
    )
    told = send(server, card).json()
    assert told["code"] == 230099
    assert told["msg"].startswith(
        "Failed to create card content, ext=ErrCode: 200861; ErrPath: ROOT -> body"
    )


@pytest.mark.parametrize(
    "href", ["ftp://a.example", "javascript:alert(1)", "ci.example", "https://", "https://a b"]
)
def test_an_illegal_href_fails_the_whole_post(server: Feishu, href: str) -> None:
    post = {
        "zh_cn": {
            "content": [[{"tag": "text", "text": "x"}, {"tag": "a", "text": "t", "href": href}]]
        }
    }
    told = hook(server, {"msg_type": "post", "content": {"post": post}})
    assert told == {"code": 19002, "data": {}, "msg": "params error, illegal href"}
    assert send(server, post, "post").json()["code"] == 230001


def test_checks_come_in_their_order(server: Feishu) -> None:
    strict = Hook(secret="s", keywords=("nightly",), addresses=("10.0.0.0/8",))
    server.hooks["strict"] = strict
    server.limits = Limits(hook=(0, 0))
    url = server.hook_url("strict")
    seen = [requests.post(server.hook_url("unknown"), data="{", timeout=5).json()["code"]]
    seen += [
        requests.post(
            url, data="{", headers={"Content-Type": "application/json"}, timeout=5
        ).json()["code"]
    ]
    seen += [hook(server, {}, "strict")["code"], hook(server, TEXT, "strict")["code"]]
    strict.addresses = ("10.0.0.0/8", "127.0.0.1")
    seen += [hook(server, TEXT, "strict")["code"]]
    signed = TEXT | {"timestamp": "1700000000", "sign": sign(1_700_000_000, "s")}
    seen += [hook(server, signed, "strict")["code"]]
    strict.keywords = ("ci-stat",)
    seen += [hook(server, signed, "strict")["code"]]
    assert seen == [19001, 9499, 19002, 19022, 19021, 19024, 11232]


def test_other_content_types_and_too_much_are_bad_requests(server: Feishu) -> None:
    assert requests.post(server.hook_url(), data=json.dumps(TEXT), timeout=5).json()["code"] == 9499
    assert hook(server, {"msg_type": "text", "content": {"text": "x" * 20_480}})["code"] == 9499
    fits = 20_480 - len(json.dumps({"msg_type": "text", "content": {"text": ""}}))
    assert hook(server, {"msg_type": "text", "content": {"text": "x" * fits}})["code"] == 0
    body = '{"msg_type": "text", "content": {"text": NaN}}'
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert (
        requests.post(server.hook_url(), data=body, headers=headers, timeout=5).json()["code"]
        == 9499
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"timestamp": "1700000000", "sign": sign(1_700_000_000, "s")}, 0),
        ({"timestamp": 1700000000, "sign": sign(1_700_000_000, "s")}, 0),
        ({"timestamp": "1699996400", "sign": sign(1_699_996_400, "s")}, 0),
        ({"timestamp": "1699996399", "sign": sign(1_699_996_399, "s")}, 19021),
        ({"timestamp": "1700003601", "sign": sign(1_700_003_601, "s")}, 19021),
        ({"timestamp": "1700000000", "sign": sign(1_700_000_001, "s")}, 19021),
        ({"timestamp": "1700000000", "sign": sign(1_700_000_000, "other")}, 19021),
        ({"timestamp": "soon", "sign": ""}, 19021),
        ({"timestamp": "1700000000"}, 19021),
        ({}, 19021),
    ],
)
def test_signatures_and_the_clock(server: Feishu, given: Json, code: int) -> None:
    server.hooks["signed"] = Hook(secret="s")
    assert hook(server, TEXT | given, "signed")["code"] == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"msg_type": "text", "content": {"text": "a key word"}}, 0),
        ({"msg_type": "text", "content": {"text": "a Key word"}}, 19024),
        (
            {
                "msg_type": "interactive",
                "card": {"header": {"title": {"tag": "plain_text", "content": "key"}}},
            },
            0,
        ),
        ({"msg_type": "post", "content": {"post": {"zh_cn": {"title": "key", "content": []}}}}, 0),
        (
            {
                "msg_type": "post",
                "content": {
                    "post": {
                        "zh_cn": {
                            "content": [[{"tag": "a", "text": "t", "href": "https://key.example"}]]
                        }
                    }
                },
            },
            19024,
        ),
    ],
)
def test_keywords_are_looked_for_in_texts_and_not_in_links(
    server: Feishu, body: Json, code: int
) -> None:
    server.hooks["hook-token"].keywords = ("nightly", "key")
    assert hook(server, body)["code"] == code


def test_answers_tell_the_clock_that_signatures_are_judged_by(server: Feishu) -> None:
    given = requests.post(server.hook_url(), json=TEXT, timeout=5)
    assert given.headers["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_five_a_second_and_a_hundred_a_minute(server: Feishu, clock: Clock) -> None:
    seen = [hook(server, TEXT)["code"] for _ in range(6)]
    assert seen == [0, 0, 0, 0, 0, 11232]
    server.limits = Limits(hook=(1000, 10))
    clock.seconds += 1
    seen = [hook(server, TEXT)["code"] for _ in range(6)]
    assert seen == [0, 0, 0, 0, 0, 11232]
    clock.seconds += 59
    assert hook(server, TEXT)["code"] == 0  # the first five were a minute ago


def test_paths_and_methods_are_strict(server: Feishu) -> None:
    for path in (
        f"{TOKEN_PATH}/",
        "/open-apis/bot/v2/hook/",
        "/open-apis/bot/v2/hook/hook-token/",
        "//open-apis",
        "/",
    ):
        assert requests.post(server.url + path, json={}, timeout=5).status_code == 404
    assert requests.get(server.url + TOKEN_PATH, timeout=5).status_code == 405
    assert requests.post(f"{server.url}/open-apis/im/v1/chats", timeout=5).status_code == 405
    assert requests.put(server.hook_url(), json=TEXT, timeout=5).status_code == 405
    assert requests.head(server.hook_url(), timeout=5).status_code == 405
    assert [each.code for each in server.requests] == [None] * 9


def test_a_token_lives_two_hours_and_is_the_same_until_half_an_hour_before(
    server: Feishu, clock: Clock
) -> None:
    body = {"app_id": server.app_id, "app_secret": server.app_secret}

    def ask() -> Json:
        return dict(requests.post(server.url + TOKEN_PATH, json=body, timeout=5).json())

    first = ask()
    assert first.keys() == {"code", "msg", "tenant_access_token", "expire"}
    assert (first["code"], first["msg"], first["expire"]) == (0, "ok", 7200)
    clock.seconds += 5400
    assert ask() == first | {"expire": 1800}
    clock.seconds += 1
    second = ask()
    assert second["expire"] == 7200
    old, new = first["tenant_access_token"], second["tenant_access_token"]
    assert old != new
    assert [send(server, CARD, token=each).json()["code"] for each in (old, new)] == [0, 0]
    clock.seconds += 1799
    assert [send(server, CARD, token=each).json()["code"] for each in (old, new)] == [99991663, 0]
    server.forget_tokens()
    assert send(server, CARD, token=new).json()["code"] == 99991663


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"app_id": "cli_test", "app_secret": "wrong"}, 10014),
        ({"app_id": "wrong", "app_secret": "app-secret"}, 10014),
        ({"app_id": "cli_test"}, 10003),
        ([], 9499),
    ],
)
def test_wrong_credentials(server: Feishu, body: Any, code: int) -> None:
    given = requests.post(server.url + TOKEN_PATH, json=body, timeout=5)
    assert (given.status_code, given.json()["code"]) == (400, code)


def test_a_card_by_the_app(server: Feishu) -> None:
    given = send(server, CARD, uuid="u1")
    data = given.json()["data"]
    assert (given.status_code, given.json()["code"], given.json()["msg"]) == (200, 0, "success")
    assert data["message_id"].startswith("om_")
    assert (data["chat_id"], data["msg_type"]) == ("oc_1", "interactive")
    assert json.loads(data["body"]["content"]) == CARD
    assert data["create_time"] == "1700000000000"
    assert given.headers["X-Tt-Logid"]
    (message,) = server.messages
    assert (message.way, message.chat, message.content, message.uuid) == ("app", "oc_1", CARD, "u1")
    assert message.size == len(server.requests[-1].body)
    assert message.message_id == data["message_id"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [("text", {"text": "x"}), ("post", POST), ("share_chat", {"share_chat_id": "oc_1"})],
)
def test_other_kinds_by_the_app(server: Feishu, kind: str, content: Json) -> None:
    assert send(server, content, kind).json()["code"] == 0


BAD_MESSAGES = {
    "group of others": (CARD, {"receive_id": "oc_2"}, 230002),
    "left group": (CARD, {"receive_id": "oc_left"}, 230002),
    "unknown field": (CARD, {"chat_id": "oc_1"}, 230001),
    "content as an object": (CARD, {"content": CARD}, 230001),
    "long uuid": (CARD, {"uuid": "u" * 51}, 230001),
    "card that is no JSON": ("{", {}, 230099),
    "card within a card": ({"card": CARD}, {}, 230099),
    "text that is no JSON": ("hello", {"msg_type": "text"}, 230001),
    "post as on a webhook": ({"post": POST}, {"msg_type": "post"}, 230001),
    "unknown image": ({"image_key": "img_0"}, {"msg_type": "image"}, 230001),
    "kind": ({}, {"msg_type": "gift"}, 230054),
    "large card": ({"elements": [{"tag": "markdown", "content": "x" * 30_720}]}, {}, 230025),
    "large text": ({"text": "x" * 153_600}, {"msg_type": "text"}, 230025),
    "forbidden word": ({"text": "a secret project"}, {"msg_type": "text"}, 230022),
    "private number": ({"text": "call 13800138000"}, {"msg_type": "text"}, 230028),
}


@pytest.mark.parametrize(("content", "more", "code"), BAD_MESSAGES.values(), ids=BAD_MESSAGES)
def test_messages_that_are_refused(server: Feishu, content: Any, more: Json, code: int) -> None:
    server.chats.append(Chat("oc_left", member=False))
    server.words, server.private = ["secret project"], [r"\b1\d{10}\b"]
    given = send(server, content, **more)
    told = given.json()
    assert (given.status_code, told["code"]) == (400, code)
    assert told["error"]["log_id"] == given.headers["X-Tt-Logid"]
    assert server.messages == []


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, 99991661),
        ("t-1", 99991671),
        ("Basic t-1", 99991671),
        ("Bearer x-1", 99991671),
        ("Bearer t-1", 99991663),
    ],
)
def test_tokens_that_are_refused(server: Feishu, header: str | None, code: int) -> None:
    headers = {"Authorization": header} if header else {}
    url = f"{server.url}/open-apis/im/v1/chats"
    assert requests.get(url, headers=headers, timeout=5).json()["code"] == code


def test_scopes_and_receivers(server: Feishu) -> None:
    headers = {"Authorization": f"Bearer {token_of(server)}"}
    body = {"receive_id": "ou_1", "msg_type": "text", "content": '{"text": "x"}'}
    codes = []
    server.users = {"ou_1"}
    for query in (
        {},
        {"receive_id_type": "name"},
        {"receive_id_type": "open_id", "x": ""},
        {"receive_id_type": "open_id"},
    ):
        given = requests.post(
            server.url + SEND_PATH, params=query, json=body, headers=headers, timeout=5
        )
        codes.append(given.json()["code"])
    server.users.clear()
    codes.append(requests.post(given.url, json=body, headers=headers, timeout=5).json()["code"])
    server.scopes.clear()
    codes.append(requests.post(given.url, json=body, headers=headers, timeout=5).json()["code"])
    codes.append(
        requests.get(f"{server.url}/open-apis/im/v1/chats", headers=headers, timeout=5).json()[
            "code"
        ]
    )
    assert codes == [230001, 230001, 230001, 0, 230013, 99991672, 99991672]


def test_one_uuid_is_one_message_for_an_hour(server: Feishu, clock: Clock) -> None:
    first = send(server, CARD, uuid="u" * 50).json()["data"]["message_id"]
    clock.seconds += 3599
    again = send(server, {"text": "other"}, "text", uuid="u" * 50).json()
    assert (again["code"], again["data"]["message_id"]) == (0, first)
    assert len(server.messages) == 1
    clock.seconds += 1
    assert send(server, CARD, uuid="u" * 50).json()["data"]["message_id"] != first


def test_a_group_may_forbid_to_call_everybody(server: Feishu) -> None:
    server.chats[0].forbids_all = server.hooks["hook-token"].forbids_all = True
    call = {"elements": [{"tag": "markdown", "content": "<at id=all></at>"}]}
    quiet = {"elements": [{"tag": "markdown", "content": "&#60;at id=all>"}]}
    assert [send(server, each).json()["code"] for each in (call, quiet)] == [230018, 0]
    assert [
        hook(server, {"msg_type": "interactive", "card": each})["code"] for each in (call, quiet)
    ] == [230018, 0]


def test_a_group_takes_five_a_second(server: Feishu, clock: Clock) -> None:
    token = token_of(server)
    codes = [send(server, CARD, token=token).json()["code"] for _ in range(6)]
    assert codes == [0, 0, 0, 0, 0, 230020]
    clock.seconds += 1
    assert send(server, CARD, token=token).json()["code"] == 0


def test_the_app_is_told_how_long_to_wait(server: Feishu, clock: Clock) -> None:
    server.limits = Limits(app=(50, 1))
    token = token_of(server)
    send(server, CARD, token=token)
    clock.seconds += 12.5
    given = send(server, CARD, token=token)
    assert (given.status_code, given.json()["code"]) == (429, 99991400)
    assert (given.headers["x-ogw-ratelimit-limit"], given.headers["x-ogw-ratelimit-reset"]) == (
        "50",
        "48",
    )


def test_groups_come_in_pages(server: Feishu) -> None:
    server.chats = [Chat(f"oc_{n}", f"group {n}", member=n != 3) for n in range(45)]
    headers = {"Authorization": f"Bearer {token_of(server)}"}
    url = f"{server.url}/open-apis/im/v1/chats"
    sizes, names, page = [], [], ""
    while True:
        data = requests.get(url, params={"page_token": page}, headers=headers, timeout=5).json()[
            "data"
        ]
        sizes.append(len(data["items"]))
        names += [each["name"] for each in data["items"]]
        page = data["page_token"]
        if not data["has_more"]:
            break
    assert sizes == [20, 20, 4]
    assert names == [f"group {n}" for n in range(45) if n != 3]
    for bad in (
        {"page_size": "101"},
        {"page_size": "0"},
        {"page_size": "x"},
        {"name": "x"},
        {"sort_type": "x"},
    ):
        assert requests.get(url, params=bad, headers=headers, timeout=5).json()["code"] == 99992402


def test_images_are_uploaded_and_then_known(server: Feishu) -> None:
    key = upload(server).json()["data"]["image_key"]
    assert server.images == {key: PNG}
    card = {
        "elements": [{"tag": "img", "img_key": key, "alt": {"tag": "plain_text", "content": ""}}]
    }
    assert send(server, card).json()["code"] == 0
    assert hook(server, {"msg_type": "interactive", "card": card})["code"] == 0
    assert hook(server, {"msg_type": "image", "content": {"image_key": key}})["code"] == 0


@pytest.mark.parametrize(
    ("data", "kind", "files", "code"),
    [
        (PNG, "photo", {}, 234001),
        (PNG, "message", {"file": ("a.png", PNG)}, 234001),
        (b"", "message", {}, 234010),
        (b"GIF87", "message", {}, 234011),
        (PNG + bytes(10 * 1024 * 1024), "message", {}, 234006),
        (b"GIF89a" + struct.pack("<HH", 2001, 1), "message", {}, 234039),
        (PNG[:16] + struct.pack(">II", 1, 12001), "message", {}, 234039),
    ],
)
def test_images_that_are_refused(
    server: Feishu, data: bytes, kind: str, files: Json, code: int
) -> None:
    assert upload(server, data, kind, **files).json()["code"] == code
    assert server.images == {}


def test_answers_can_be_replaced(server: Feishu) -> None:
    server.faults += [
        Trouble(status=502, headers={"Retry-After": "7"}, body=b"bad gateway"),
        Trouble(status=200, body=HTML_PAGE),
        Trouble(status=200),
        Trouble(status=200, body=b"{}", after_storing=True),
    ]
    seen = [requests.post(server.hook_url(), json=TEXT, timeout=5) for _ in range(5)]
    assert [(each.status_code, each.content) for each in seen[:4]] == [
        (502, b"bad gateway"),
        (200, HTML_PAGE),
        (200, b""),
        (200, b"{}"),
    ]
    assert seen[0].headers["Retry-After"] == "7"
    assert seen[4].json()["code"] == 0
    assert len(server.messages) == 2  # the one whose answer was lost, and the last
    assert [each.status for each in server.requests] == [502, 200, 200, 200, 200]


@pytest.mark.parametrize(
    ("trouble", "stored"),
    [
        (Trouble(hang_up="before"), 0),
        (Trouble(hang_up="after"), 0),
        (Trouble(hang_up="after", after_storing=True), 1),
        (Trouble(cut=10), 1),
        (Trouble(status=200, body=HTML_PAGE, cut=10), 0),
    ],
)
def test_connections_can_break(server: Feishu, trouble: Trouble, stored: int) -> None:
    server.faults.append(trouble)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.post(server.hook_url(), json=TEXT, timeout=5)
    assert len(server.messages) == stored
    assert hook(server, TEXT)["code"] == 0


def test_a_slow_answer_is_to_a_message_that_stands(server: Feishu) -> None:
    server.faults.append(Trouble(delay=0.5))
    begin = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        requests.post(server.hook_url(), json=TEXT, timeout=0.2)
    assert time.monotonic() - begin < 0.5
    assert len(server.messages) == 1


def test_a_fault_waits_for_its_path(server: Feishu) -> None:
    server.faults.append(Trouble(path=SEND_PATH, status=500))
    assert hook(server, TEXT)["code"] == 0
    assert send(server, CARD).status_code == 500
    assert send(server, CARD).json()["code"] == 0


def test_many_at_once(server: Feishu) -> None:
    server.limits = Limits(group=(1000, 1000))
    token = token_of(server)
    codes: list[int] = []
    workers = [
        threading.Thread(
            target=lambda: codes.append(send(server, CARD, token=token, uuid="same").json()["code"])
        )
        for _ in range(16)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert codes == [0] * 16
    assert len(server.messages) == 1
    assert len(server.requests) == 17


SDK = """
import json, sys
import lark_oapi as lark
from lark_oapi.api.im.v1 import (
    CreateImageRequest,
    CreateImageRequestBody,
    CreateMessageRequest,
    CreateMessageRequestBody,
    ListChatRequest,
)
from lark_oapi.channel.card.builder import new_card

url, card, png = sys.argv[1:]
client = lark.Client.builder().app_id("cli_test").app_secret("app-secret").domain(url).build()

def send(content, uuid):
    body = CreateMessageRequestBody.builder().receive_id("oc_1").msg_type("interactive")
    body = body.content(content).uuid(uuid).build()
    request = CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build()
    return client.im.v1.message.create(request)

sent, again, refused = send(card, "u"), send(card, "u"), send('{"schema": "2.0", "x": 1}', "v")
chats = client.im.v1.chat.list(ListChatRequest.builder().page_size(1).build())
body = CreateImageRequestBody.builder().image_type("message").image(open(png, "rb")).build()
image = client.im.v1.image.create(CreateImageRequest.builder().request_body(body).build())
built = new_card().header(title="CI", template="red").markdown("**x**").divider()
built = built.table(["a"], [["1"]]).to_dict()
print(json.dumps({
    "sent": [sent.code, sent.data.message_id, sent.data.chat_id], "again": again.data.message_id,
    "refused": [refused.code, refused.msg, refused.get_log_id() != ""],
    "chats": [[each.chat_id, each.name] for each in chats.data.items], "more": chats.data.has_more,
    "image": image.data.image_key, "built": built,
}))
"""


@full
def test_the_vendors_sdk_is_content_with_the_answers(server: Feishu, tmp_path: Path) -> None:
    """In a process of its own: its import takes up to 10 s, and warns."""
    if importlib.util.find_spec("lark_oapi") is None:
        pytest.skip("lark_oapi is not installed")
    server.chats.append(Chat("oc_2", "other"))
    picture = tmp_path / "chart.png"
    picture.write_bytes(PNG)
    arguments = [sys.executable, "-c", SDK, server.url, json.dumps(CARD), str(picture)]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    (message,) = server.messages
    assert found["sent"] == [0, message.message_id, "oc_1"]
    assert found["again"] == message.message_id
    assert (message.content, message.uuid) == (CARD, "u")
    code, told, has_log_id = found["refused"]
    assert (code, has_log_id) == (230099, True)
    assert "ErrCode: 200621; " in told
    assert (found["chats"], found["more"]) == ([["oc_1", "CI Status Report"]], True)
    assert server.images == {found["image"]: PNG}
    assert send(server, found["built"]).json()["code"] == 0
    asked = [each.path for each in server.requests]
    assert (
        asked.count(TOKEN_PATH) == 2
    )  # the SDK's own, kept for all its requests, and the one for the line before

"""Frames, their schema, and the files that describe them."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ci_stat.commit_tests.model import Outcome, OutputLine, RunResult, Step
from ci_stat.commit_tests.protocol.coding import (
    InvalidFrame,
    decode_client,
    decode_server,
    encode,
)
from ci_stat.commit_tests.protocol.events import (
    RunFinished,
    RunProgress,
    SessionRequest,
    counted,
    error_of,
)
from ci_stat.commit_tests.protocol.frames import (
    VERSION,
    Accepted,
    Ack,
    Attach,
    Cancel,
    Detach,
    ErrorFrame,
    EventFrame,
    Hello,
    ListSessions,
    LogPart,
    Logs,
    Ping,
    Pong,
    Sessions,
    SimpleRequest,
    Submit,
    Welcome,
)
from ci_stat.commit_tests.protocol.schema import schema, schema_text
from ci_stat.errors import CannotTell, DidNotPass
from tests.support.commit_server.scripted import AT
from tests.support.commit_server.serving import request

SCHEMA = Path(__file__).parents[3] / "docs" / "commit-tests-schema.json"

RESULT = RunResult(commit="a" * 40, outcome=Outcome.FAILED, started=AT, seconds=1.0, backend="b")
HOSTILE = OutputLine(step=Step.TEST, number=1, text="\x1b[31m\u202e\x00\U0001f600")

CLIENT = [
    Hello(versions=(VERSION,), token="secret"),
    Submit(request="1", session=request("a", environment=("A=1",))),
    Attach(request="2", session="abc", after=7),
    Ack(session="abc", seq=8),
    Detach(session="abc"),
    Cancel(request="3", session="abc"),
    ListSessions(request="4"),
    Logs(request="5", session="abc", index=0),
    Ping(number=1),
    Pong(number=1),
]
SERVER = [
    Welcome(version=1, server="s", user="u", backends=("local",), window=2, ping_seconds=1.0),
    Accepted(request="1", session="abc"),
    EventFrame(session="abc", seq=1, at="x", body=RunFinished(index=0, result=RESULT)),
    EventFrame(session="abc", seq=2, at="x", body=RunProgress(index=0, event=HOSTILE)),
    Sessions(request="4", sessions=()),
    LogPart(request="5", text="text"),
    ErrorFrame(code="refused", message="no", request="6"),
    Ping(),
    Pong(),
]


def _validator(kind: str) -> Any:
    return jsonschema.Draft202012Validator({**schema(), "anyOf": [{"$ref": f"#/$defs/{kind}"}]})


@pytest.mark.parametrize("frame", CLIENT, ids=lambda frame: type(frame).__name__)
def test_frame_of_a_client_is_read_as_it_was_sent(frame: Any) -> None:
    assert decode_client(encode(frame)) == frame
    _validator("ClientFrame").validate(json.loads(encode(frame)))


@pytest.mark.parametrize("frame", SERVER, ids=lambda frame: type(frame).__name__)
def test_frame_of_a_server_is_read_as_it_was_sent(frame: Any) -> None:
    assert decode_server(encode(frame)) == frame
    _validator("ServerFrame").validate(json.loads(encode(frame)))


def test_frame_is_one_line_of_text() -> None:
    assert "\n" not in encode(EventFrame(session="a", seq=1, at="x", body=_line("a\nb")))


def _line(text: str) -> RunProgress:
    return RunProgress(index=0, event=OutputLine(step=Step.TEST, number=1, text=text))


def test_simple_shape_is_recognised_by_its_fields() -> None:
    fields = {
        "ws_url": "ws://localhost:8080/ws",
        "repo_url": "https://example.org/r.git",
        "user_id": 17,
        "chat_id": "oc_1",
        "project_type": "fastapi",
        "test_command": "make test",
        "commits": ["HEAD~1", "HEAD"],
        "commit": "HEAD",
    }
    frame = decode_client(json.dumps(fields))
    assert isinstance(frame, SimpleRequest)
    assert (frame.commit, frame.user_id) == ("HEAD", 17)
    _validator("SimpleRequest").validate(fields)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "truncated"),
        ("[]", "Expected `object`"),
        ("{}", "missing required field `type`"),
        ('{"type":"unknown"}', "unknown"),
        ('{"type":"submit","request":"r"}', "session"),
        ('{"type":"submit","request":"","session":{}}', "length"),
        ('{"type":"ack","session":"a","seq":-1}', ">= 0"),
        ('{"type":"hello","versions":["1"]}', "versions"),
        ('{"type":"ping","more":' + "[" * 100_000, "recursion"),
        ('{"type":"welcome"}', "welcome"),
        ("\x00", "JSON"),
    ],
)
def test_invalid_frame_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(InvalidFrame) as caught:
        decode_client(text)
    assert problem.lower() in caught.value.message.lower()
    assert "docs/commit-tests.md" in caught.value.hint


def test_error_carries_the_id_of_an_invalid_request() -> None:
    text = '{"type":"submit","request":"r7","session":{"repository":"--upload-pack=x"}}'
    with pytest.raises(InvalidFrame) as caught:
        decode_client(text)
    assert caught.value.request == "r7"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"repository": "--upload-pack=touch x"}, "looks like an option"),
        ({"commits": ["-x"]}, "looks like an option"),
        ({"commits": []}, "No commit is named"),
        ({"commits": ["a"] * 1001}, "more than 1,000"),
        ({"command": ""}, "no command"),
        ({"environment": ["1A"]}, "Invalid variable"),
        ({"backend": "x" * 201}, "200 characters"),
        ({"surplus": 1}, "surplus"),
    ],
)
def test_invalid_session_is_refused(fields: dict[str, Any], problem: str) -> None:
    valid = {"repository": "https://example.org/r", "commits": ["a"], "command": "make"}
    frame = {"type": "submit", "request": "r", "session": valid | fields}
    with pytest.raises(InvalidFrame) as caught:
        decode_client(json.dumps(frame))
    assert problem in caught.value.message


def test_repr_shows_no_token_and_no_variable() -> None:
    shown = repr(CLIENT[0]) + repr(request("a", environment=("KEY=hunter2",)))
    assert "secret" not in shown
    assert "hunter2" not in shown


def test_schema_in_the_docs_is_that_of_the_code() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), (
        "python -m ci_stat.commit_tests.protocol.schema > docs/commit-tests-schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(schema())


def _error(*outcomes: Outcome) -> object:
    results = [RunResult(**{**_fields(), "outcome": outcome}) for outcome in outcomes]
    return type(error_of(counted(results)))


def _fields() -> dict[str, Any]:
    return {name: getattr(RESULT, name) for name in RESULT.__struct_fields__}


def test_exit_code_of_results() -> None:
    assert _error(Outcome.PASSED, Outcome.PASSED) is type(None)
    assert _error(Outcome.PASSED, Outcome.FAILED) is DidNotPass
    assert _error(Outcome.FAILED, Outcome.INFRASTRUCTURE) is DidNotPass
    assert _error(Outcome.TIMED_OUT) is DidNotPass
    assert _error(Outcome.OUT_OF_MEMORY, Outcome.PASSED) is DidNotPass
    assert _error(Outcome.PASSED, Outcome.INFRASTRUCTURE) is CannotTell
    assert _error(Outcome.CANCELLED) is CannotTell
    assert _error() is CannotTell


def test_request_for_one_commit_has_all_fields() -> None:
    session = SessionRequest(
        repository="https://example.org/r",
        commits=("a", "b"),
        command=("make", "test"),
        project_type="go",
        setup="make deps",
        environment=("A=1", "PATH"),
        network=True,
        junit=("out/*.xml",),
    )
    one = session.of_commit("b")
    shared = set(one.__struct_fields__) & set(session.__struct_fields__)
    assert shared == set(one.__struct_fields__) - {"commit"}
    assert all(getattr(one, name) == getattr(session, name) for name in shared)

"""The values of commit tests, and their JSON forms."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from ci_stat.commit_tests.model import (
    Event,
    Limits,
    LogFailure,
    Outcome,
    Output,
    OutputLine,
    RunEnded,
    RunResult,
    Step,
    StepEnded,
    StepResult,
    StepStarted,
    TestCounts,
    TestRequest,
    event_from_json,
)
from ci_stat.errors import UsageError

AT = datetime(2026, 12, 1, 6, 30, tzinfo=UTC)

STEP = StepResult(
    step=Step.TEST,
    outcome=Outcome.FAILED,
    started=AT,
    seconds=1.5,
    exit_code=1,
    detail="exit code 1",
)

RESULT = RunResult(
    commit="a" * 40,
    tree="b" * 40,
    outcome=Outcome.FAILED,
    started=AT,
    seconds=2.25,
    backend="local",
    exit_code=1,
    steps=(STEP,),
    output=Output(total_bytes=10, total_lines=2, tail="boom"),
    tests=TestCounts(files=1, failed=1, failed_names=("test_a",)),
    failures=(LogFailure(case="test_a", message="boom", fingerprint="0123"),),
)

EVENTS: list[Event] = [
    StepStarted(step=Step.CLONE, at=AT),
    OutputLine(step=Step.TEST, number=3, text="two\x1b[31m", skipped=1, is_cut=True),
    StepEnded(result=STEP),
    RunEnded(result=RESULT),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_survive_json(event: Event) -> None:
    assert event_from_json(event.to_json()) == event


def test_an_event_names_its_kind_on_one_line() -> None:
    line = OutputLine(step=Step.TEST, number=1, text="a\nb").to_json()

    assert line == (
        b'{"event":"output_line","step":"test","number":1,"text":"a\\nb","skipped":0,"is_cut":false}'
    )


@pytest.mark.parametrize("command", [("make", "test"), "make test && coverage report"])
def test_requests_survive_json(command: tuple[str, ...] | str) -> None:
    request = TestRequest(
        repository="https://example.org/a.git",
        commit="v1.0",
        command=command,
        project_type="python",
        setup=(),
        environment=("CI=1", "HOME_PAGE"),
        limits=Limits(seconds=10),
        network=True,
        junit=("out/*.xml",),
    )

    assert TestRequest.from_json(request.to_json()) == request


def test_the_representation_of_a_request_shows_no_values_of_variables() -> None:
    request = TestRequest(
        repository="https://user:hidden@example.org",
        commit="HEAD",
        command=("true",),
        environment=("TOKEN=hidden",),
    )

    assert "TOKEN" in repr(request)
    assert "hidden" not in repr(request)


@dataclass
class Wrong:
    json: str
    message: str


GOOD = '"repository": "a", "commit": "b", "command": ["c"]'

WRONG = {
    "no command": Wrong('{"repository": "a", "commit": "b"}', "missing required field `command`"),
    "empty command": Wrong(
        '{"repository": "a", "commit": "b", "command": []}', "There is no command to run"
    ),
    "nul": Wrong('{"repository": "a", "commit": "b", "command": "c\\u0000"}', "has a NUL"),
    "option as commit": Wrong(
        '{"repository": "a", "commit": "--upload-pack=x", "command": ["c"]}', "looks like an option"
    ),
    "option as repository": Wrong(
        '{"repository": "-ca", "commit": "b", "command": ["c"]}', "looks like an option"
    ),
    "control character": Wrong(
        '{"repository": "a", "commit": "b\\n", "command": ["c"]}', "has control characters"
    ),
    "unknown field": Wrong(f'{{{GOOD}, "image": "x"}}', "unknown field `image`"),
    "path as type": Wrong(f'{{{GOOD}, "project_type": "../x"}}', "Invalid project type"),
    "no limit": Wrong(f'{{{GOOD}, "limits": {{"memory": 0}}}}', "limit memory must be above 0"),
    "variable": Wrong(f'{{{GOOD}, "environment": ["A B=1"]}}', "Invalid variable name"),
    "no JSON": Wrong("{", "Invalid TestRequest"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_refused_with_its_field(wrong: Wrong) -> None:
    with pytest.raises(UsageError, match=wrong.message):
        TestRequest.from_json(wrong.json)

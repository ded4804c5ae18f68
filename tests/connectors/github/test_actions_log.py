"""Logs of jobs: through a signed address, without the token, resumed, and why there is none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ci_stat.connectors.github.actions import Actions
from ci_stat.connectors.github.actions_log import TRIES, job_log
from ci_stat.connectors.github.actions_place import SILENT, ActionsPlace
from ci_stat.logs.workers import LogOptions, read_log
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog
from tests.support.github import Fault, GitHub, actions_server
from tests.support.github.actions import Job

REPO = "pingcap/tidb"
TEXT = b"".join(b"2026-01-05T09:01:00.0000000Z line %d\n" % number for number in range(20_000))
FAILED = b"""\
2026-01-05T09:01:00.1234567Z ##[group]Run make test
2026-01-05T09:01:00.1234567Z ##[endgroup]
2026-01-05T09:01:01.1234567Z === RUN   TestMerge
2026-01-05T09:01:02.1234567Z     merge_test.go:42: got 3, want 4
2026-01-05T09:01:02.1234567Z --- FAIL: TestMerge (0.00s)
2026-01-05T09:01:03.1234567Z ##[error]Process completed with exit code 1.
"""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def github() -> Iterator[GitHub]:
    with actions_server() as server:
        yield server
        assert server.findings == []


@pytest.fixture
def actions(github: GitHub) -> Iterator[Actions]:
    with Actions(
        github.url, github.token, timeout=5, sleep=lambda _: None, between_reads=0
    ) as client:
        yield client


@pytest.fixture
def job(github: GitHub) -> Job:
    (made,) = github.actions.run("failure", at=datetime(2026, 1, 4, tzinfo=UTC)).last.jobs
    made.log = TEXT
    return made


def read(actions: Actions, job: Job, limit: int = 2**30) -> tuple[bytes, LogState, str]:
    with job_log(actions, REPO, job.id, limit) as log:
        content, buffer = b"", bytearray(30_000)
        while size := log.readinto(memoryview(buffer)):
            content += buffer[:size]
    return content.removeprefix(b"\xef\xbb\xbf"), log.state, log.detail


def test_a_log_is_read_at_its_signed_address(github: GitHub, actions: Actions, job: Job) -> None:
    """The storage refuses a request with a token."""
    assert read(actions, job) == (TEXT, LogState.READ, "")
    assert len(github.actions.downloads) == 1


def test_github_s_timestamps_hide_no_failure(github: GitHub, actions: Actions, job: Job) -> None:
    job.log = FAILED
    place = ActionsPlace(actions, lambda _job, _number: REPO)
    extraction = read_log((place,), LogOptions(), ("CI / test", job.id))
    (failure,) = extraction.failures
    assert (failure.name, failure.message) == ("TestMerge", "merge_test.go:42: got 3, want 4")
    assert "2026-01-05" not in failure.excerpt
    assert (extraction.state, extraction.lines) == (LogState.READ, 6)


@pytest.mark.parametrize("ranges", [True, False])
def test_an_interrupted_log_is_resumed(
    github: GitHub, actions: Actions, job: Job, ranges: bool
) -> None:
    github.actions.ranges = ranges
    github.actions.storage_faults = ["cut", 503]
    assert read(actions, job) == (TEXT, LogState.READ, "")
    assert len(github.actions.downloads) == 3


def test_a_log_that_changes_or_stays_broken_is_cut(
    github: GitHub, actions: Actions, job: Job
) -> None:
    github.actions.storage_faults = ["cut", *[503] * 20]
    content, state, detail = read(actions, job)
    assert TEXT.startswith(content)
    assert state is LogState.CUT
    assert "responded with status 503" in detail
    assert len(github.actions.downloads) == 1 + TRIES


def test_an_expired_address_is_requested_again(github: GitHub, actions: Actions, job: Job) -> None:
    github.actions.storage_faults = [403]
    assert read(actions, job)[1] is LogState.READ
    github.actions.sign_seconds = -1
    with pytest.raises(NoLog, match="status 403") as refused:
        read(actions, job)
    assert refused.value.state is LogState.UNREACHABLE
    assert "sig=" not in str(refused.value)


def test_a_log_over_the_limit(actions: Actions, job: Job) -> None:
    content, state, detail = read(actions, job, limit=1_000)
    assert (len(content), state) == (997, LogState.TOO_BIG)
    assert "log_limit" in detail


def state_of(actions: Actions, job: int) -> tuple[LogState, str]:
    with pytest.raises(NoLog) as refused, job_log(actions, REPO, job):
        pass
    return refused.value.state, refused.value.detail


@pytest.mark.parametrize("status", [410, 404])
def test_an_expired_log_is_a_state_of_its_own(actions: Actions, job: Job, status: int) -> None:
    job.log_status = status
    assert state_of(actions, job.id)[0] is LogState.EXPIRED


def test_other_logs_that_cannot_be_had(github: GitHub, actions: Actions, job: Job) -> None:
    job.log_status, job.completed_at = 404, datetime.now(UTC)
    assert state_of(actions, job.id)[0] is LogState.MISSING
    assert state_of(actions, 1)[0] is LogState.MISSING
    (running,) = github.actions.run("running").last.jobs
    assert state_of(actions, running.id)[0] is LogState.RUNNING
    github.actions.denied = {"actions"}
    state, detail = state_of(actions, job.id)
    assert (state, "'Actions: read'" in detail) == (LogState.REFUSED, True)
    github.fault(Fault("502", times=100))
    assert state_of(actions, job.id)[0] is LogState.UNREACHABLE


@pytest.mark.parametrize(
    "address",
    [
        "http://logs.example/1?sig=SECRET",
        "file:///etc/passwd",
        "https://user:SECRET@logs.example/1",
        "https://[::1/1?sig=SECRET",
        "",
    ],
)
def test_an_unsafe_address_is_not_followed(
    github: GitHub, actions: Actions, job: Job, address: str
) -> None:
    github.actions.elsewhere = address or "//"
    state, detail = state_of(actions, job.id)
    assert state is LogState.REFUSED
    assert "SECRET" not in detail


def test_the_place_gives_up_on_a_silent_github(github: GitHub, actions: Actions, job: Job) -> None:
    place = ActionsPlace(actions, lambda _job, number: REPO if number == job.id else "")
    assert place_state(place, 7) is LogState.MISSING
    github.fault(Fault("drop-before", times=1_000))
    assert [place_state(place, job.id) for _ in range(SILENT)] == [LogState.UNREACHABLE] * SILENT
    asked = len(github.requests)
    assert place_state(place, job.id) is LogState.UNREACHABLE
    assert len(github.requests) == asked


def place_state(place: ActionsPlace, number: int) -> LogState:
    with pytest.raises(NoLog) as refused, place.open("CI / test", number):
        pass
    return refused.value.state


def test_ended_long_ago(actions: Actions, job: Job) -> None:
    job.log_status, job.completed_at = 404, datetime.now(UTC) - timedelta(days=91)
    assert f"{job.completed_at:%Y-%m-%d}" in state_of(actions, job.id)[1]

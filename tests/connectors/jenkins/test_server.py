"""The Jenkins client against a strict Jenkins on loopback: it tells every error apart.

No error shows a secret.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.connectors.jenkins import address as jenkins_address
from ci_stat.connectors.jenkins import client as jenkins_client
from ci_stat.connectors.jenkins import log as jenkins_log
from ci_stat.connectors.jenkins.builds import Build
from ci_stat.connectors.jenkins.jobs import Unreachable
from ci_stat.connectors.jenkins.names import path_of, spellings, step
from ci_stat.connectors.jenkins.server import SILENT, Jenkins, JenkinsPlace
from ci_stat.errors import SettingsError, SourceError
from ci_stat.records import LogState
from ci_stat.records.log_place import LogPlace, NoLog
from tests.support.jenkins import FakeBuild, FakeJenkins, Trouble, running
from tests.support.proxy import closed_port, silent

LOG = b"".join(
    b"[2021-06-19T00:00:%02d.000Z] line %d of the log\n" % (n % 60, n) for n in range(20_000)
)
NOTED = LOG.replace(b"line 7 ", b"\x1b[8mha:////4AAAbase64==\x1b[0mline 7 ")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def fake() -> Iterator[FakeJenkins]:
    with running() as started:
        yield started


class Waits(list[float]):
    """The waits that were asked for; nobody waits."""


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(fake: FakeJenkins, waits: Waits) -> Iterator[Jenkins]:
    with made(fake, waits) as opened:
        yield opened


def made(fake: FakeJenkins, waits: Waits, **options: Any) -> Jenkins:
    given: dict[str, Any] = {"sleep": waits.append, "jitter": lambda: 1.0, "timeout": 5.0}
    return Jenkins(fake.url, **given | options)


def read(
    client: Jenkins, job: str = "unit", number: int = 7, **options: Any
) -> tuple[bytes, LogState, str]:
    """All of a log, and how it ended."""
    buffer = bytearray(70_000)
    text = bytearray()
    with client.open_log(job, number, **options) as log:
        while count := log.readinto(memoryview(buffer)):
            text += buffer[:count]
        assert log.readinto(memoryview(buffer)) == 0
        return bytes(text), log.state, log.detail


def refusal(client: Jenkins, job: str = "unit", number: int = 7) -> NoLog:
    with pytest.raises(NoLog) as caught:
        read(client, job, number)
    for text in (str(caught.value), caught.value.detail):
        assert "<html" not in text
        assert "SECRET" not in text
    return caught.value


# Logs


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("ranges", [False, True])
def test_a_log_is_read_whole(
    fake: FakeJenkins, client: Jenkins, chunked: bool, ranges: bool
) -> None:
    fake.chunked, fake.ranges = chunked, ranges
    fake.add("unit", FakeBuild(7, log=NOTED))
    assert read(client) == (LOG, LogState.READ, "")


@pytest.mark.parametrize("ranges", [False, True])
def test_an_empty_log(fake: FakeJenkins, client: Jenkins, ranges: bool) -> None:
    fake.ranges = ranges
    fake.add("unit", FakeBuild(7, log=b""))
    assert read(client) == (b"", LogState.READ, "")


def test_a_log_that_is_no_utf_8_comes_byte_by_byte(fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", FakeBuild(7, log=bytes(range(256)) * 300))
    assert read(client)[0] == bytes(range(256)) * 300


def test_a_small_buffer_gets_what_fits(fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", FakeBuild(7, log=b"abcdef"))
    with client.open_log("unit", 7) as log:
        buffer = bytearray(4)
        assert (log.readinto(memoryview(b"")), log.state) == (0, LogState.NOT_READ)
        assert [(log.readinto(memoryview(buffer)), bytes(buffer[:2])) for _ in range(3)] == [
            (4, b"ab"),
            (2, b"ef"),
            (0, b"ef"),
        ]
        assert log.state == LogState.READ


CUTS = [
    # (server has ranges, has offsets, where it must go on)
    (True, True, ["consoleText", "consoleText"]),
    (False, True, ["consoleText", "consoleText", "progressiveText"]),
    (False, False, ["consoleText", "consoleText", "progressiveText", "consoleText"]),
]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("ranges", "offsets", "asked"), CUTS)
def test_a_cut_log_is_resumed_where_it_broke(
    fake: FakeJenkins, client: Jenkins, ranges: bool, offsets: bool, asked: list[str], chunked: bool
) -> None:
    fake.ranges, fake.offsets, fake.chunked = ranges, offsets, chunked
    fake.add("unit", FakeBuild(7, log=LOG))
    fake.trouble("consoleText", Trouble(cut=300_000))
    assert read(client, finished=True) == (LOG, LogState.READ, "")
    assert [path.rpartition("/")[2] for path in fake.paths()] == asked


def test_a_log_with_hidden_notes_is_not_resumed_at_another_place(
    fake: FakeJenkins, client: Jenkins
) -> None:
    # The offsets of progressiveText count the notes, those of consoleText do not.
    # A client that resumed there would read the same text twice.
    fake.add("unit", FakeBuild(7, log=NOTED))
    fake.trouble("consoleText", Trouble(cut=300_000))
    assert read(client, finished=True) == (LOG, LogState.READ, "")
    assert len(fake.paths("progressiveText")) == 1
    assert len(fake.paths("consoleText")) == 3


def test_an_offset_behind_the_end_is_not_taken_for_the_rest(
    fake: FakeJenkins, client: Jenkins
) -> None:
    build = FakeBuild(7, log=LOG)
    fake.add("unit", build)
    fake.trouble("consoleText", Trouble(cut=300_000))
    with client.open_log("unit", 7, finished=True) as log:
        buffer = bytearray(65_536)
        while log.readinto(memoryview(buffer)) and len(fake.paths()) < 2:
            build.log = LOG[
                :1_000
            ]  # replaced by a shorter one meanwhile: progressiveText answers from 0
    assert log.state == LogState.CUT
    assert "interrupted after" in log.detail


def test_many_cuts_are_resumed_while_they_lead_on(fake: FakeJenkins, client: Jenkins) -> None:
    fake.ranges = True
    long = LOG * 10
    fake.add("unit", FakeBuild(7, log=long))
    fake.trouble("consoleText", *[Trouble(cut=1_100_000)] * 8)
    assert read(client, finished=True) == (long, LogState.READ, "")


def test_a_log_that_always_breaks_ends_as_cut(
    fake: FakeJenkins, client: Jenkins, waits: Waits
) -> None:
    fake.ranges = True
    fake.add("unit", FakeBuild(7, log=LOG))
    fake.trouble("/7/", *[Trouble(cut=2_000)] * 40)
    text, state, detail = read(client, finished=True)
    assert state == LogState.CUT
    assert LOG.startswith(text)
    assert len(text) >= 2_000
    assert "could not be resumed" in detail
    assert len(waits) == jenkins_log.RESUMES
    assert waits == sorted(waits)


def test_a_server_that_dies_in_the_middle_ends_the_log_as_cut(
    fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("unit", FakeBuild(7, log=LOG))
    fake.trouble("consoleText", Trouble(cut=300_000))
    fake.trouble("/7/", *[Trouble(hang_up=True)] * jenkins_client.TRIES)
    text, state, detail = read(client, finished=True)
    assert (LOG[: len(text)], state) == (text, LogState.CUT)
    assert "cannot be reached" in detail
    assert len(fake.paths()) == 1 + jenkins_client.TRIES


def test_reading_again_is_bounded(
    fake: FakeJenkins, client: Jenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jenkins_log, "SKIPPED", 100_000)
    fake.offsets = False
    fake.add("unit", FakeBuild(7, log=LOG))
    fake.trouble("consoleText", Trouble(cut=300_000))
    assert read(client, finished=True)[1] == LogState.CUT


def test_a_part_that_is_smaller_than_asked_for_is_not_the_end(
    fake: FakeJenkins, client: Jenkins
) -> None:
    fake.ranges = True
    fake.add("unit", FakeBuild(7, log=LOG))
    part = {"Content-Type": "text/plain", "Content-Range": f"bytes 0-999/{len(LOG)}"}
    fake.trouble("consoleText", Trouble(status=206, headers=part, body=LOG[:1_000]))
    assert read(client, finished=True) == (LOG, LogState.READ, "")


@pytest.mark.parametrize(("limit", "state"), [(999, "too big"), (1_000, "read"), (1_001, "read")])
def test_the_limit_of_bytes(fake: FakeJenkins, waits: Waits, limit: int, state: str) -> None:
    fake.add("unit", FakeBuild(7, log=LOG[:1_000]))
    with made(fake, waits, limit=limit) as client:
        text, ended, detail = read(client)
    assert (text, ended) == (LOG[: min(limit, 1_000)], state)
    assert ("999 bytes" in detail) == (state == "too big")


@pytest.mark.parametrize("result", [None, "FAILURE"])
def test_a_running_build_has_no_whole_log(
    fake: FakeJenkins, client: Jenkins, result: str | None
) -> None:
    fake.add("unit", FakeBuild(7, result, building=True, log=LOG))
    text, state, _ = read(client)
    assert (text, state) == (LOG, LogState.RUNNING)


def test_more_data_says_that_a_build_runs(fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", FakeBuild(7, building=True, log=LOG))
    fake.trouble("consoleText", Trouble(cut=300_000))
    assert read(client, finished=True)[:2] == (LOG, LogState.RUNNING)


def test_the_log_is_asked_for_after_the_build_is_known_to_have_ended(
    fake: FakeJenkins, client: Jenkins
) -> None:
    fake.add("unit", FakeBuild(7))
    read(client)
    assert fake.paths() == ["/job/unit/7/api/json", "/job/unit/7/consoleText"]
    assert fake.asked[0].query == {"tree": "building,result"}


# Logs that are not there


@pytest.mark.parametrize("finished", [True, False])
def test_missing_and_too_old_are_told_apart(
    fake: FakeJenkins, client: Jenkins, finished: bool
) -> None:
    fake.add("unit", FakeBuild(5), FakeBuild(8))
    fake.add("empty")
    fake.jobs["empty"].discarded = 9
    states = {}
    for job, number in (
        ("unit", 4),
        ("unit", 7),
        ("unit", 9),
        ("gone", 1),
        ("empty", 9),
        ("empty", 10),
    ):
        with pytest.raises(NoLog) as caught, client.open_log(job, number, finished):
            pass
        states[job, number] = caught.value.state.value
    assert states == {
        ("unit", 4): "too old",
        ("unit", 7): "missing",
        ("unit", 9): "missing",
        ("gone", 1): "missing",
        ("empty", 9): "too old",
        ("empty", 10): "missing",
    }


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_shows_no_page(fake: FakeJenkins, client: Jenkins, status: int) -> None:
    fake.add("unit", FakeBuild(7))
    fake.trouble("/job/", Trouble(status=status))
    found = refusal(client)
    assert found.state == LogState.REFUSED
    assert "jenkins_token" in found.detail
    assert len(fake.asked) == 1, "a refusal does not pass"


def test_a_log_in_page_is_no_log(fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", FakeBuild(7))
    fake.trouble("consoleText", Trouble(status=200))
    found = refusal(client)
    assert (found.state, "login form" in found.detail) == (LogState.REFUSED, True)


def test_a_log_that_comes_packed_is_not_taken_for_text(fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("unit", FakeBuild(7))
    packed = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    fake.trouble("consoleText", Trouble(status=200, headers=packed, body=b"\x1f\x8b"))
    assert refusal(client).state == LogState.UNREADABLE
    assert fake.asked[-1].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_errors_of_the_server_pass(
    fake: FakeJenkins, client: Jenkins, waits: Waits, status: int
) -> None:
    fake.add("unit", FakeBuild(7, log=LOG))
    fake.trouble("consoleText", Trouble(status=status), Trouble(status=status))
    assert read(client)[:2] == (LOG, LogState.READ)
    assert waits == [1.0, 2.0]


def test_errors_that_do_not_pass_are_unreachable(
    fake: FakeJenkins, client: Jenkins, waits: Waits
) -> None:
    fake.add("unit", FakeBuild(7))
    fake.trouble("/7/", *[Trouble(status=502)] * 9)
    found = refusal(client)
    assert (found.state, "502" in found.detail) == (LogState.UNREACHABLE, True)
    assert len(fake.asked) == jenkins_client.TRIES
    assert waits == [1.0, 2.0, 4.0]


def test_waits_are_spread_at_random(fake: FakeJenkins, waits: Waits) -> None:
    shares = iter([0.0, 0.5, 1.0])
    fake.trouble("/", *[Trouble(status=500)] * 4)
    with made(fake, waits, jitter=lambda: next(shares)) as client:
        refusal(client)
    assert waits == [0.5, 1.5, 4.0]


@pytest.mark.parametrize(
    ("headers", "waited", "asked"),
    [
        ({"Retry-After": "7"}, [7.0], 3),
        (
            {
                "Retry-After": "Sat, 19 Jun 2021 00:00:09 GMT",
                "Date": "Sat, 19 Jun 2021 00:00:00 GMT",
            },
            None,
            3,
        ),
        ({"Retry-After": "soon"}, [1.0], 3),
        ({"Retry-After": "-5"}, [1.0], 3),
        ({"Retry-After": "86400"}, [], 1),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_within_a_bound(
    fake: FakeJenkins,
    client: Jenkins,
    waits: Waits,
    status: int,
    headers: dict[str, str],
    waited: Any,
    asked: int,
) -> None:
    fake.add("unit", FakeBuild(7))
    fake.trouble("api/json", Trouble(status=status, headers=headers))
    if asked == 3:
        read(client)
        assert waited is None or waits == waited
        assert len(waits) == 1
    else:
        assert "86,400 s" in refusal(client).detail
        assert waits == []
    assert len(fake.asked) == min(asked, 3)


def test_nobody_listens(waits: Waits) -> None:
    with Jenkins(f"http://127.0.0.1:{closed_port()}/", sleep=waits.append) as client:
        found = refusal(client)
    assert found.state == LogState.UNREACHABLE
    assert "Connection refused" in found.detail
    assert len(waits) == jenkins_client.TRIES - 1


def test_nobody_answers(waits: Waits) -> None:
    with (
        silent() as port,
        Jenkins(f"http://127.0.0.1:{port}/", sleep=waits.append, timeout=0.05, tries=2) as client,
    ):
        found = refusal(client)
    assert (found.state, "within 0.05 s" in found.detail) == (LogState.UNREACHABLE, True)


def test_a_slow_answer_is_asked_for_again(fake: FakeJenkins, waits: Waits) -> None:
    fake.add("unit", FakeBuild(7, log=LOG))
    fake.trouble("consoleText", Trouble(delay=0.6))
    with made(fake, waits, timeout=0.2) as client:
        assert read(client)[:2] == (LOG, LogState.READ)
    assert len(fake.paths("consoleText")) == 2


# Names

HOSTILE = [
    "../../etc",
    "a/../b",
    "..",
    ".",
    "...",
    "",
    "/",
    "a//b",
    "/a",
    "a/",
    "a\0b",
    "a\nb",
    "a\r\nX: y",
    "\x1b[2J",
    "a\\..\\b",
    "%2e%2e%2f%2e%2e",
    "a%2F..%2Fb",
    "a%2f%00",
    "x%2F",
    "\ud800",
    "\x85",
    "j" * 2_000,
]


@pytest.mark.parametrize("job", HOSTILE)
def test_hostile_names_are_refused_before_any_request(
    fake: FakeJenkins, client: Jenkins, job: str
) -> None:
    found = refusal(client, job)
    assert found.state == LogState.REFUSED
    assert found.detail.isprintable()
    assert fake.asked == []


@pytest.mark.parametrize("number", [0, -1, 2**63, True, "7", "../7", None])
def test_hostile_numbers_are_refused_before_any_request(
    fake: FakeJenkins, client: Jenkins, number: Any
) -> None:
    assert refusal(client, "unit", number).state == LogState.REFUSED
    assert fake.asked == []


@pytest.mark.parametrize(
    ("job", "path"),
    [
        ("unit", "/job/unit"),
        ("a/b/c", "/job/a/job/b/job/c"),
        ("a;rm -rf", "/job/a%3Brm%20-rf"),
        ("x'\"$(reboot)`id`&|", "/job/x%27%22%24%28reboot%29%60id%60%26%7C"),
        ("a?b#c", "/job/a%3Fb%23c"),
        ("..a/b..", "/job/..a/job/b.."),
        ("单元/🙂", "/job/%E5%8D%95%E5%85%83/job/%F0%9F%99%82"),
        ("100%", "/job/100%25"),
    ],
)
def test_odd_names_cannot_leave_their_path(
    fake: FakeJenkins, client: Jenkins, job: str, path: str
) -> None:
    fake.add(job, FakeBuild(7, log=LOG))
    assert read(client, job)[0] == LOG
    assert fake.paths() == [f"{path}/7/api/json", f"{path}/7/consoleText"]


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ("pingcap/tidb/unit", "pingcap%2Ftidb%2Funit"),
        ("pingcap%2Ftidb%2Funit", "pingcap%2Ftidb%2Funit"),
        ("p/tidb/feature%2Fx", "p/tidb/feature%2Fx"),
        ("p/tidb/feature/x", "p/tidb/feature%2Fx"),
        ("p/tidb/feature%2Fx", "p%2Ftidb%2Ffeature%252Fx"),
    ],
)
def test_a_name_in_the_spelling_of_links_is_found(
    fake: FakeJenkins, client: Jenkins, there: str, asked: str
) -> None:
    fake.add(there, FakeBuild(7, log=LOG), FakeBuild(8))
    assert read(client, asked)[0] == LOG
    assert client.full_name(asked) == there
    before = len(fake.asked)
    read(client, asked, 8)
    assert len(fake.asked) == before + 2, "the meaning of a name is asked for once"


@given(st.text(max_size=12) | st.sampled_from(HOSTILE))
def test_any_name_is_refused_or_stays_in_its_path(job: str) -> None:
    try:
        meanings = spellings(job)
    except NoLog:
        return
    for segments in meanings:
        path = path_of(segments)
        assert path.isascii()
        assert not any(part.strip(".") == "" for part in path.split("/")[1:])
        assert path.count("/") == 2 * len(segments)
        assert not set(path) & set(" \\?#&;'\"<>\n\r\0")


# Addresses and secrets


def test_user_and_token_are_sent_as_basic(fake: FakeJenkins, waits: Waits) -> None:
    fake.user, fake.token = "ann", "s3cret:ü"
    fake.add("unit", FakeBuild(7, log=LOG))
    with made(fake, waits, user="ann", token="s3cret:ü") as client:
        assert read(client)[0] == LOG


def test_a_token_alone_is_sent_as_bearer(fake: FakeJenkins, waits: Waits) -> None:
    fake.token = "s3cret"
    fake.add("unit", FakeBuild(7, log=LOG))
    with made(fake, waits, token="s3cret") as client:
        assert read(client)[0] == LOG


def test_netrc_is_not_looked_into(
    fake: FakeJenkins, client: Jenkins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text(
        "machine 127.0.0.1 login ann password s3cret\n", encoding="utf-8"
    )
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    fake.add("unit", FakeBuild(7))
    read(client)
    assert all("Authorization" not in each.headers for each in fake.asked)


def test_secrets_are_shown_nowhere(
    fake: FakeJenkins, waits: Waits, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.user, fake.token = "ann", "other"
    fake.add("unit", FakeBuild(7))
    url = fake.url.replace("http://", "http://ann:s3%40cret@")
    with Jenkins(url, sleep=waits.append) as client:
        place = JenkinsPlace(client)
        shown = [repr(client), repr(client._http), client.name, place.name, repr(vars(place))]
        for trouble in (
            Trouble(status=403),
            Trouble(status=404),
            Trouble(status=302, headers={"Location": "//h.test"}),
        ):
            fake.trouble("/", trouble)
            found = refusal(client)
            shown += [str(found), found.detail]
        with pytest.raises(SourceError) as caught:
            client.page("unit", 0, 5)
        shown += [str(caught.value), repr(caught.value.__cause__), caplog.text]
    assert fake.asked[0].headers["Authorization"].startswith("Basic ")
    assert fake.asked[0].path == "/job/unit/7/api/json"
    assert not any("s3" in text or "YW5u" in text for text in shown), "YW5u is `ann` in base64"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ci.example",
        "ftp://ann:s3cret@ci.example/",
        "https://ann:s3cret@/",
        "https://ann:s3cret@ci.example:x/",
        "https://ann:s3cret@ci.example/?a=b",
        "https://ann:s3cret@ci.example/#a",
        "https://ann:s3cret@ci.example/a b",
        "https://ann:s3cret@evil.example\\@ci.example/",
        "https://ann:s3cret@[::1/",
        "https://s3cret@ci.example/",
        "https://ann:s3\ncret@ci.example/",
        "https://ann:s3%0Acret@ci.example/",
        "https://:s3%20cret@ci.example/",
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Jenkins(url)
    assert "s3" not in str(caught.value)
    assert "jenkins_" in str(caught.value)


def test_an_address_with_a_path_and_a_bracketed_host() -> None:
    assert (
        Jenkins("https://ann:s3cret@[::1]:8443/ci/jenkins//").name
        == "https://[::1]:8443/ci/jenkins"
    )


def test_a_jenkins_below_a_path(waits: Waits) -> None:
    with running(prefix="/ci/jenkins") as fake, made(fake, waits) as client:
        fake.add("a/b", FakeBuild(7, log=LOG))
        assert read(client, "a/b")[0] == LOG
        assert fake.paths()[0] == "/ci/jenkins/job/a/job/b/7/api/json"


# Redirects


def test_redirects_at_home_are_followed(fake: FakeJenkins, waits: Waits) -> None:
    fake.user, fake.token = "ann", "s3cret"
    fake.add("unit", FakeBuild(7, log=LOG))
    fake.trouble(
        "consoleText",
        Trouble(status=302, headers={"Location": "/job/unit/7/consoleText"}),
        Trouble(
            status=307,
            headers={"Location": f"http://eve:x@127.0.0.1:{fake.port}/job/unit/7/consoleText#end"},
        ),
    )
    with made(fake, waits, user="ann", token="s3cret") as client:
        assert read(client)[0] == LOG
    assert len(fake.paths("consoleText")) == 3


def test_redirects_to_others_are_not_followed(fake: FakeJenkins, waits: Waits) -> None:
    fake.add("unit", FakeBuild(7))
    with running() as other, made(fake, waits, user="ann", token="s3cret") as client:
        fake.user, fake.token = "ann", "s3cret"
        port = other.port
        for location in (
            f"http://127.0.0.1:{port}/job/unit/7/consoleText",
            f"//127.0.0.1:{port}/",
            f"http://localhost:{port}/",
            f"http://localhost:{fake.port}/",
            f"http://127.0.0.1:{fake.port}@127.0.0.1:{port}/",
            "file:///etc/passwd",
            f"https://127.0.0.1:{port}/",
            f"http:\\\\127.0.0.1:{port}/",
            "http://[::1/",
            "",
            f"http://127.0.0.1:{port}x/",
            "http://127.0.0.1:99999/",
        ):
            fake.trouble("consoleText", Trouble(status=302, headers={"Location": location}))
            assert refusal(client).state == LogState.REFUSED, location
        assert other.asked == []
        assert all("redirect" not in each.path for each in fake.asked)


def test_a_redirect_names_the_other_host_and_not_its_query(
    fake: FakeJenkins, client: Jenkins
) -> None:
    fake.trouble(
        "/", Trouble(status=302, headers={"Location": "https://sso.example/login?state=SECRET"})
    )
    assert "https://sso.example, which is another server" in refusal(client).detail


def test_endless_redirects_end(fake: FakeJenkins, client: Jenkins) -> None:
    fake.trouble("/", *[Trouble(status=301, headers={"Location": "/again"})] * 50)
    assert "more than 5 times" in refusal(client).detail
    assert len(fake.asked) == jenkins_client.MAX_REDIRECTS + 1


def test_an_upgrade_of_the_same_host_is_followed() -> None:
    hop = jenkins_address.next_hop
    assert hop("http://ci.example/a", "https://ci.example/a", "w") == "https://ci.example/a"
    assert (
        hop("http://ci.example:8080/a", "https://ci.example:8080/b", "w")
        == "https://ci.example:8080/b"
    )
    for here, there in (
        ("https://ci.example/a", "http://ci.example/a"),
        ("http://ci.example/", "https://x.example/"),
    ):
        with pytest.raises(NoLog):
            hop(here, there, "w")


# Listing


def names(client: Jenkins, *wanted: str) -> list[str]:
    failed: list[str] = []
    found = list(client.find_jobs(wanted, lambda job, error: failed.append(f"{job}: {error}")))
    assert failed == []
    return found


@pytest.fixture
def folders(fake: FakeJenkins) -> FakeJenkins:
    for job in (
        "unit",
        "lint",
        "pingcap/tidb/unit",
        "pingcap/tidb/lint",
        "pingcap/pd",
        "tikv/unit",
        "tikv/x/y/feature%2Fz",
    ):
        fake.add(job, FakeBuild(1))
    fake.folders.add("hollow")
    return fake


@pytest.mark.parametrize(
    ("wanted", "found", "looked_into"),
    [
        (
            (),
            "unit lint pingcap/tidb/unit pingcap/tidb/lint pingcap/pd "
            "tikv/unit tikv/x/y/feature%2Fz",
            7,
        ),
        (("u*",), "unit", 1),
        (("*/unit",), "tikv/unit", 4),
        (("pingcap/**",), "pingcap/tidb/unit pingcap/tidb/lint pingcap/pd", 3),
        (("**/unit",), "unit pingcap/tidb/unit tikv/unit", 7),
        (("pingcap/**/l?nt", "t*/unit"), "pingcap/tidb/lint tikv/unit", 4),
        (("pingcap/pd", "[u]nit", "unit"), "pingcap/pd unit", 1),
    ],
)
def test_jobs_by_name_and_pattern(
    folders: FakeJenkins, client: Jenkins, wanted: tuple[str, ...], found: str, looked_into: int
) -> None:
    assert sorted(names(client, *wanted)) == sorted(found.split())
    assert len(folders.asked) == looked_into, "only folders in which the pattern can match"


@given(
    st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=4),
    st.lists(st.sampled_from("ab"), max_size=4),
)
def test_a_double_star_stands_for_any_number_of_parts(pattern: list[str], path: list[str]) -> None:
    def matches(rest: list[str], left: list[str]) -> bool:
        if not rest:
            return not left
        if rest[0] == "**" and len(rest) == 1:
            return bool(left)
        if rest[0] == "**":
            return any(matches(rest[1:], left[n:]) for n in range(len(left)))
        return bool(left) and rest[0] in ("*", left[0]) and matches(rest[1:], left[1:])

    patterns = {tuple(pattern)}
    for name in path:
        patterns = step(patterns, name)
    assert (() in patterns) == (bool(path) and matches(pattern, path))


def test_a_folder_that_is_closed_does_not_close_the_others(
    folders: FakeJenkins, client: Jenkins
) -> None:
    folders.trouble("/job/pingcap/api", Trouble(status=403))
    failed: list[tuple[str, SourceError]] = []
    found = list(client.find_jobs((), lambda *each: failed.append(each)))
    assert found == ["unit", "lint", "tikv/unit", "tikv/x/y/feature%2Fz"]
    assert [(job, "denies access" in str(error)) for job, error in failed] == [("pingcap", True)]


def test_a_pattern_that_matches_nothing_is_told(folders: FakeJenkins, client: Jenkins) -> None:
    failed: list[str] = []
    found = client.find_jobs(
        ("pingcap/*/unit", "nothing*", "../\x1b[2J"), lambda job, _: failed.append(job)
    )
    assert list(found) == ["pingcap/tidb/unit"]
    assert failed == ["nothing*", "../\x1b[2J"]


def test_a_jenkins_that_shows_no_job_is_told(client: Jenkins) -> None:
    failed: list[str] = []
    assert list(client.find_jobs((), lambda _, error: failed.append(str(error)))) == []
    assert "not visible to us" in failed[0]


def test_folders_end_at_a_depth(fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("/".join("abcdefghij") + "/unit", FakeBuild(1))
    fake.add("/".join("ABCDEFGHIJK") + "/unit", FakeBuild(1))
    failed: list[str] = []
    assert list(client.find_jobs((), lambda job, _: failed.append(job))) == [
        "a/b/c/d/e/f/g/h/i/j/unit"
    ]
    assert failed == ["A/B/C/D/E/F/G/H/I/J/K"]


def test_a_hostile_name_in_a_list_is_not_taken(fake: FakeJenkins, client: Jenkins) -> None:
    body = (
        b'{"jobs": [{"name": "../x"}, {"name": "a/b"}, {"name": "\\u001b[2J"}, '
        b'{"name": 7}, {}, 7, {"name": "fine"}]}'
    )
    fake.trouble(
        "/api/json", Trouble(status=200, headers={"Content-Type": "application/json"}, body=body)
    )
    failed: list[str] = []
    assert list(client.find_jobs((), lambda _, error: failed.append(str(error)))) == ["fine"]
    assert len(failed) == 3
    assert all(text.isprintable() for text in failed)


def test_builds_in_pages_newest_first(fake: FakeJenkins, client: Jenkins) -> None:
    fake.add("a/unit", *(FakeBuild(n, parameters={"n": n}) for n in range(51, 301)))
    first, second = client.page("a/unit", 0, 100), client.page("a/unit", 200, 300, parameters=True)
    assert [build.number for build in first.builds] == list(range(300, 200, -1))
    assert [build.number for build in second.builds] == list(range(100, 50, -1))
    assert (first.first, second.first) == (51, 51)
    assert (first.builds[0].parameters, second.builds[0].parameters) == ({}, {"n": "100"})
    assert "parameters" not in fake.asked[0].query["tree"]


def test_one_build(fake: FakeJenkins, client: Jenkins) -> None:
    given = {
        "s": "text",
        "t": True,
        "f": False,
        "n": 5,
        "x": 1.5,
        "none": None,
        "o": {"a": "é"},
        "half": "\ud800x",
        "e": "",
    }
    fake.add("unit", FakeBuild(7, "UNSTABLE", parameters=given, duration=-1, timestamp=1_000))
    build = client.build("unit", 7)
    assert isinstance(build, Build)
    assert (build.number, build.result, build.building, build.timestamp, build.duration) == (
        7,
        "UNSTABLE",
        False,
        1_000,
        None,
    )
    assert build.parameters == {
        "s": "text",
        "t": "true",
        "f": "false",
        "n": "5",
        "x": "1.5",
        "o": '{"a": "é"}',
        "half": "\ufffdx",
        "e": "",
    }
    assert client.build("unit", 8) is None


BAD = [
    (b"{", "not a JSON object"),
    (b"[]", "not a JSON object"),
    (b'{"allBuilds": NaN}', "not a JSON object"),
    (b"[" * 100_000, "not a JSON object"),
    (b"{}", "lists no builds"),
    (b'{"allBuilds": 7}', "lists no builds"),
    (b'{"allBuilds": [7]}', "builds without numbers"),
    (b'{"allBuilds": [{}]}', "builds without numbers"),
    (b'{"allBuilds": [{"number": 0, "timestamp": 1, "building": false}]}', "without numbers"),
]


@pytest.mark.parametrize(("body", "words"), BAD)
def test_answers_that_cannot_be_used(
    fake: FakeJenkins, client: Jenkins, body: bytes, words: str
) -> None:
    fake.trouble("/", Trouble(status=200, headers={"Content-Type": "application/json"}, body=body))
    with pytest.raises(SourceError, match=words):
        client.page("unit", 0, 100)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (b"7", "because it is 7, not an object"),
        (b"null", "because it is missing, not an object"),
        (b'{"number": "5", "timestamp": 1, "building": false}', "because its number is a str"),
        (b'{"number": 5, "building": false}', "because its timestamp is missing"),
        (b'{"number": 5, "timestamp": 0, "building": false}', "because its timestamp is 0"),
        (b'{"number": 5, "timestamp": "1", "building": false}', "because its timestamp is a str"),
        (b'{"number": 5, "timestamp": 1.5, "building": false}', "because its timestamp is 1.5"),
        (b'{"number": 5, "timestamp": 1}', "because its building is missing"),
        (b'{"number": 5, "timestamp": 1, "building": "no"}', "because its building is a str"),
        (b'{"number": 5, "timestamp": 1, "building": false, "result": 7}', "its result is 7"),
    ],
)
def test_an_odd_build_is_one_build(
    fake: FakeJenkins, client: Jenkins, build: bytes, reason: str
) -> None:
    good = b'{"number": 4, "timestamp": 1, "building": false, "result": "SUCCESS"}'
    body = b'{"allBuilds": [%b, %b]}' % (build, good)
    fake.trouble("/", Trouble(status=200, headers={"Content-Type": "application/json"}, body=body))
    page = client.page("unit", 0, 100)
    assert [build.number for build in page.builds] == [4]
    (odd,) = page.odd
    assert reason in odd.reason
    assert [place for place, _ in page.places(0)] == [1]


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_answer_is_asked_for_again(
    fake: FakeJenkins, client: Jenkins, waits: Waits, body: bytes
) -> None:
    fake.add("unit", FakeBuild(1))
    empty = Trouble(status=200, headers={"Content-Type": "application/json"}, body=body)
    fake.trouble("/", empty, empty)
    assert len(client.page("unit", 0, 100).builds) == 1
    assert len(waits) == 2
    fake.trouble("/", *[empty] * 4)
    with pytest.raises(SourceError, match="responded with status 200 and nothing"):
        client.page("unit", 0, 100)


def test_a_log_in_page_is_no_list(fake: FakeJenkins, client: Jenkins) -> None:
    fake.trouble("/", Trouble(status=200))
    with pytest.raises(SourceError, match="web page") as caught:
        client.page("unit", 0, 100)
    assert "SECRET" not in str(caught.value)


def test_a_huge_answer_is_not_kept(
    fake: FakeJenkins, client: Jenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jenkins_client, "MAX_JSON", 2**20)
    body = b'{"allBuilds": [' + b" " * 2**21 + b"]}"
    fake.trouble("/", Trouble(status=200, headers={"Content-Type": "application/json"}, body=body))
    with pytest.raises(SourceError, match="more than 1 MiB"):
        client.page("unit", 0, 100)


def test_a_folder_is_no_job(folders: FakeJenkins, client: Jenkins) -> None:
    with pytest.raises(SourceError, match=r"NAME/\*\*"):
        client.page("pingcap", 0, 100)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_cut_list_is_asked_for_again(
    fake: FakeJenkins, client: Jenkins, waits: Waits, chunked: bool
) -> None:
    fake.chunked = chunked
    fake.add("unit", *(FakeBuild(n) for n in range(1, 100)))
    fake.trouble("/", Trouble(cut=100), Trouble(hang_up=True))
    assert len(client.page("unit", 0, 100).builds) == 99
    assert len(waits) == 2


def test_a_list_that_nobody_gives(fake: FakeJenkins, client: Jenkins) -> None:
    fake.trouble("/", *[Trouble(status=500)] * 9)
    with pytest.raises(Unreachable, match="tried 4 times"):
        client.page("unit", 0, 100)


def test_only_get_is_used(folders: FakeJenkins, client: Jenkins) -> None:
    for job in names(client):
        client.page(job, 0, 10)
        read(client, job, 1)
    assert {each.method for each in folders.asked} == {"GET"}


def test_several_threads_read_logs_at_once(fake: FakeJenkins, client: Jenkins) -> None:
    names_of = [f"p%2Fjob {n}" for n in range(8)]
    for n, job in enumerate(names_of):
        fake.add(job.replace("%2F", "/"), FakeBuild(7, log=LOG + b"%d" % n))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: read(client, job), names_of))
    assert found == [(LOG + b"%d" % n, LogState.READ, "") for n in range(8)]


def test_a_place_of_logs(fake: FakeJenkins, client: Jenkins) -> None:
    place: LogPlace = JenkinsPlace(client)
    fake.add("unit", FakeBuild(7, log=b"abc"))
    with place.open("unit", 7) as log:
        buffer = bytearray(9)
        assert log.readinto(memoryview(buffer)) == 3
        assert log.readinto(memoryview(buffer)) == 0
        assert (log.state, log.detail) == (LogState.READ, "")
    assert place.name == fake.url


def test_a_jenkins_that_never_answers_is_not_asked_for_each_of_many_logs(
    fake: FakeJenkins, client: Jenkins
) -> None:
    place = JenkinsPlace(client)
    fake.trouble("/", *[Trouble(status=503)] * 1000)
    states = set()
    for number in range(1, SILENT + 1):
        with pytest.raises(NoLog) as caught, place.open("unit", number):
            pass
        states.add(caught.value.state)
    assert states == {LogState.UNREACHABLE}
    asked = len(fake.asked)
    with pytest.raises(NoLog, match="giving up"), place.open("unit", 1):
        pass
    assert len(fake.asked) == asked


def test_a_jenkins_that_lacks_many_logs_is_asked_on(fake: FakeJenkins, client: Jenkins) -> None:
    place = JenkinsPlace(client)
    fake.add("unit", FakeBuild(90, log=b"abc"))
    for number in range(91, 92 + SILENT):
        with pytest.raises(NoLog), place.open("unit", number):
            pass
    with place.open("unit", 90) as log:
        assert log.readinto(memoryview(bytearray(9))) == 3

"""Build logs in a folder: where they are, whether they have ended, and names that try to escape."""

import bz2
import gzip
import lzma
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_stat.logs import folder as build_log
from ci_stat.logs.folder import FRESH, FolderPlace, first_log
from ci_stat.records import LogState
from ci_stat.records.log_place import LogPlace, LogStream, NoLog
from tests.logs.test_zip import archive
from tests.support.zstd import compress

TEXT = b"Started\n--- FAIL: TestCargo (0.10s)\n"
DONE = b"<flow-build><result>FAILURE</result></flow-build>"


def text_of(stream: LogStream) -> bytes:
    buffer, got = memoryview(bytearray(1000)), bytearray()
    while count := stream.readinto(buffer):
        got += buffer[:count]
    return bytes(got)


def read(place: LogPlace, job: str = "unit", number: int = 5) -> bytes:
    with place.open(job, number) as stream:
        return text_of(stream)


def refused(place: LogPlace, job: str = "unit", number: int = 5) -> NoLog:
    with pytest.raises(NoLog) as caught, place.open(job, number):
        pass
    assert caught.value.detail
    return caught.value


def write(path: Path, text: bytes = TEXT, about: bytes | None = DONE) -> Path:
    """Write a log with a `build.xml` next to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    if about is not None:
        (path.parent / "build.xml").write_bytes(about)
    return path


def later() -> float:
    """Return a time at which every log here has ended."""
    return 4e9


# Where logs are


def test_the_layout_of_a_jenkins_home(tmp_path: Path) -> None:
    write(tmp_path / "jobs/unit/builds/5/log")
    write(tmp_path / "jobs/team/jobs/app/jobs/unit/builds/7/log", b"in folders")
    place = FolderPlace(tmp_path)
    assert read(place) == TEXT
    assert read(place, "team/app/unit", 7) == b"in folders"
    assert refused(place, "team", 5).state is LogState.MISSING
    assert str(tmp_path) in place.name
    assert "FolderPlace" in repr(place)


@pytest.mark.parametrize("stored", ["team%2Fapp/feature%2Fx", "a%20b", "100%", "%", "%zz", "ünï"])
def test_names_are_found_as_stored_and_as_links_have_them(tmp_path: Path, stored: str) -> None:
    path = "/".join(f"jobs/{part}" for part in stored.split("/"))
    write(tmp_path / path / "builds/5/log")
    assert read(FolderPlace(tmp_path), stored) == TEXT


def test_an_escaped_slash_is_a_folder_where_no_job_is_called_so(tmp_path: Path) -> None:
    write(tmp_path / "jobs/team/jobs/my app/builds/5/log")
    assert read(FolderPlace(tmp_path), "team%2Fmy%20app") == TEXT


def test_a_name_whose_plain_form_is_no_name_is_only_missing(tmp_path: Path) -> None:
    """A missing log may exist tomorrow; a refused name never will."""
    for job in ("a%2F%2Fb", "a%00", "%2E%2E"):
        assert refused(FolderPlace(tmp_path), job).state is LogState.MISSING
        write(tmp_path / f"jobs/{job}/builds/5/log")
        assert read(FolderPlace(tmp_path), job) == TEXT


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{job}/{number}.log", "unit/5.log"),
        ("{number}", "5"),
        ("logs/{job}-{number}-{job}.txt", "logs/unit-5-unit.txt"),
        ("{{job}}/{0}/{number!r}/%s/{other}{number}", "{unit}/{0}/{number!r}/%s/{other}5"),
    ],
)
def test_a_template(tmp_path: Path, template: str, path: str) -> None:
    write(tmp_path / path, about=None)
    assert read(FolderPlace(tmp_path, template, now=later)) == TEXT


def test_a_job_in_folders_and_a_template(tmp_path: Path) -> None:
    write(tmp_path / "team/unit/5.log", about=None)
    assert read(FolderPlace(tmp_path, "{job}/{number}.log", now=later), "team%2Funit") == TEXT


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        (".gz", gzip.compress),
        (".zst", compress),
        (".xz", lzma.compress),
        (".bz2", bz2.compress),
        (".zip", lambda text: archive({"1_step.txt": text})),
        (".gz", bytes),
    ],
)
def test_packed_logs_are_found(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    write(tmp_path / f"jobs/unit/builds/5/log{suffix}", pack(TEXT))
    assert read(FolderPlace(tmp_path)) == TEXT
    write(tmp_path / f"unit.5{suffix}", pack(TEXT), about=None)
    assert read(FolderPlace(tmp_path, "{job}.{number}", now=later)) == TEXT


def test_the_limit_is_handed_on(tmp_path: Path) -> None:
    write(tmp_path / "jobs/unit/builds/5/log")
    with FolderPlace(tmp_path, limit=7).open("unit", 5) as stream:
        assert text_of(stream) == TEXT[:7]
        assert stream.state is LogState.TOO_BIG


# Whether the build has ended


@pytest.mark.parametrize(
    ("about", "runs"),
    [
        (DONE, False),
        (b"<build><building>true</building></build>", True),
        (b"<flow-build><result>UNSTABLE</result><completed>false</completed></flow-build>", True),
        (b"<flow-build><completed>true</completed><result>FAILURE</result></flow-build>", False),
        (b" " * 300_000 + DONE, False),
    ],
)
def test_build_xml_says_whether_a_build_has_ended(tmp_path: Path, about: bytes, runs: bool) -> None:
    write(tmp_path / "jobs/unit/builds/5/log", b"Finished: SUCCESS\n", about)
    place = FolderPlace(tmp_path, now=later)
    if runs:
        assert refused(place).state is LogState.RUNNING
    else:
        assert read(place) == b"Finished: SUCCESS\n"


@pytest.mark.parametrize("about", [None, b""])
@pytest.mark.parametrize("age", [0.0, FRESH - 1, FRESH + 1])
@pytest.mark.parametrize(
    ("text", "ended"),
    [
        (TEXT, False),
        (b"Finished: FAILURE\n", True),
        (TEXT + b"Finished: ABORTED", True),
        (TEXT * 1000 + b"Finished: SUCCESS\n", True),
        (b"not Finished: yet\n", False),
        (b"Finished: SUCCESS\n" + b"of a downstream job\n" * 400, False),
    ],
)
def test_without_build_xml_a_fresh_log_is_taken_to_grow(
    tmp_path: Path, about: bytes | None, age: float, text: bytes, ended: bool
) -> None:
    path = write(tmp_path / "jobs/unit/builds/5/log", text, about)
    place = FolderPlace(tmp_path, now=lambda: path.stat().st_mtime + age)
    if ended or age > FRESH:
        assert read(place) == text
    else:
        assert refused(place).state is LogState.RUNNING


def test_a_quiet_log_that_goes_on_while_it_is_read_is_still_being_written(tmp_path: Path) -> None:
    path = write(tmp_path / "5.log", TEXT * 4000, None)
    os.utime(path, (1e9, 1e9))
    with FolderPlace(tmp_path, "{number}.log").open("unit", 5) as stream:
        assert stream.readinto(memoryview(bytearray(10))) == 10
        with path.open("ab") as writer:
            writer.write(b"one more\n")
        assert text_of(stream).endswith(b"one more\n")
        assert stream.state is LogState.RUNNING


def test_a_log_that_ends_while_it_is_read_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "5.log", TEXT * 4000, None)
    os.utime(path, (1e9, 1e9))
    with FolderPlace(tmp_path, "{number}.log").open("unit", 5) as stream:
        assert stream.readinto(memoryview(bytearray(10))) == 10
        with path.open("ab") as writer:
            writer.write(b"Finished: FAILURE\n")
        assert text_of(stream).endswith(b"Finished: FAILURE\n")
        assert stream.state is LogState.READ


def test_a_build_xml_that_is_a_pipe_or_leads_out_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "running.xml").write_bytes(b"<build/>")
    path = write(tmp_path / "home/jobs/unit/builds/5/log", about=None)
    place = FolderPlace(tmp_path / "home", now=later)
    os.mkfifo(path.parent / "build.xml")  # reading a pipe would block
    assert read(place) == TEXT
    (path.parent / "build.xml").unlink()
    (path.parent / "build.xml").symlink_to(tmp_path / "running.xml")
    assert read(place) == TEXT


# Why a log is missing


def test_why_there_is_no_log(tmp_path: Path) -> None:
    write(tmp_path / "jobs/unit/builds/12/log")
    (tmp_path / "jobs/unit/builds/9").mkdir()
    (tmp_path / "jobs/unit/builds/lastStableBuild").mkdir()
    (tmp_path / "jobs/unit/builds/²").mkdir()
    place = FolderPlace(tmp_path)
    assert refused(place, number=8).state is LogState.TOO_OLD
    assert "9" in refused(place, number=8).detail
    assert refused(place, number=9).state is LogState.MISSING  # deleted, or never written
    assert refused(place, number=10).state is LogState.MISSING
    assert refused(place, number=13).state is LogState.MISSING
    assert refused(place, "other", 1).state is LogState.MISSING
    assert refused(place, number=-1).state is LogState.REFUSED
    assert refused(FolderPlace(tmp_path, "{job}/{number}"), number=1).state is LogState.MISSING
    gone = refused(FolderPlace(tmp_path / "gone"))
    assert (gone.state, str(tmp_path / "gone") in gone.detail) == (LogState.MISSING, True)


def test_a_log_in_an_escaped_folder_is_too_old_too(tmp_path: Path) -> None:
    write(tmp_path / "jobs/team/jobs/unit/builds/12/log")
    assert refused(FolderPlace(tmp_path), "team%2Funit", 3).state is LogState.TOO_OLD


def test_a_log_that_is_not_a_file(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    folder = tmp_path / "jobs/unit/builds/5"
    (folder / "log").mkdir(parents=True)
    assert refused(place).state is LogState.UNREADABLE
    (folder / "log").rmdir()
    os.mkfifo(folder / "log")
    assert refused(place).state is LogState.UNREADABLE
    (tmp_path / "jobs/file").write_text("a file where a folder should be")
    assert refused(place, "file").state is LogState.MISSING
    (tmp_path / "root.txt").write_text("")
    assert refused(FolderPlace(tmp_path / "root.txt")).state is LogState.MISSING


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_log_that_we_may_not_read(tmp_path: Path) -> None:
    write(tmp_path / "jobs/unit/builds/5/log").chmod(0)
    assert refused(FolderPlace(tmp_path)).state is LogState.UNREADABLE


# Links


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    secret = write(tmp_path / "outside/5/log", b"secret")
    home = tmp_path / "home"
    for link, target in (
        ("jobs/file/builds/5/log", secret),
        ("jobs/folder/builds/5", secret.parent),
        ("jobs/builds/builds", secret.parents[1]),
        ("jobs/far", Path("../../outside")),
    ):
        (home / link).parent.mkdir(parents=True, exist_ok=True)
        (home / link).symlink_to(target)
    write(tmp_path / "outside/builds/5/log", b"secret")
    for job in ("file", "folder", "builds", "far"):
        problem = refused(FolderPlace(home), job)
        assert problem.state is LogState.REFUSED, job
        assert "link" in problem.detail


def test_a_link_inside_of_the_folder_is_followed(tmp_path: Path) -> None:
    """Jenkins' own `lastFailedBuild`, and homes whose builds are on another disk."""
    write(tmp_path / "disk/unit/5/log")
    (tmp_path / "jobs/unit").mkdir(parents=True)
    (tmp_path / "jobs/unit/builds").symlink_to("../../disk/unit")
    assert read(FolderPlace(tmp_path)) == TEXT
    (tmp_path / "disk/unit/6").symlink_to("5")
    assert read(FolderPlace(tmp_path), number=6) == TEXT


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    write(tmp_path / "home/jobs/unit/builds/5/log")
    (tmp_path / "link").symlink_to("home")
    assert read(FolderPlace(tmp_path / "link")) == TEXT


def test_links_in_a_circle_and_into_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "jobs/unit/builds/5"
    folder.mkdir(parents=True)
    (folder / "log").symlink_to("log")
    assert refused(FolderPlace(tmp_path)).state in (LogState.UNREADABLE, LogState.MISSING)
    (folder / "log").unlink()
    (folder / "log").symlink_to("nothing")
    assert refused(FolderPlace(tmp_path)).state is LogState.MISSING


# Names that try to escape


@contextmanager
def opened_paths() -> Iterator[list[str]]:
    """Yield the paths of all files that the block opens, as the system resolves them."""
    paths: list[str] = []
    original = os.open

    def watched(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        descriptor = original(path, flags, *rest, **named)
        paths.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        return descriptor

    os.open = watched
    try:
        yield paths
    finally:
        os.open = original


@pytest.fixture(scope="module")
def trap() -> Iterator[Path]:
    """A Jenkins home next to files that a name could lead to, one for each layout."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        write(root / "home/jobs/unit/builds/5/log")
        for name in (
            "5.log",
            "builds/5/log",
            "secret/builds/5/log",
            "jobs/secret/builds/5/log",
            "secret/5.log",
            "log",
        ):
            write(root / name, b"SECRET")
        yield root / "home"


_PARTS = st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "\0",
        "\\",
        "..\\..",
        "%2e%2e",
        "%2F",
        "%2e%2e%2f",
        "%00",
        "~",
        "~root",
        "etc",
        "passwd",
        "secret",
        "unit",
        "a;rm -rf /",
        "x'\"$(touch /tmp/x)`id`",
        "{number}",
        "{job}",
        "\udc80",
        "\ud800",
        "COM1",
        "-rf",
        "*",
        "\n",
        "n" * 260,
        "é" * 130,
        "builds",
        "5.log",
    ]
) | st.text(max_size=8)
_JOBS = (
    st.lists(_PARTS, min_size=1, max_size=12).map("/".join)
    | st.text()
    | st.lists(_PARTS, max_size=4).map("".join)
)


@given(
    _JOBS,
    st.integers(-(2**63), 2**63),
    st.sampled_from([None, "{job}/{number}.log", "{job}", "x{job}", ".{job}/5.log"]),
)
@example("../secret", 5, None)
@example("..%2fsecret", 5, None)
@example("%2e%2e/%2e%2e/secret", 5, None)
@example("../../secret", 5, "{job}/{number}.log")
@example("/etc/passwd", 5, "{job}")
@example("/" * 5000, 5, None)
@example("a/" * 3000 + "a", 5, None)
@example("a/" * 3000 + "a", 5, "{job}/{number}.log")
@example("./secret", 5, ".{job}/5.log")
def test_no_name_opens_anything_outside(
    trap: Path, job: str, number: int, template: str | None
) -> None:
    place = FolderPlace(trap, template, now=later)
    problem = None
    with opened_paths() as paths:
        try:
            with place.open(job, number) as stream:
                assert text_of(stream) != b"SECRET"
        except NoLog as caught:
            problem = caught
    assert problem is None or problem.detail
    assert not re.search("[\x00-\x1f\ud800-\udfff]", str(problem))
    for path in paths:
        assert path == str(trap) or path.startswith(f"{trap}/"), path


def test_the_watch_of_what_is_opened_works(trap: Path) -> None:
    with opened_paths() as paths:
        assert read(FolderPlace(trap)) == TEXT
    assert str(trap / "jobs/unit/builds/5/log") in paths


@pytest.mark.parametrize(
    "job",
    [
        "",
        "..",
        "../unit",
        "unit/..",
        "/unit",
        "unit/",
        "a//b",
        ".",
        "a\0b",
        "a\\b",
        "a\ud800",
        "n" * 300,
        "é" * 200,
    ],
)
def test_invalid_job_names_are_refused(trap: Path, job: str) -> None:
    assert refused(FolderPlace(trap), job).state is LogState.REFUSED


@pytest.mark.parametrize(
    "job",
    ["a;rm -rf ~", "x'\"$(touch x)`id`", "~", "-rf", "*", "日本 語", "🙂", "con", "a:b", "n" * 240],
)
def test_odd_names_are_names(tmp_path: Path, job: str) -> None:
    write(tmp_path / "jobs" / job / "builds/5/log")
    assert read(FolderPlace(tmp_path), job) == TEXT


def test_a_template_that_leads_out_is_refused(trap: Path) -> None:
    for template in ("../{number}.log", "/etc/passwd", f"{trap.parent}/{{number}}.log"):
        assert refused(FolderPlace(trap, template)).state is LogState.REFUSED


# Several places


class Place:
    """A place that returns a text or a reason, and records that it was called."""

    name = "a place"

    def __init__(self, answer: bytes | LogState) -> None:
        self.answer, self.asked, self.closed = answer, 0, 0

    @contextmanager
    def open(self, job: str, number: int) -> Iterator[Any]:
        self.asked += 1
        if isinstance(self.answer, LogState):
            raise NoLog(self.answer, f"detail {self.answer}")
        try:
            yield self.answer
        finally:
            self.closed += 1


def test_the_first_place_that_has_it() -> None:
    places = [Place(LogState.MISSING), Place(b"second"), Place(b"third")]
    with first_log(places, "unit", 5) as stream:
        log: object = stream
        assert log == b"second"
        assert places[1].closed == 0
    assert [(place.asked, place.closed) for place in places] == [(1, 0), (1, 1), (0, 0)]


_WHY = [
    LogState.RUNNING,
    LogState.UNREADABLE,
    LogState.UNREACHABLE,
    LogState.TOO_BIG,
    LogState.REFUSED,
    LogState.TOO_OLD,
    LogState.MISSING,
]


@pytest.mark.parametrize("most", range(len(_WHY)))
def test_the_most_informative_reason_is_raised(most: int) -> None:
    for states in (_WHY[most:], _WHY[most:][::-1]):
        with (
            pytest.raises(NoLog) as caught,
            first_log([Place(state) for state in states], "unit", 5),
        ):
            pass
        assert (caught.value.state, caught.value.detail) == (_WHY[most], f"detail {_WHY[most]}")


@pytest.mark.parametrize("state", [state for state in LogState if state])
def test_every_reason_can_be_raised(state: LogState) -> None:
    with (
        pytest.raises(NoLog) as caught,
        first_log([Place(LogState.MISSING), Place(state)], "unit", 5),
    ):
        pass
    assert caught.value.state is state


def test_no_place_is_missing() -> None:
    with pytest.raises(NoLog) as caught, first_log([], "unit", 5):
        pass
    assert caught.value.state is LogState.MISSING


@pytest.mark.parametrize(
    "error", [NoLog(LogState.MISSING, "of the reader"), RuntimeError(), KeyboardInterrupt()]
)
def test_what_the_reader_raises_is_not_taken_for_a_missing_log(error: BaseException) -> None:
    places = [Place(b"first"), Place(b"second")]
    with pytest.raises(type(error)) as caught, first_log(places, "unit", 5):
        raise error
    assert caught.value is error
    assert [(place.asked, place.closed) for place in places] == [(1, 1), (0, 0)]


def test_a_reader_that_fails_leaves_no_file_open(tmp_path: Path) -> None:
    write(tmp_path / "jobs/unit/builds/5/log")
    place = FolderPlace(tmp_path)
    count = len(os.listdir("/proc/self/fd"))
    with pytest.raises(RuntimeError), first_log([place], "unit", 5):
        raise RuntimeError
    for job, number in (("unit", 4), ("../x", 5), ("other", 5)):
        refused(place, job, number)
    assert len(os.listdir("/proc/self/fd")) == count


def test_a_folder_with_too_many_entries_has_no_oldest_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest build may be among the entries that are not listed."""
    for number in range(50, 60):
        (tmp_path / f"jobs/unit/builds/{number}").mkdir(parents=True)
    assert refused(FolderPlace(tmp_path), number=5).state is LogState.TOO_OLD
    monkeypatch.setattr(build_log, "_MAX_BUILDS", 3)
    assert refused(FolderPlace(tmp_path), number=5).state is LogState.MISSING

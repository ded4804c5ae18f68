"""The pure parts of pods: scripts, markers, verdicts, manifests, names, kept output."""

import asyncio
import io
import subprocess
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.commit_tests.isolation.ending import Ended, judge
from ci_stat.commit_tests.isolation.kubernetes import manifests
from ci_stat.commit_tests.isolation.kubernetes.names import Session, safe_name
from ci_stat.commit_tests.isolation.marker import Marker, read_marker
from ci_stat.commit_tests.isolation.output import KeptOutput
from ci_stat.commit_tests.isolation.pods.archive import script_archive, take_files
from ci_stat.commit_tests.isolation.pods.manifest import pod
from ci_stat.commit_tests.isolation.pods.plan import PodPlan
from ci_stat.commit_tests.isolation.pods.script import script
from ci_stat.commit_tests.isolation.pods.stopping import Stop, stop_when
from ci_stat.commit_tests.model import Event, Outcome, OutputLine, Step
from ci_stat.errors import UsageError

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SESSION = Session("Ann Lee", "oc_1", "server-1")
PLAN = PodPlan("run-1", "python:3.13-slim", ("make", "test"), "n0nce", environment={"A": "s3cret"})


def test_all_that_is_created_is_valid_and_holds_no_value_of_a_variable() -> None:
    made = [
        manifests.namespace(SESSION, NOW),
        manifests.quota(SESSION, 8, 2**34, "8"),
        manifests.limit_range(SESSION),
        manifests.deny_all(SESSION),
        manifests.allow_egress(SESSION),
        manifests.job(SESSION, PLAN, 86400),
        pod(PLAN),
    ]
    for manifest in made:
        kubernetes_validate.validate(manifest, "1.33", strict=True)
        assert "s3cret" not in str(manifest)
    assert "s3cret" not in repr(PLAN)


def test_a_job_is_tried_once_and_ends_by_itself() -> None:
    spec = manifests.job(SESSION, PLAN, 86400)["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (0, 86400)
    assert spec["activeDeadlineSeconds"] > PLAN.limits.seconds


@given(st.text(max_size=120), st.text(max_size=120))
def test_two_sessions_never_share_a_namespace(one: str, two: str) -> None:
    names = {Session(user, "c", "o").namespace for user in (one, two)}
    assert len(names) == len({one, two})
    for name in names:
        assert len(name) <= 63
        assert safe_name(name) == name


@pytest.mark.parametrize(
    "values", [{"image": "-x"}, {"name": "A"}, {"cpu": "0"}, {"image": "a b"}, {"cpu": "1;"}]
)
def test_what_is_no_name_is_refused(values: dict[str, str]) -> None:
    plan = {"name": "run", "image": "busybox:1", "command": "true", "nonce": "n", **values}
    with pytest.raises(UsageError):
        PodPlan(**plan)  # type: ignore[arg-type]


def test_the_script_runs_the_words_and_marks_the_exit(tmp_path: Path) -> None:
    hostile = ("printf", "%s|", "$HOME", "a'b", "`id`", "--")
    plan = PodPlan("run", "i:1", hostile, "n0nce", environment={"X": "1'2"})
    text = script(plan).replace("/ci-stat-", f"{tmp_path}/")
    (tmp_path / "space" / "work").mkdir(parents=True)
    (tmp_path / "marks").mkdir()
    done = subprocess.run(["sh"], input=text, capture_output=True, text=True, check=True)
    assert done.stdout == "$HOME|a'b|`id`|--|"
    assert read_marker((tmp_path / "marks" / "exit").read_text()) == Marker("n0nce", 0, 0)


@pytest.mark.parametrize(
    ("ended", "marker", "outcome"),
    [
        (Ended(0), Marker("n", 0), Outcome.PASSED),
        (Ended(0), None, Outcome.INFRASTRUCTURE),
        (Ended(0), Marker("other", 0), Outcome.INFRASTRUCTURE),
        (Ended(1), Marker("n", 0), Outcome.INFRASTRUCTURE),
        (Ended(7), Marker("n", 7), Outcome.FAILED),
        (Ended(139), Marker("n", 139), Outcome.FAILED),
        (Ended(137), Marker("n", 137, 1), Outcome.OUT_OF_MEMORY),
        (Ended(137, "OOMKilled"), None, Outcome.OUT_OF_MEMORY),
        (Ended(137), None, Outcome.INFRASTRUCTURE),
        (Ended(None, "Evicted"), None, Outcome.INFRASTRUCTURE),
        (Ended(None), Marker("n", 0), Outcome.INFRASTRUCTURE),
        (Ended(0), Marker("n", 0, 3), Outcome.PASSED),
    ],
)
def test_a_pass_needs_both_witnesses(ended: Ended, marker: Marker | None, outcome: Outcome) -> None:
    assert judge(ended, marker, "n").outcome is outcome


@pytest.mark.parametrize("text", ["", "n", "n 0\n", "n 0 0 0", "n x 0\n", "n 0 \xb2\n", "\0"])
def test_anything_else_is_no_marker(text: str) -> None:
    assert read_marker(text) is None


def test_the_script_of_a_step_is_for_its_owner_alone() -> None:
    with tarfile.open(fileobj=io.BytesIO(script_archive("text"))) as archive:
        (member,) = archive.getmembers()
    assert member.mode == 0o600


def test_names_of_an_archive_are_no_paths(tmp_path: Path) -> None:
    path = tmp_path / "files.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("../../evil.xml", "out/a.xml", "out/b.txt", "/abs.xml"):
            archive.addfile(_member(name, 3), io.BytesIO(b"abc"))
        link = tarfile.TarInfo("out/link.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    folder = tmp_path / "taken"
    folder.mkdir()
    files, problems = take_files(path, ["*.xml"], folder)
    assert [file.name for file in files] == ["0000.xml", "0001.xml", "0002.xml"]
    assert sorted(tmp_path.iterdir()) == [path, folder]
    assert problems == []


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    return member


@given(
    st.lists(st.binary(max_size=60), max_size=30),
    st.integers(min_value=2, max_value=200),
)
def test_output_is_kept_whole_or_by_its_ends(chunks: list[bytes], limit: int) -> None:
    events: list[Event] = []
    whole = b"".join(chunks)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = KeptOutput(folder / "out.log", limit, events.append)
        for chunk in chunks:
            kept.feed(Step.TEST, chunk)
        kept.end_step(Step.TEST)
        output = kept.close()
        data = Path(output.path).read_bytes()

    assert output.total_bytes == len(whole)
    assert output.total_lines == whole.count(b"\n") + (not whole.endswith(b"\n") and bool(whole))
    if output.cut_bytes == 0:
        assert data == whole
    else:
        half = limit // 2
        assert data.startswith(whole[:half])
        assert data.endswith(whole[-half:])
        assert output.cut_bytes == len(whole) - 2 * half
    lines = whole.split(b"\n")
    lines = lines if lines[-1] else lines[:-1]
    texts = [event.text for event in events if isinstance(event, OutputLine)]
    assert texts == [line.removesuffix(b"\r").decode(errors="replace") for line in lines]


def test_the_time_counts_from_the_begin_of_the_command() -> None:
    ended: list[str] = []

    async def body() -> Stop:
        stop = Stop()
        waiting = asyncio.create_task(
            stop_when(stop, asyncio.Event(), 0.01, lambda: ended.append("end"))
        )
        await asyncio.sleep(0.1)
        assert not waiting.done()
        stop.begun.set()
        await waiting
        return stop

    assert asyncio.run(body()).reason is Outcome.TIMED_OUT
    assert ended == ["end"]

"""One comment at a pull request: never a second one, nothing lost, written only if it changes."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state
from ci_stat.test_results.publishing.comments import Change, CommentResult
from ci_stat.test_results.publishing.model import Publication
from ci_stat.test_results.publishing.text.comment import MARKER, section_of, sections_in
from ci_stat.test_results.publishing.text.markdown import Writer
from tests.support.drawn import drawn
from tests.support.github import Comment, Fault, GitHub
from tests.support.published import (
    Kill,
    Killed,
    Process,
    failure,
    of_job,
    publication,
    run_info,
)

RED = publication([failure("a")])
GREEN = publication()


def publish(process: Process, made: Publication) -> CommentResult:
    return process.comments.publish(12, section_of(made, Writer()))


def comments(hub: GitHub) -> list[Comment]:
    return hub.issues[12].comments


def names(hub: GitHub) -> list[str]:
    (only,) = comments(hub)
    return sorted(section.info.name for section in sections_in(only.body))


def writes(hub: GitHub) -> list[str]:
    return [call.method for call in hub.requests if call.writes]


def test_a_comment_is_created_then_kept_then_changed(hub: GitHub, state: Engine) -> None:
    process = Process(hub, state)
    created = publish(process, RED)
    assert created.change is Change.CREATED
    assert created.url.startswith("https://github.com/me/app/pull/12#issuecomment-")
    assert publish(process, RED).change is Change.UNCHANGED
    assert publish(process, GREEN).change is Change.UPDATED
    assert writes(hub) == ["POST", "PATCH"]
    assert "passed or skipped" in comments(hub)[0].body


def test_a_state_seen_before_is_written_again(hub: GitHub, state: Engine) -> None:
    process = Process(hub, state)
    for made in (RED, GREEN, RED, GREEN):
        publish(process, made)
    assert "✅" in comments(hub)[0].body
    assert writes(hub) == ["POST", "PATCH", "PATCH", "PATCH"]


def test_each_job_has_its_section(hub: GitHub, state: Engine) -> None:
    process = Process(hub, state)
    publish(process, of_job(RED, "unit"))
    publish(process, of_job(GREEN, "lint"))
    publish(process, of_job(GREEN, "unit", labels={"spark": "3.5.7"}))
    publish(process, of_job(GREEN, "unit"))
    assert names(hub) == ["`lint`", "`unit (spark=3.5.7)`", "`unit`"]
    assert "breaks" not in comments(hub)[0].body


def test_an_older_run_does_not_replace_a_newer_one(hub: GitHub, state: Engine) -> None:
    process = Process(hub, state)
    publish(process, publication(run=run_info(number=9)))
    older = publish(process, publication([failure("a")], run=run_info(number=8)))
    assert older.change is Change.OUTDATED
    assert publish(process, publication(run=run_info(number=9, attempt=2))).change is Change.UPDATED
    assert writes(hub) == ["POST", "PATCH"]


def test_comments_of_others_are_never_touched(hub: GitHub, state: Engine) -> None:
    hub.comment(12, f"{MARKER}\n\nI am a person who copied the marker")
    hub.comment(12, "unrelated", author=hub.login)
    publish(Process(hub, state), GREEN)
    publish(Process(hub, state), RED)
    bodies = [comment.body for comment in comments(hub)]
    assert len(bodies) == 3
    assert bodies[:2] == [f"{MARKER}\n\nI am a person who copied the marker", "unrelated"]


def test_an_app_is_not_told_its_name(hub: GitHub, state: Engine) -> None:
    hub.login, hub.kind, hub.is_app = "github-actions[bot]", "Bot", True
    hub.comment(12, f"{MARKER} by a person")
    publish(Process(hub, state), GREEN)
    publish(Process(hub, state), RED)
    assert len(comments(hub)) == 2


def test_a_deleted_comment_is_created_again(hub: GitHub, state: Engine) -> None:
    publish(Process(hub, state), GREEN)
    comments(hub).clear()
    assert publish(Process(hub, state), GREEN).change is Change.CREATED
    assert len(comments(hub)) == 1


def test_duplicates_are_merged_into_the_oldest_and_removed(hub: GitHub, state: Engine) -> None:
    publish(Process(hub, state), of_job(RED, "unit"))
    first = comments(hub)[0]
    hub.comment(12, first.body.replace("unit", "lint").replace('key":"', 'key":"x'), hub.login)
    hub.comment(12, first.body, hub.login)
    result = publish(Process(hub, state), of_job(GREEN, "e2e"))
    assert result.removed == 2
    assert comments(hub) == [first]
    assert names(hub) == ["`e2e`", "`lint`", "`unit`"]


def _own_state(folder: Path, name: str) -> Engine:
    engine = open_engine(f"sqlite:///{folder / name}.sqlite")
    prepare_state(engine)
    return engine


@pytest.mark.parametrize("shared", [True, False])
def test_jobs_at_once_leave_one_comment_with_all_sections(
    hub: GitHub, tmp_path: Path, shared: bool
) -> None:
    """With a shared state, and as on runners that know nothing of each other."""
    jobs = [f"job {number}" for number in range(4)]
    barrier = threading.Barrier(len(jobs))
    common = _own_state(tmp_path, "common")
    results: list[CommentResult] = []

    def work(number: int) -> None:
        state = common if shared else _own_state(tmp_path, str(number))
        process = Process(hub, state, name=f"host:{number}:a.1", alive=True)
        publisher = replace(process.comments, sleep=lambda _: time.sleep(0.1))
        barrier.wait(10)
        results.append(publisher.publish(12, section_of(of_job(RED, jobs[number]), Writer())))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert names(hub) == [f"`{job}`" for job in jobs]
    assert all(result.change in (Change.CREATED, Change.UPDATED) for result in results)


def _kills(hub: GitHub, folder: Path, made: Publication) -> list[Kill]:
    """A kill before and after each step of publishing, or a drawn part of them."""
    counted = Kill()
    publish(Process(hub, _own_state(folder, "counted"), counted), made)
    assert counted.steps > 4
    kills = [Kill(at, after) for at in range(1, counted.steps + 1) for after in (False, True)]
    return drawn(kills, 3, "publish")


def test_a_change_can_be_killed_at_every_step(hub: GitHub, tmp_path: Path) -> None:
    """Repeated until it ends: one comment, both sections, and no write after that."""
    state = _own_state(tmp_path, "state")
    publish(Process(hub, state), of_job(GREEN, "lint"))
    hub.comment(12, "of a person")
    body = comments(hub)[0].body
    for kill in _kills(hub, tmp_path, of_job(RED, "unit")):
        comments(hub)[0].body = body
        with pytest.raises(Killed):
            publish(Process(hub, state, kill), of_job(RED, "unit"))
        publish(Process(hub, state), of_job(RED, "unit"))
        before = len(writes(hub))
        assert publish(Process(hub, state), of_job(RED, "unit")).change is Change.UNCHANGED
        assert len(writes(hub)) == before
        ours, of_person = comments(hub)
        assert (of_person.body, len(sections_in(ours.body))) == ("of a person", 2)


def test_a_creation_can_be_killed_at_every_step(hub: GitHub, tmp_path: Path) -> None:
    for number, kill in enumerate(_kills(hub, tmp_path, RED)):
        comments(hub).clear()
        state = _own_state(tmp_path, str(number))
        with pytest.raises(Killed):
            publish(Process(hub, state, kill), RED)
        publish(Process(hub, state), RED)
        assert len(comments(hub)) == 1


@pytest.mark.parametrize(
    ("what", "change", "count"),
    [
        ("502-after", Change.CREATED, 1),
        ("drop-after", Change.CREATED, 1),
        ("502", Change.UNCERTAIN, 0),
        ("secondary", Change.CREATED, 1),
        ("403", Change.FAILED, 0),
        ("404", Change.FAILED, 0),
        ("422-too-long", Change.FAILED, 0),
        ("429-retry-after", Change.CREATED, 1),
    ],
)
def test_faults_of_a_creation(
    hub: GitHub, state: Engine, what: str, change: Change, count: int
) -> None:
    hub.fault(Fault(what, "POST"))
    result = publish(Process(hub, state), RED)
    assert (result.change, len(comments(hub))) == (change, count)
    assert result.reason or change is Change.CREATED
    assert publish(Process(hub, state), RED).change in (Change.CREATED, Change.UNCHANGED)
    assert len(comments(hub)) == 1


@pytest.mark.parametrize("what", ["502-after", "drop-after", "502", "secondary", "500"])
def test_faults_of_a_change(hub: GitHub, state: Engine, what: str) -> None:
    publish(Process(hub, state), RED)
    hub.fault(Fault(what, "PATCH"))
    publish(Process(hub, state), GREEN)
    publish(Process(hub, state), GREEN)
    assert "✅" in comments(hub)[0].body


def test_a_write_that_was_overwritten_is_written_again(hub: GitHub, state: Engine) -> None:
    """Another job read the comment before our write, and writes after it."""
    publish(Process(hub, state), of_job(RED, "lint"))
    stale = comments(hub)[0].body
    overwrites = iter([True])

    def overwrite(method: str, path: str) -> None:
        if method == "PATCH" and next(overwrites, False):
            comments(hub)[0].body = stale

    hub.after = overwrite
    assert publish(Process(hub, state), of_job(RED, "unit")).change is Change.UPDATED
    assert names(hub) == ["`lint`", "`unit`"]

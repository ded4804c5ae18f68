"""The shell: settings to a tracker, to what our own state knows of it, and to links into it."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from ci_stat.config import Settings
from ci_stat.issues.tracker import Tracker
from ci_stat.runs.database import Source

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ci_stat.store.state.case_notes import Notes
    from ci_stat.store.state.issue_calls import Issues


def tracker_of(settings: Settings, source: Source, now: Callable[[], datetime]) -> Tracker:
    """The repository of the settings, with our ledger. Raises SettingsError, DatabaseError."""
    from ci_stat.connectors.github.repository import GitHub
    from ci_stat.store.state.issue_lock import IssueLock
    from ci_stat.store.state.process_id import is_alive, this_process

    place = settings.github
    github = GitHub(place.url, place.repo, place.token.reveal())
    engine, name = _state_of(settings, source)
    return Tracker(
        github, ledger_of(settings, source, now), notes_of(settings, source, now),
        IssueLock(engine, name, this_process(), now, is_alive), now,
    )  # fmt: skip


def ledger_of(settings: Settings, source: Source, now: Callable[[], datetime]) -> "Issues":
    """The ledger of the repository; it needs no token. Raises SettingsError, DatabaseError."""
    from ci_stat.store.state.issue_calls import Issues
    from ci_stat.store.state.process_id import this_process

    engine, name = _state_of(settings, source)
    return Issues(engine, name, this_process(), now)


def notes_of(settings: Settings, source: Source, now: Callable[[], datetime]) -> "Notes":
    """What people said of failures of the repository; it needs no token. Raises SettingsError, DatabaseError."""
    from ci_stat.store.state.case_notes import AcceptedCases, Mutes, Notes

    engine, name = _state_of(settings, source)
    return Notes(Mutes(engine, name, now), AcceptedCases(engine, name, now))


def _state_of(settings: Settings, source: Source) -> "tuple[Engine, str]":
    """Our own state, and what it knows the repository by: names of repositories have no letter case."""
    from ci_stat.runs.database import state_engine
    from ci_stat.store.state.extractions import State

    engine = state_engine(settings)
    State(engine, source.name).prepare()
    return engine, f"{tracker_url(settings)} {settings.github.repo.casefold()}"


def tracker_url(settings: Settings) -> str:
    """The root of the API. Raises SettingsError."""
    from ci_stat.connectors.http.address import address

    place = address(settings.github.url, "github_url", "https://api.github.com")
    return f"{place.root}{place.path}"


def issue_links(settings: Settings, source: Source, now: Callable[[], datetime]) -> dict[str, str]:
    """The newest issue that we wrote for each case, by the case's name. Raises SettingsError, DatabaseError."""
    repo = settings.github.repo
    created = ledger_of(settings, source, now).ledger().created
    cases = {
        key.removeprefix("case:"): numbers[-1]
        for key, numbers in created.items()
        if key.startswith("case:")
    }
    return {case: f"{_web_root(settings)}/{repo}/issues/{number}" for case, number in cases.items()}


def _web_root(settings: Settings) -> str:
    """Where people read issues: not at the API's own address."""
    root = tracker_url(settings)
    return root.replace("://api.", "://", 1) if "://api." in root else root.removesuffix("/api/v3")

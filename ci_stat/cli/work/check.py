"""`ci-stat config --check`: try what is set up, and report each result."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from ci_stat.config import Settings
from ci_stat.context import Context, real_time
from ci_stat.errors import CiStatError, DatabaseError, SettingsError, SourceError, WriteError
from ci_stat.issues.address import repository
from ci_stat.runs.zone_doubt import zone_doubt
from ci_stat.store.damage import check_pages
from ci_stat.store.engine import connected
from ci_stat.store.errors import hidden

CI_DATABASE, STATE, RESULTS = "CI database", "own state", "test results"

Work = Callable[[Context], str]  # what to say of something that works; "" if it is not set up

_GROUPS = (
    *("timeouts", "logging", "logs", "jenkins", "reports", "feishu", "mail", "slack"),
    *("github", "issues"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `warning`: it works, but may be set up wrongly."""

    name: str
    says: str = ""
    error: CiStatError | None = None
    warning: str = ""

    def data(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {
            "name": self.name,
            "ok": self.error is None,
            "message": self.error.message if self.error else self.says,
            "warning": self.warning,
        }


def checks(context: Context, now: datetime | None = None) -> Iterator[Check]:
    """Yield a result for the databases, for each service that is set up, and for invalid settings.

    Each is tried when its result is taken. `now`: aware, by default the current time.
    """
    runs: Work = partial(_runs, now or real_time())
    seen = set()
    databases = ((CI_DATABASE, runs), (STATE, _state), (RESULTS, _results))
    for name, work in (*databases, *SERVICES):
        result = _tried(name, context, work)
        if result.error:
            seen.add(result.error.message)
        if result.error or result.says:
            yield result
    for error in _invalid(context.settings):
        if error.message not in seen:
            seen.add(error.message)
            yield Check("settings", error=error)


def failure(results: Sequence[Check]) -> CiStatError | None:
    """Return the error of the command if a check failed: its exit code says what failed."""
    failed = {result.name: result.error for result in results if result.error}
    if not failed:
        return None
    message = f"Not usable: {', '.join(failed)}."
    if failed.keys() & {CI_DATABASE, STATE, RESULTS}:
        return DatabaseError(message)
    only_settings = all(isinstance(error, SettingsError) for error in failed.values())
    return SettingsError(message) if only_settings else SourceError(message)


def _tried(name: str, context: Context, work: Work) -> Check:
    try:
        says, *warnings = work(context).split("\n")
    except CiStatError as error:
        return Check(name, error=error)
    return Check(name, says, warning=" ".join(warnings))


def _runs(now: datetime, context: Context) -> str:
    """The newest row; on a second line, why the time zone may be wrong."""
    source = context.source
    check_pages(source.engine)
    newest = source.newest()
    if newest is None:
        return f"ok, {source.name}, empty"
    zone = source.origin.zone
    says = f"ok, {source.name}, newest row {newest:%Y-%m-%d %H:%M:%S} {zone.key}"
    return f"{says}\n{zone_doubt(newest, now, zone, source.wrote(newest))}"


def _state(context: Context) -> str:
    """Check the server of our own state, or that its file exists or can be created."""
    engine = context.bare_state
    file = Path(engine.url.database or "")
    if engine.url.get_backend_name() == "sqlite" and not file.exists():
        nearest = next(folder for folder in file.absolute().parents if folder.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise WriteError(
                f"{file} cannot be created: you may not write to {nearest}.",
                "Set state_url to another file or database.",
            )
        return f"ok, {hidden(engine.url)} will be created when it is needed"
    return _answers(engine)


def _results(context: Context) -> str:
    """Check the database of test results. Its tables and its branch are not read."""
    setup = context.results_setup
    return _answers(setup.bare) if setup.has_database else ""


def _answers(engine: Engine) -> str:
    with connected(engine) as connection:
        connection.execute(text("select 1"))
    check_pages(engine)
    return f"ok, {hidden(engine.url)}"


def jenkins(context: Context) -> str:
    """Ask Jenkins for its first job."""
    if not context.settings.jenkins.url:
        return ""
    client = context.logs.jenkins
    errors: list[SourceError] = []
    first = next(client.find_jobs((), lambda _, error: errors.append(error)), None)
    if first is not None:
        return f"ok, {client.name}, lists jobs such as {first}"
    if errors:
        raise errors[0]
    return f"ok, {client.name}, but no job is visible to {context.settings.jenkins.user or 'us'}"


def _github(context: Context) -> str:
    """Ask GitHub for the repository. Without a token nothing is filed: a preset may name it."""
    github = context.settings.github
    if not github.repo or not github.token:
        return ""
    return f"ok, {context.logs.actions.repository(repository(github)).url}"


def _logs(context: Context) -> str:
    folder = context.settings.logs.folder
    if folder is None:
        return ""
    folder = folder.expanduser()
    if not folder.is_dir():
        raise SettingsError(f"log_dir {folder} is not an existing folder.", "Correct log_dir.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SettingsError(f"log_dir {folder} cannot be read by you.", "Check its permissions.")
    _ = context.logs.reader  # its rules and its template are valid
    return f"ok, {folder}"


def _channels(context: Context) -> str:
    """The recipients of reports. Nothing is sent."""
    named = context.settings.reports.channels or _channels_in_use(context.settings)
    names = [to.name for channel in named for to in context.recipients([channel])]
    return f"ok, {', '.join(names)}; nothing was sent" if names else ""


def _channels_in_use(settings: Settings) -> tuple[str, ...]:
    feishu, mail, slack = settings.feishu, settings.mail, settings.slack
    in_use = {
        "feishu": feishu.webhook or feishu.app_id or feishu.app_secret,
        "mail": mail.host or mail.recipients,
        "slack": slack.webhook or slack.token,
    }
    return tuple(channel for channel, is_set in in_use.items() if is_set)


SERVICES: tuple[tuple[str, Work], ...] = (
    ("Jenkins", jenkins),
    ("GitHub", _github),
    ("build logs", _logs),
    ("reports", _channels),
)


def _invalid(settings: Settings) -> Iterator[SettingsError]:
    """The errors of all groups: a command sees only those of the groups that it needs."""
    for name in _GROUPS:
        try:
            getattr(settings, name)
        except SettingsError as error:
            yield error

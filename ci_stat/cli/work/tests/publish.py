"""`ci-stat publish comment`, `status`, `check`, `badge` and `summary`."""

import os
import re
from pathlib import Path
from typing import Any

import click

from ci_stat.cli.work import opening, windows
from ci_stat.cli.work.tests.publish_results import (
    notice,
    print_check,
    print_comment,
    print_status,
    refused_to_fork,
)
from ci_stat.cli.work.tests.published_run import (
    RunOptions,
    collected_run,
    options_of,
    publication_of,
    require_files,
    require_whole,
    verdict_of,
)
from ci_stat.context import Context, real_time
from ci_stat.errors import CannotTell, UnknownName, UsageError
from ci_stat.formats.files import STANDARD_STREAM, open_output
from ci_stat.records.run_info import RunInfo
from ci_stat.test_results.publishing.badge import badge_of, must_pass_counts, svg
from ci_stat.test_results.publishing.checks import check_content
from ci_stat.test_results.publishing.model import Collected, Publication
from ci_stat.test_results.publishing.setup import Publishers
from ci_stat.test_results.publishing.statuses import status_of
from ci_stat.test_results.publishing.summary import append_summary, fitting
from ci_stat.test_results.publishing.surroundings import is_from_fork
from ci_stat.test_results.publishing.text.comment import composed, section_of
from ci_stat.test_results.publishing.text.markdown import Writer
from ci_stat.test_results.publishing.text.section import section_text

_SUMMARY = "GITHUB_STEP_SUMMARY"
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class _Work:
    """What the subcommands that publish a run have in common."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.context = opening.opened()
        self.run_options, self._texts = options_of(given)
        require_files(self.run_options, self._texts.policy)
        self.collected = collected_run(self.context, self.run_options)
        self.publication = publication_of(
            self.context, self.collected, self.run_options, self._texts
        )
        self.writer = Writer(self.context.settings.issues.private_hosts)

    @property
    def run(self) -> RunInfo:
        return self.collected.run

    def publishers(self) -> Publishers | None:
        """What publishes; None, after a notice and the summary, without a token."""
        if self.context.settings.github.token:
            return self.context.publishers(self._repo())
        notice("there is no token (gh_token), as in a pull request of a fork: only the summary.")
        self.summarize()
        return None

    def _repo(self) -> str:
        repo = self.run_options.repo or self.run.repo or self.context.settings.github.repo
        if not repo:
            raise UsageError("The repository is not known.", "Name it: --repo OWNER/NAME")
        return repo

    def summarize(self) -> None:
        _summarize(self.publication, self.writer)

    def is_refused_to_fork(self, code: int | None) -> bool:
        """Whether GitHub refused the token of a fork; then the summary is written instead."""
        if code != 403 or not is_from_fork(os.environ):
            return False
        refused_to_fork()
        self.summarize()
        return True


def comment(dry_run: bool, as_json: bool, **given: Any) -> None:
    work = _Work(given)
    section = section_of(work.publication, work.writer)
    if dry_run:
        body = composed({section.info.key: section}, section.info.commit)
        print_comment(None, body, as_json)
    elif work.run.pull is None:
        if not work.run.trigger or work.run.trigger == "local":
            raise UsageError("The pull request is not known.", "Name it: --pr NUMBER, or --dry-run")
        notice("this run has no pull request: only the summary.")
        work.summarize()
    elif publishers := work.publishers():
        result = publishers.comments.publish(work.run.pull, section)
        publishers.prune()
        if not work.is_refused_to_fork(result.code):
            print_comment(result, "", as_json)
    require_whole(work.collected)


def status(context: str, dry_run: bool, as_json: bool, **given: Any) -> None:
    work = _Work(given)
    wanted = status_of(work.publication, context, work.writer)
    if dry_run:
        print_status(None, wanted, as_json)
    elif publishers := work.publishers():
        result = publishers.statuses.publish(_commit(work.run), wanted)
        publishers.prune()
        if not work.is_refused_to_fork(result.written.code):
            print_status(result, wanted, as_json)
    require_whole(work.collected)


def check(name: str, dry_run: bool, as_json: bool, **given: Any) -> None:
    work = _Work(given)
    content = check_content(work.publication, work.writer)
    if dry_run:
        print_check(None, content, as_json)
    elif publishers := work.publishers():
        result = publishers.checks.publish(_commit(work.run), name, content)
        publishers.prune()
        if not work.is_refused_to_fork(result.written.code):
            print_check(result, content, as_json)
    require_whole(work.collected)


def _commit(run: RunInfo) -> str:
    commit = run.commit.lower()
    if not _COMMIT.fullmatch(commit):
        problem = "The commit is not known." if not commit else f"{commit[:80]!r} is not whole."
        raise UsageError(problem, "Name it with all of its 40 digits: --commit HASH")
    return commit


def summary(**given: Any) -> None:
    work = _Work(given)
    work.summarize()
    require_whole(work.collected)


def _summarize(publication: Publication, writer: Writer) -> None:
    """Append to the summary of GitHub Actions, or print it."""
    file = os.environ.get(_SUMMARY, "")
    if file:
        append_summary(Path(file), lambda limit: section_text(publication, writer, limit) + "\n")
    else:
        click.echo(fitting(lambda limit: section_text(publication, writer, limit)), nl=False)


def badge(
    label: str, policy: str | None, stale_after: str, output: Path | None, **given: Any
) -> None:
    stale = windows.parse_length(stale_after, "--stale-after")
    context, run_options, now = opening.opened(), RunOptions(**given), real_time()
    require_files(run_options, policy)
    collected = _known_run(context, run_options)
    counts = None
    if collected is not None and collected.is_known:
        verdict = verdict_of(context, collected, run_options, policy, now) if policy else None
        counts = must_pass_counts(verdict) if verdict else collected.counts
    started = collected.run.started if collected else None
    made = badge_of(label, counts, started, now, stale)
    with open_output(str(output) if output else STANDARD_STREAM) as file:
        file.write(svg(made))
    if collected is not None:
        require_whole(collected)


def _known_run(context: Context, options: RunOptions) -> Collected | None:
    """The run; None if there is none yet, which the badge says."""
    try:
        return collected_run(context, options)
    except (CannotTell, UnknownName) as error:
        notice(f"{error.message} The badge says that there is no data.")
        return None

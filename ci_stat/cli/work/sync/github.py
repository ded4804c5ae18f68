"""`ci-stat sync github`: copy the jobs of GitHub Actions into the CI database."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import partial

import click

from ci_stat.cli.work import opening
from ci_stat.cli.work.sync.jenkins import begin_of, raise_failures
from ci_stat.config import GitHub
from ci_stat.connectors.github.names import repository_name
from ci_stat.context import Context
from ci_stat.errors import SourceError, UnknownName, UsageError
from ci_stat.escape import json_safe, visible
from ci_stat.rendering.format import plural
from ci_stat.runs.progress_bar import counting
from ci_stat.runs.stale_counts import forget_counts
from ci_stat.runs.sync_github.model import GitHubPlan, GitHubResult
from ci_stat.runs.sync_github.service import sync as copy_runs

_ANONYMOUS = (
    "gh_token is not set: GitHub allows 60 requests an hour, of public repositories only, and no"
    " logs."
)


def github(
    repos: tuple[str, ...],
    workflows: tuple[str, ...],
    since: str | None,
    limit: int | None,
    dry_run: bool,
    no_logs: bool,
    as_json: bool,
) -> None:
    context = opening.opened()
    names = _repos(repos, context.settings.github)
    plan = _plan(context, workflows, since, limit, dry_run, no_logs)
    _require_workflows(context, names, workflows)
    synced = GitHubResult()
    try:
        _copy(context, names, plan, synced)
    finally:
        forget_counts(context.existing_counts, synced.times)

    if not synced.repositories and len(synced.failed) == 1:
        raise synced.failed[0][1]
    if as_json:
        click.echo(_json(synced, context.logs.actions.name, dry_run))
    else:
        click.echo("\n".join(_sentences(synced, context.logs.actions.name, plan)))
    raise_failures(synced.failed)


def _repos(given: Sequence[str], github: GitHub) -> tuple[str, ...]:
    """The repositories, each once. Raises UsageError."""
    texts = given or filter(None, [github.repo])
    names = [repository_name(text, github.url) for text in texts]
    if not names:
        raise UsageError("No repository is given.", "Use --repo OWNER/NAME, or set github_repo.")
    return tuple({name.lower(): name for name in names}.values())


def _require_workflows(
    context: Context, names: tuple[str, ...], workflows: tuple[str, ...]
) -> None:
    """Raises UnknownName for a workflow that none of the repositories has."""
    known: dict[str, str] = {}
    for repo in names if workflows else ():
        try:
            listed = context.logs.actions.workflows(repo)
        except SourceError:
            return  # the sync says what is wrong with the repository
        known |= {name.casefold(): name for pair in listed for name in pair}
    for name in workflows:
        if name.casefold() not in known:
            raise _unknown(name, known, names)


def _unknown(name: str, known: Mapping[str, str], repos: tuple[str, ...]) -> UnknownName:
    similar = get_close_matches(name.casefold(), known, n=3, cutoff=0.5) or sorted(known)[:3]
    shown = ", ".join(visible(known[match], 100) for match in similar)
    return UnknownName(
        f"{' and '.join(repos)} has no workflow {visible(name, 100)!r}.",
        f"Use the name or the file of a workflow: {shown}." if shown else "It has no workflows.",
    )


def _plan(
    context: Context,
    workflows: tuple[str, ...],
    since: str | None,
    limit: int | None,
    dry_run: bool,
    no_logs: bool,
) -> GitHubPlan:
    zone = context.source.origin.zone
    now = datetime.now(zone)
    begin = None if since is None else begin_of(since, now, zone)
    if begin is not None and begin > now:
        raise UsageError(f"--since {since} lies in the future.", "Use an earlier time.")
    has_token = bool(context.settings.github.token)
    if not has_token:
        click.echo(f"ci-stat: {_ANONYMOUS}", err=True)
    read_log = context.logs.actions_log if has_token and not no_logs else None
    return GitHubPlan(now, workflows, begin, limit, read_log, dry_run)


def _copy(context: Context, names: tuple[str, ...], plan: GitHubPlan, synced: GitHubResult) -> None:
    source = context.source
    engine = source.engine if plan.dry_run else source.engine_for_writing()
    open_state = partial(context.actions_sync, workflows=plan.workflows, create=not plan.dry_run)
    with counting("Syncing", unit="workflow runs") as progress:
        zone = source.origin.zone
        copy_runs(engine, context.logs.actions, names, open_state, zone, plan, progress, synced)


def _sentences(synced: GitHubResult, name: str, plan: GitHubPlan) -> list[str]:
    where = f"{', '.join(map(visible, synced.repositories)) or 'no repository'} at {visible(name)}"
    runs = plural(synced.runs, "workflow run")
    if plan.dry_run:
        sentences = [f"{runs} would be read, from {where}."]
    else:
        sentences = [f"{plural(synced.stored, 'job')} of {runs} stored, from {where}."]
    sentences += [
        f"{visible(repo)}: ci_data has lost stored rows; all runs are read again."
        for repo in synced.read_again
    ]
    sentences += _counts(synced)
    for repo, since in synced.since.items():
        if not plan.dry_run:
            which = "all runs of these workflows" if plan.workflows else "all runs"
            sentences.append(f"{visible(repo)}: {which} since {since:%Y-%m-%d} are read.")
    if plan.limit is not None and synced.runs >= plan.limit:
        sentences.append("Stopped at --limit; the next sync continues.")
    return sentences


def _counts(synced: GitHubResult) -> list[str]:
    """What was not simply stored, a sentence each."""
    sentences = []
    if synced.repeated:
        sentences.append(f"{synced.repeated:,} of them from reruns.")
    if synced.reappeared:
        jobs = plural(synced.reappeared, "job")
        sentences.append(f"{jobs} listed again by reruns that did not run them: stored once.")
    if synced.running:
        sentences.append(f"{synced.running:,} still running; copied once they have ended.")
    if synced.not_counted:
        sentences.append(f"Jobs that are not counted: {_by_number(synced.not_counted)}.")
    for reason, count in sorted(synced.left_out.items()):
        sentences.append(f"{count:,} skipped, {visible(reason)}.")
    if synced.without_pull:
        runs = plural(synced.without_pull, "workflow run")
        sentences.append(f"{runs} of pull requests that GitHub does not name, or hides.")
    if synced.unlisted:
        runs = plural(synced.unlisted, "workflow run")
        sentences.append(f"{runs} cannot be read: GitHub lists 1,000 of one second.")
    if synced.logs:
        sentences.append(f"Logs of failed jobs: {_by_number(synced.logs)}.")
    return sentences


def _by_number(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {visible(name)}" for name, count in sorted(counts.items()))


def _json(synced: GitHubResult, name: str, dry_run: bool) -> str:
    value = {
        "github": name,
        "dry_run": dry_run,
        "repositories": synced.repositories,
        "runs": synced.runs,
        "stored": synced.stored,
        "repeated": synced.repeated,
        "reappeared": synced.reappeared,
        "running": synced.running,
        "not_counted": dict(sorted(synced.not_counted.items())),
        "left_out": dict(sorted(synced.left_out.items())),
        "read_again": synced.read_again,
        "without_pull": synced.without_pull,
        "unlisted": synced.unlisted,
        "logs": dict(sorted(synced.logs.items())),
        "since": {repo: since.isoformat() for repo, since in synced.since.items()},
        "failed": [{"where": where, "reason": error.message} for where, error in synced.failed],
    }
    return json_safe(json.dumps(value, ensure_ascii=False))

"""Prints what `ci-stat publish` did."""

from dataclasses import asdict
from typing import Any

import click

from ci_stat.cli.work import output
from ci_stat.connectors.github.publish_schema import CommitStatus, Written
from ci_stat.errors import NotDelivered
from ci_stat.escape import visible
from ci_stat.records import DeliveryState
from ci_stat.rendering.format import plural
from ci_stat.test_results.publishing.checks import CheckContent, CheckResult
from ci_stat.test_results.publishing.comments import Change, CommentResult
from ci_stat.test_results.publishing.statuses import StatusResult

_COMMENT_WORDS = {
    Change.CREATED: "Comment created",
    Change.UPDATED: "Comment updated",
    Change.UNCHANGED: "The comment is up to date",
    Change.OUTDATED: "Nothing written: the comment has the results of a newer run of this job",
}


def notice(words: str) -> None:
    click.echo(f"ci-stat: {visible(words, 500)}", err=True)


def refused_to_fork() -> None:
    notice("GitHub lets the token of a fork's pull request only read: only the summary.")


def print_comment(result: CommentResult | None, body: str, as_json: bool) -> None:
    """Print the outcome; without one, the draft. Raises NotDelivered."""
    if as_json:
        output.print_json({"body": body} if result is None else asdict(result))
    elif result is None:
        click.echo(body, nl=False)
    elif result.change in _COMMENT_WORDS:
        removed = f"; {plural(result.removed, 'duplicate')} removed" if result.removed else ""
        link = f": {result.url}" if result.url else ""
        click.echo(f"{_COMMENT_WORDS[result.change]}{visible(link)}{removed}.")
    if result is not None and result.change not in _COMMENT_WORDS:
        _raise(str(result.change), "comment", result.reason, result.hint)


def print_status(result: StatusResult | None, status: CommitStatus, as_json: bool) -> None:
    """Print the outcome; without one, the draft. Raises NotDelivered."""
    data: dict[str, Any] = asdict(status)
    if as_json:
        output.print_json(data | _outcome(result.written if result else None))
    else:
        verb = "Set" if result and result.is_new else "Already set" if result else "Status"
        if result is None or result.written.state is DeliveryState.SENT:
            words = f"{verb}: {status.context} {status.state}: {status.description}"
            click.echo(visible(words))
    if result is not None:
        _require_written(result.written, "status")


def print_check(result: CheckResult | None, content: CheckContent, as_json: bool) -> None:
    """Print the outcome; without one, the draft. Raises NotDelivered."""
    count = len(content.annotations)
    if as_json:
        data = {"conclusion": content.conclusion, "output": content.output, "annotations": count}
        output.print_json(data | _outcome(result.written if result else None))
    elif result is None:
        click.echo(f"Check run: {content.conclusion}, {plural(count, 'annotation')}\n")
        click.echo(content.output["summary"], nl=False)
    elif result.written.state is DeliveryState.SENT:
        verb = "Created" if result.is_new else "Already there"
        words = f"{verb}: {content.conclusion}, {plural(result.annotations, 'annotation')}"
        click.echo(visible(f"{words} {result.written.url}".strip()))
    if result is not None:
        _require_written(result.written, "check run")


def _outcome(written: Written | None) -> dict[str, Any]:
    return {} if written is None else {"outcome": str(written.state), "code": written.code}


def _require_written(written: Written, what: str) -> None:
    if written.state is not DeliveryState.SENT:
        _raise(str(written.state), what, written.reason, written.hint)


def _raise(state: str, what: str, reason: str, hint: str) -> None:
    may = "may not have been" if state == str(DeliveryState.UNCERTAIN) else "was not"
    raise NotDelivered(f"The {what} {may} published: {reason}.", hint)

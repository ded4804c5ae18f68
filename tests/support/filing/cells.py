"""One run of the filer in short lines for goldens, and the tracker after it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any

from ci_stat import __version__
from ci_stat.cli.work.issues import _raise_failures
from ci_stat.errors import CiStatError
from ci_stat.issues.apply import ApplyResult
from ci_stat.issues.apply_entry import EntryResult
from ci_stat.issues.model import PlanEntry
from ci_stat.issues.plan import PlanResult
from ci_stat.records import IssueAction
from tests.support.filing import World
from tests.support.filing.scenarios import DAY
from tests.support.github import Call, Issue

# When a text was written, and how long a silence was by then.
_TIMES = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d(?= \(Asia/Shanghai\)\. Text that you write)|\b\d+ h(?: \d+ min)?\b"
)
_NAME, _COMMENT = 90, 60  # characters


@dataclass(frozen=True)
class FilerRun:
    """One run of the filer.

    - `code`: the command's exit code.
    - `outcome`: a line for each applied entry, or why none was applied.
    - `plan`: the plan's entries, with their reasons.
    - `writes`: the requests that change something, in order.
    - `met_fault`: a fault changed an answer.
    """

    code: int
    outcome: list[str]
    plan: list[str]
    writes: list[Call]
    met_fault: bool


def run_filer(it: World, day: float | None = DAY) -> FilerRun:
    """Run the filer on the morning after `day`; now if it is None."""
    it.github.requests.clear()
    code, outcome, plan = 0, [], []
    try:
        result, applied = it.post(day)
        outcome, plan = list(_outcome(result, applied)), list(_planned(result.plan.entries))
        _raise_failures(result.plan, applied)
    except CiStatError as error:
        code, outcome = error.exit_code, outcome or [_first(error.message)]

    calls = list(it.github.requests)
    outcome = [line.replace(it.github.url, "https://api.github.com") for line in outcome]
    writes = [call for call in calls if call.writes]
    return FilerRun(code, outcome, plan, writes, any(call.fault for call in calls))


def _outcome(result: PlanResult, applied: ApplyResult) -> Iterator[str]:
    if result.plan.stopped:
        yield f"nothing is done: {result.plan.stopped}"
    elif applied.results or applied.stopped:
        yield from _applied(applied)
    elif result.plan.entries:
        yield from _planned(result.plan.entries)
    else:
        yield "nothing failed, and no issue of ours is open"


def _applied(applied: ApplyResult) -> Iterator[str]:
    lines = [f"{result.entry.action}: {_entry_outcome(result)}" for result in applied.results]
    yield from lines
    stopped = _first(applied.stopped) if applied.stopped else ""
    if not any(stopped in line for line in lines):
        yield f"stopped: {stopped}"


def _entry_outcome(result: EntryResult) -> str:
    if result.skipped:
        return f"skipped, {result.skipped}"
    failed = result.failed_write
    return f"{failed.state.value}, {_first(failed.reason)}" if failed else f"done, #{result.number}"


def _planned(entries: tuple[PlanEntry, ...]) -> Iterator[str]:
    """Adjacent entries with equal texts share a line."""
    groups = groupby(entries, lambda entry: (entry.action, entry.reason, entry.why))
    for (action, reason, why), group in groups:
        first, *more = (_cut(entry.name, _NAME) for entry in group)
        what = f"not ({reason})" if action == IssueAction.SKIP else action
        yield f"{what}, {first}{f' and {len(more)} more' if more else ''}: {why}"


def _first(text: str) -> str:
    return text.splitlines()[0]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def write_line(call: Call, digest: bool = False) -> str:
    """One request. `digest`: with a hash of the text, so that the golden shows changes of it."""
    return f"{call.method} {_target(call)} {', '.join(_fields(call, digest))}"


def _target(call: Call) -> str:
    number = call.path.partition("/issues/")[2].partition("/")[0]
    if call.path.endswith("/comments"):
        return f"comment on #{number}"
    return f"#{number}" if number else "issue"


def _fields(call: Call, digest: bool) -> Iterator[str]:
    fields: dict[str, Any] = call.json
    if call.path.endswith("/comments"):
        yield f'"{_cut(_first(fields["body"]), _COMMENT)}"'
    if "title" in fields:
        yield f'"{fields["title"]}"'
        yield f"labels {', '.join(fields['labels'])}"
    if "body" in fields and (digest or call.method == "PATCH"):
        yield f"body {_digest(fields['body'])}" if digest else "body"
    if "state" in fields:
        yield f"{fields['state']} {fields['state_reason']}"


def _digest(text: str) -> str:
    text = text.replace(f"ci_stat {__version__}", "ci_stat VERSION")
    return sha256(text.encode()).hexdigest()[:8]


def answer_line(call: Call) -> str:
    """The answer; after a fault also whether GitHub processed the request."""
    number = f" {call.made}" if call.made.startswith("#") else ""
    done = f", {'done' if call.processed else 'not done'}" if call.fault else ""
    return f"-> {call.status or 'no answer'}{number}{done}"


def tracker(it: World) -> dict[tuple[str, int], Any]:
    """All issues of the tracker, without times of writes and ids of comments."""
    with it.github.lock:
        issues = [*it.github.issues.values(), *it.github.elsewhere.values()]
        return {(issue.repo, issue.number): _issue(issue) for issue in issues}


def _issue(issue: Issue) -> Any:
    comments = [(comment.author, _timeless(comment.body)) for comment in issue.comments]
    state = (issue.state, issue.state_reason, issue.locked, sorted(issue.labels))
    return issue.title, issue.author, state, _timeless(issue.body), comments


def _timeless(text: str) -> str:
    return _TIMES.sub("(then)", text)

"""One cell of a product of scenarios: what a run of the filer did, in short lines, and what it left at the tracker."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any

from ci_stat import __version__
from ci_stat.cli.work.issues import _complain
from ci_stat.errors import CiStatError
from ci_stat.issues.apply import ApplyResult
from ci_stat.issues.apply_entry import EntryResult
from ci_stat.issues.model import Planned
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
class Ran:
    """One run.

    - `code`: the command's exit code. `said`: how it ended: a line for each that was meant to be done, or why none was.
    - `plan`: its lines, with their reasons. `writes`: what was asked of GitHub, in order. `struck`: a fault was met.
    """

    code: int
    said: list[str]
    plan: list[str]
    writes: list[Call]
    struck: bool


def ran(it: World, day: float | None = DAY) -> Ran:
    """`day`: on the morning after it; now if it is None."""
    it.github.requests.clear()
    code, said, plan = 0, [], []
    try:
        made, applied = it.post(day)
        said, plan = list(_told(made, applied)), list(_planned(made.plan.entries))
        _complain(made.plan, applied)
    except CiStatError as error:
        code, said = error.exit_code, said or [_first(error.message)]
    calls = list(it.github.requests)
    said = [each.replace(it.github.url, "https://api.github.com") for each in said]
    return Ran(
        code, said, plan, [call for call in calls if call.writes], any(call.fault for call in calls)
    )


def _told(result: PlanResult, applied: ApplyResult) -> Iterator[str]:
    if result.plan.stopped:
        yield f"nothing is done: {result.plan.stopped}"
    elif applied.results or applied.stopped:
        yield from _done(applied)
    elif result.plan.entries:
        yield from _planned(result.plan.entries)
    else:
        yield "nothing failed, and no issue of ours is open"


def _done(applied: ApplyResult) -> Iterator[str]:
    lines = [f"{each.entry.action}: {_became(each)}" for each in applied.results]
    yield from lines
    stopped = _first(applied.stopped) if applied.stopped else ""
    if not any(stopped in line for line in lines):
        yield f"stopped: {stopped}"


def _became(done: EntryResult) -> str:
    if done.skipped:
        return f"skipped, {done.skipped}"
    trouble = done.failed_write
    return (
        f"{trouble.state.value}, {_first(trouble.reason)}" if trouble else f"done, #{done.number}"
    )


def _planned(entries: tuple[Planned, ...]) -> Iterator[str]:
    """Lines one after the other that say the same are one."""
    for (action, reason, why), alike in groupby(
        entries, lambda each: (each.action, each.reason, each.why)
    ):
        first, *more = (_cut(each.name, _NAME) for each in alike)
        what = f"not ({reason})" if action == IssueAction.SKIP else action
        yield f"{what}, {first}{f' and {len(more)} more' if more else ''}: {why}"


def _first(text: str) -> str:
    return text.splitlines()[0]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def write_line(call: Call, digest: bool = False) -> str:
    """What was asked. `digest`: of the text too, so that a change of it is noticed."""
    number = call.path.partition("/issues/")[2].partition("/")[0]
    where = (
        f"comment on #{number}"
        if call.path.endswith("/comments")
        else f"#{number}"
        if number
        else "issue"
    )
    return f"{call.method} {where} {', '.join(_given(call, digest))}"


def _given(call: Call, digest: bool) -> Iterator[str]:
    given: dict[str, Any] = call.json
    if call.path.endswith("/comments"):
        yield f'"{_cut(_first(given["body"]), _COMMENT)}"'
    if "title" in given:
        yield f'"{given["title"]}"'
        yield f"labels {', '.join(given['labels'])}"
    if "body" in given and (digest or call.method == "PATCH"):
        yield f"body {_digest(given['body'])}" if digest else "body"
    if "state" in given:
        yield f"{given['state']} {given['state_reason']}"


def _digest(text: str) -> str:
    return sha256(text.replace(f"ci_stat {__version__}", "ci_stat VERSION").encode()).hexdigest()[
        :8
    ]


def answer_line(call: Call) -> str:
    """What came back; where something went wrong, whether GitHub has done it."""
    number = f" {call.made}" if call.made.startswith("#") else ""
    done = f", {'done' if call.processed else 'not done'}" if call.fault else ""
    return f"-> {call.status or 'no answer'}{number}{done}"


def tracker(it: World) -> dict[tuple[str, int], Any]:
    """All that the tracker holds, without the times at which we wrote and the ids of comments."""
    with it.github.lock:
        found = [*it.github.issues.values(), *it.github.elsewhere.values()]
        return {(issue.repo, issue.number): _issue(issue) for issue in found}


def _issue(issue: Issue) -> Any:
    comments = [(each.author, _timeless(each.body)) for each in issue.comments]
    state = (issue.state, issue.state_reason, issue.locked, sorted(issue.labels))
    return issue.title, issue.author, state, _timeless(issue.body), comments


def _timeless(text: str) -> str:
    return _TIMES.sub("(then)", text)

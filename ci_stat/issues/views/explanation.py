"""Everything about one case: how often it failed, what was decided about it and why, and what was done before."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from msgspec import to_builtins
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.issues.evidence import Cause, Evidence, Failing
from ci_stat.issues.rules import Decision
from ci_stat.issues.views.history import history_table
from ci_stat.records import Intent, Mute
from ci_stat.rendering.format import percent, plural
from ci_stat.statistics.intervals import lower_bound

SHOWN_RUNS = 12
_CAUSES = {Cause.MACHINES: "the machines broke it", Cause.INCIDENT: "many tests failed together"}


@dataclass(frozen=True)
class Explanation:
    """`failing`: None where nothing of that name failed; `near`: names like it that did."""

    case: str
    key: str
    evidence: Evidence
    failing: Failing | None
    decision: Decision | None
    calls: tuple[Intent, ...]
    mute: Mute | None
    near: tuple[str, ...]
    stopped: str = ""


def explained_screen(found: Explanation) -> RenderableType:
    parts: list[RenderableType] = [Text(visible(found.case, 300), "bold"), Text()]
    parts.append(_decided(found))
    if found.mute:
        until = f"{found.mute.until.astimezone(found.evidence.zone):%Y-%m-%d %H:%M}"
        parts.append(Text(f"Muted until {until}: {visible(found.mute.why)}", "yellow"))
    parts += [Text(), *_failures(found)]
    if found.calls:
        parts += [
            Text(),
            Text("What was done at the tracker", "bold"),
            history_table(found.calls, found.evidence.zone),
        ]
    return Group(*parts)


def _decided(found: Explanation) -> Text:
    decision = found.decision
    if decision is None:
        return Text(
            "Nothing is decided: it did not fail in the window, and no open issue of ours is about it.",
            "yellow",
        )
    word = decision.reason.value if decision.reason else decision.action.value
    said = Text.assemble((word, "bold"), f": {visible(decision.why, 600)}")
    if found.stopped:
        said.append(f"\nNothing is done at all: {visible(found.stopped)}", "bold red")
    return said


def _failures(found: Explanation) -> list[RenderableType]:
    failing, evidence = found.failing, found.evidence
    since = f"{evidence.since.astimezone(evidence.zone):%Y-%m-%d}"
    if failing is None:
        near = f" Near: {', '.join(map(visible, found.near))}." if found.near else ""
        return [Text(f"No failure of that name since {since}.{near}")]
    own, runs = failing.own, len(evidence.runs)
    inside = len(evidence.in_window(own))
    said = (
        f"{plural(len(failing.hits), 'failed run')} since {since}, {len(own):,} of them its own, {inside:,} in the "
        f"window; {percent(len(own) / runs if runs else None)} of {plural(runs, 'run')}, at least "
        f"{percent(lower_bound(len(own), runs))} (95 %)"
    )
    others = Counter(hit.cause for hit in failing.hits if hit.cause)
    told = [
        Text(f"Not counted: {n:,}, because {_CAUSES[cause]}", "dim") for cause, n in others.items()
    ]
    also = [Text(f"Also in {plural(each.runs, 'run')} of {visible(each.job, 80)} {visible(each.branch, 60)}".rstrip())
            for each in failing.elsewhere[:5]]  # fmt: skip
    return [Text(said), *told, *also, Text(), _runs(failing, evidence)]


def _runs(failing: Failing, evidence: Evidence) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for hit in failing.hits[: -SHOWN_RUNS - 1 : -1]:
        when = f"{hit.run.started.astimezone(evidence.zone):%Y-%m-%d %H:%M}"
        cause = _CAUSES[hit.cause] if hit.cause else ""
        said = visible(hit.said.message or hit.said.name, 200)
        table.add_row(
            when,
            visible(f"{hit.run.job} #{hit.run.number}", 80),
            Text(cause, "yellow"),
            Text(said, "dim"),
        )
    return table


def explained_data(found: Explanation) -> dict[str, Any]:
    decision, failing = found.decision, found.failing
    return {
        "case": found.case, "key": found.key, "near": list(found.near),
        "decision": None if decision is None else {
            "action": decision.action.value, "reason": decision.reason.value if decision.reason else "",
            "why": decision.why, "number": decision.issue.issue.number if decision.issue else 0,
        },
        "stopped": found.stopped,
        "since": found.evidence.since.isoformat(), "finished_runs": len(found.evidence.runs),
        "failures": [
            {
                "started": hit.run.started.isoformat(), "job": hit.run.job, "number": hit.run.number,
                "link": hit.run.link, "branch": hit.run.branch, "message": hit.said.message,
                "fingerprint": hit.said.fingerprint, "not_counted": hit.cause.value if hit.cause else "",
            }
            for hit in (failing.hits if failing else ())
        ],
        "mute": to_builtins(found.mute), "calls": to_builtins(found.calls),
    }  # fmt: skip

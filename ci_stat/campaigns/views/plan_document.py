"""The dry plan of a campaign: what it would do, when, and what it can show."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from ci_stat.campaigns.decisions import LONGEST, SHORTEST
from ci_stat.campaigns.learning import Learnt
from ci_stat.campaigns.model import Ending, FileMode, Spec
from ci_stat.campaigns.outlook import RATE_LIMIT, Outlook, comments_of, planned_count
from ci_stat.campaigns.views.learnt import learnt_blocks, learnt_data
from ci_stat.campaigns.views.times import local, period, short
from ci_stat.campaigns.views.verdict_document import PROBE
from ci_stat.campaigns.views.words import CONFIDENCE, chance_words, rate
from ci_stat.rendering.document import (
    Block,
    Document,
    Item,
    Section,
    Span,
    Text,
    Tone,
    cut,
    cut_name,
    text,
)
from ci_stat.rendering.format import percent, plural, span

_NAME = 200  # characters
_ENDINGS = {
    Ending.CLOSE: "closed, and their branches deleted",
    Ending.KEEP: "kept open",
}


def plan_document(
    spec: Spec,
    outlook: Outlook,
    zone: tzinfo,
    problems: Sequence[str] = (),
    learnt: Learnt | None = None,
) -> Document:
    """The plan, with times in `zone`.

    `problems`: why it cannot start, or may not work. `learnt`: where the jobs of `spec` are from,
    if it named none.
    """
    count = planned_count(spec)
    place = f"{cut_name(spec.repo, 100)} {cut_name(spec.branch, 100)}"
    title = f"Plan: {plural(count, PROBE)} on {place}"
    return Document(
        title=title,
        subtitle="Nothing has been written.",
        tone=Tone.BAD if problems else Tone.PLAIN,
        summary=title,
        blocks=tuple(_blocks(spec, outlook, zone, problems, learnt)),
    )


def _blocks(
    spec: Spec,
    outlook: Outlook,
    zone: tzinfo,
    problems: Sequence[str],
    learnt: Learnt | None,
) -> Iterator[Block]:
    if problems:
        items = tuple(Item(text(Span(cut(words, 400), Tone.BAD))) for words in problems)
        yield Section("Problems", items, 100)
    yield Section("What it does", tuple(_doing(spec)), 100)
    yield _section("When", [*_times(spec, outlook, zone)])
    yield from learnt_blocks(learnt) if learnt else [_jobs(spec)]
    yield _section("API calls, at most", [*_calls(outlook)])
    yield _section("What it can show", [text(words) for words in shown_words(spec, outlook)])


def _jobs(spec: Spec) -> Section:
    jobs = [text(cut_name(job, _NAME)) for job in spec.contexts]
    missing = text(Span("None is named: it cannot tell when a pull request is over.", Tone.WARN))
    return _section("Jobs that must pass", jobs or [missing])


def _section(title: str, lines: Sequence[Text]) -> Section:
    return Section(title, tuple(Item(line) for line in lines), 100)


def _doing(spec: Spec) -> Iterator[Item]:
    yield from map(Item, _opening(spec))
    yield _comments(spec)
    yield from map(Item, _ending(spec))


def _opening(spec: Spec) -> Iterator[Text]:
    draft = "draft pull requests" if spec.draft else f"{PROBE}s"
    yield text(f"Opens {draft} titled {cut(spec.title, _NAME)} from {spec.branches_repo}.")
    if spec.file_mode is FileMode.NEW:
        folder = f" in {cut_name(spec.file, _NAME)}" if spec.file else ""
        yield text(f"Each adds one new file{folder} with a unique name.")
    else:
        yield text(f"Each changes a line of its own in {cut_name(spec.file, _NAME)}.")
    if spec.labels:
        yield text(f"Labels: {', '.join(cut(label, 60) for label in spec.labels)}.")


def _comments(spec: Spec) -> Item:
    if not spec.commands:
        return Item(text("No comment starts the jobs: they must start by themselves."))
    head = f"Starts the jobs by {plural(comments_of(spec), 'comment')} at each:"
    return Item(text(head), tuple(text(cut(command, _NAME)) for command in spec.commands))


def _ending(spec: Spec) -> Iterator[Text]:
    yield text(f"Those that passed are {_ENDINGS[spec.passed]}.")
    kept = f"; at most {spec.kept_limit:,} stay open" if spec.failed is Ending.KEEP else ""
    yield text(f"Those that failed are {_ENDINGS[spec.failed]}{kept}.")


def _times(spec: Spec, outlook: Outlook, zone: tzinfo) -> Iterator[Text]:
    if not outlook.openings:
        yield text("The budget allows no pull request.")
        return
    first, last = outlook.openings[0], outlook.openings[-1]
    yield text(f"Opens them {period(first, last, zone)}{_pace(spec, outlook)}.")
    yield text(f"Each has {span(spec.deadline)} from its own trigger.")
    yield text(f"Ends at {local(outlook.end, zone)} at the latest.")
    yield text(f"Open at once: {outlook.together:,} at most.")
    if spec.until_decided:
        yield text("Opens no more when it is decided whether the rate is below the target.")
    yield from _budget(spec)


def _pace(spec: Spec, outlook: Outlook) -> str:
    if len(outlook.openings) == 1:
        return ""
    return f", one every {short(spec.stagger)}" if spec.stagger else ", all at once"


def _budget(spec: Spec) -> Iterator[Text]:
    budget = spec.budget
    limits = [
        plural(budget.pull_requests, PROBE) if budget.pull_requests else "",
        plural(budget.comments, "comment") if budget.comments else "",
        f"{budget.hours:g} h" if budget.hours else "",
    ]
    if listed := ", ".join(filter(None, limits)):
        yield text(f"Budget: at most {listed}.")


def _calls(outlook: Outlook) -> Iterator[Text]:
    calls = outlook.calls
    yield text(f"{calls.writes:,} that write, {calls.reads:,} that read.")
    share = calls.hourly / RATE_LIMIT
    tone = Tone.WARN if share > 1 else Tone.PLAIN
    words = f"{calls.hourly:,} in the busiest hour, {share:.0%} of the {RATE_LIMIT:,} for a user."
    yield text(Span(words, tone))
    often = f"{short(SHORTEST)} to {short(LONGEST)}"
    yield text(f"Looks every {often}; those without news do not count against that limit.")


def shown_words(spec: Spec, outlook: Outlook) -> Iterator[str]:
    """What the number of pull requests can show."""
    count = planned_count(spec)
    if not count:
        return
    yield f"If all pass, the failure rate is below {percent(outlook.upper)} ({CONFIDENCE})."
    chances = ", ".join(
        f"{rate(share)}: {chance_words(chance)}" for share, chance in outlook.flakes
    )
    yield f"Chance to see a flake at least once, by its failure rate: {chances}."
    if outlook.needed is None:
        return
    target = rate(spec.target_rate)
    needed = f"{plural(outlook.needed, PROBE)} must pass and none may fail"
    yield f"To show that the failure rate is below {target}, {needed}."
    if outlook.needed > count:
        yield f"{count:,} cannot show that; they can only show that the rate is above it."


def plan_data(
    spec: Spec, outlook: Outlook, problems: Sequence[str] = (), learnt: Learnt | None = None
) -> dict[str, Any]:
    """The plan as data for JSON."""
    return {
        "repo": spec.repo,
        "branch": spec.branch,
        "pull_requests": planned_count(spec),
        "openings": [_time(moment) for moment in outlook.openings],
        "latest_end": _time(outlook.end),
        "open_at_once": outlook.together,
        "jobs": list(spec.contexts),
        "learnt": learnt_data(learnt) if learnt else None,
        "commands": list(spec.commands),
        "calls": {
            "writes": outlook.calls.writes,
            "reads": outlook.calls.reads,
            "busiest_hour": outlook.calls.hourly,
        },
        "upper_bound_if_all_pass": round(outlook.upper, 6),
        "flake_chances": {str(share): round(chance, 6) for share, chance in outlook.flakes},
        "target_rate": spec.target_rate or None,
        "needed": outlook.needed,
        "problems": list(problems),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()

"""The progress of a campaign: a row for each pull request, or lines for what changed."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from ci_stat.campaigns.counting import jobs_of, state_of, tally_of
from ci_stat.campaigns.model import (
    FINAL_STATES,
    Campaign,
    CampaignState,
    JobState,
    Move,
    Probe,
    ProbeState,
)
from ci_stat.campaigns.verdict import decision
from ci_stat.campaigns.verdict_model import OVERALL
from ci_stat.campaigns.views.marks import MARKS, legend, marks
from ci_stat.campaigns.views.times import local, short, zone_name
from ci_stat.campaigns.views.words import STATES, moved_words, rate
from ci_stat.rendering.document import (
    Block,
    Document,
    Paragraph,
    Span,
    Table,
    Text,
    Tone,
    cut,
    cut_name,
    linked,
    text,
)
from ci_stat.rendering.format import plural
from ci_stat.statistics.sequential import Answer

_REASON = 200  # characters
_TONES = {
    ProbeState.CLOSED: Tone.GOOD,
    ProbeState.KEPT: Tone.BAD,
    ProbeState.BLOCKED: Tone.BAD,
    ProbeState.PLANNED: Tone.FAINT,
    ProbeState.CANCELLED: Tone.WARN,
}


def progress_document(campaign: Campaign, now: datetime, zone: tzinfo) -> Document:
    """One row a pull request: its jobs as marks, its state, and the time that is left."""
    title = _title(campaign)
    return Document(
        title=title,
        subtitle=_subtitle(campaign, now, zone),
        tone=Tone.WARN if tally_of(campaign, OVERALL).failed else Tone.PLAIN,
        summary=title,
        blocks=tuple(_blocks(campaign, now)),
        foot=tuple(text(Span(line, Tone.FAINT)) for line in _foot(campaign)),
    )


def _title(campaign: Campaign) -> str:
    spec = campaign.spec
    place = f"{cut_name(spec.repo, 100)} {cut_name(spec.branch, 100)}"
    return f"Campaign {cut(campaign.id, 40)} on {place}: {campaign.state}"


def _subtitle(campaign: Campaign, now: datetime, zone: tzinfo) -> str:
    tally = tally_of(campaign, OVERALL)
    opened = sum(probe.number > 0 for probe in campaign.probes)
    other = sum(probe.state in FINAL_STATES for probe in campaign.probes) - tally.runs
    counts = [
        f"{opened:,} of {plural(campaign.spec.count, 'pull request')} opened",
        f"{tally.passed:,} passed",
        f"{tally.failed:,} failed",
        f"{other:,} not counted" if other > 0 else "",
    ]
    when = f"{local(now, zone)} {zone_name(now, zone)}"
    return f"{', '.join(filter(None, counts))} · {when}"


def _blocks(campaign: Campaign, now: datetime) -> Iterator[Block]:
    if lines := list(_notes(campaign)):
        yield Paragraph(tuple(lines))
    if campaign.probes:
        yield _table(campaign, now)


def _notes(campaign: Campaign) -> Iterator[Text]:
    if campaign.reason:
        yield text(Span(cut(campaign.reason, _REASON), Tone.WARN))
    for move in campaign.moves:
        yield text(Span(_moved(move), Tone.WARN))
    decided = decision(campaign)
    if decided and decided.answer is not Answer.UNDECIDED:
        words = "below" if decided.answer is Answer.BELOW else "not below"
        yield text(f"Decided: the failure rate is {words} {rate(campaign.spec.target_rate)}.")
    for probe in campaign.probes:
        if probe.reason:
            reason = cut(probe.reason, _REASON)
            yield text(Span(f"{_name(probe)}: {reason}", Tone.WARN))


def _moved(move: Move) -> str:
    return moved_words(cut_name(move.repo, 100), cut_name(move.name, 100))


def _table(campaign: Campaign, now: datetime) -> Table:
    columns = ("pull request", "jobs", "state", "time left")
    rows = tuple(_row(campaign, probe, now) for probe in campaign.probes)
    return Table("", columns, rows, essential=True)


def _row(campaign: Campaign, probe: Probe, now: datetime) -> tuple[Text, ...]:
    state = Span(str(probe.state), _TONES.get(probe.state, Tone.PLAIN))
    left = Span(time_left(campaign, probe, now), Tone.FAINT)
    return text(linked(_name(probe), probe.url)), marks(campaign, probe), (state,), (left,)


def _name(probe: Probe) -> str:
    return f"{probe.position}: #{probe.number}" if probe.number else f"{probe.position}"


def time_left(campaign: Campaign, probe: Probe, now: datetime) -> str:
    """Until the probe is opened, or until its jobs time out; "" for one that is over."""
    if probe.state in FINAL_STATES:
        return ""
    if probe.state is ProbeState.PLANNED:
        is_open = campaign.state is CampaignState.RUNNING
        return f"opens in {short(probe.due - now)}" if is_open else ""
    begin = probe.triggered or probe.opened or now
    return short(begin + campaign.spec.deadline - now)


def _foot(campaign: Campaign) -> Iterator[str]:
    jobs = jobs_of(campaign)
    if jobs:
        yield f"Jobs, in the order of marks: {', '.join(cut_name(job, 200) for job in jobs)}."
    states = {state_of(probe, job, jobs) for probe in campaign.probes for job in jobs}
    if used := states - {None}:
        yield legend({state for state in used if state})


# Lines, where nobody watches


def progress_lines(before: Campaign | None, after: Campaign) -> Iterator[str]:
    """A line for each change between two states of a campaign. `before`: None at its begin."""
    earlier = {probe.position: probe for probe in before.probes} if before else {}
    for probe in after.probes:
        yield from _changes(earlier.get(probe.position), probe)
    known = before.moves if before else ()
    yield from (_moved(move) for move in after.moves if move not in known)
    if before is None or before.state is not after.state:
        reason = f": {cut(after.reason, _REASON)}" if after.reason else ""
        yield f"campaign {cut(after.id, 40)}: {after.state}{reason}"


def _changes(before: Probe | None, after: Probe) -> Iterator[str]:
    name = f"pull request {_name(after)}"
    if after.number and not (before and before.number):
        yield f"{name}: opened {cut(after.url, _REASON)}"
    known = {job.context: job.state for job in before.jobs} if before else {}
    for job in after.jobs:
        if job.state is not known.get(job.context, JobState.WAITING):
            mark = MARKS[job.state]
            yield f"{name}: {mark} {cut_name(job.context, 200)}: {STATES[job.state]}"
    is_new = before is None or before.state is not after.state
    if is_new and after.state in FINAL_STATES:
        reason = f": {cut(after.reason, _REASON)}" if after.reason else ""
        yield f"{name}: {after.state}{reason}"

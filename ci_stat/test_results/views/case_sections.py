"""Sections of the history of a test: messages, durations, jobs and branches."""

from collections.abc import Sequence

from ci_stat.rendering.document import Item, Section, Span, Table, Text, Tone, cut, text
from ci_stat.rendering.format import percent, plural
from ci_stat.result.answers.history_model import Share
from ci_stat.test_results.cases.joined import CaseFacts
from ci_stat.test_results.cases.model import CaseHistory, Durations, MessageGroup
from ci_stat.test_results.views.case_runs import minute
from ci_stat.test_results.views.seconds import seconds_words

_WIDEST = 200  # characters of a line of an excerpt


def messages_section(history: CaseHistory, facts: CaseFacts, limit: int) -> Section:
    """The failures by fingerprint, from test results first, then from build logs."""
    items = [_message_item(group) for group in history.messages]
    known = {group.fingerprint for group in history.messages}
    for seen in facts.runs.seen if facts.runs else ():
        if seen.failure.message and seen.failure.fingerprint not in known:
            head = text(
                Span(cut(_one_line(seen.failure.message), 300), bold=True),
                Span(f"  {plural(seen.runs, 'run')}, in build logs", Tone.FAINT),
            )
            items.append(Item(head, _fingerprint(seen.failure.fingerprint)))
    more = max(0, len(items) - limit)
    return Section("Messages", tuple(items[:limit]), 80, more, "more message")


def _message_item(group: MessageGroup) -> Item:
    message = cut(_one_line(group.message), 300) or "(no message)"
    first, last = minute(group.first), minute(group.last)
    when = first if first == last else f"{first} to {last}"
    head = text(
        Span(message, bold=True), Span(f"  {plural(group.runs, 'run')}, {when}", Tone.FAINT)
    )
    excerpt = tuple(text(Span(f"| {line[:_WIDEST]}", Tone.FAINT)) for line in group.excerpt)
    return Item(head, (*excerpt, *_fingerprint(group.fingerprint)))


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _fingerprint(fingerprint: str) -> tuple[Text, ...]:
    return (text(Span(fingerprint, Tone.FAINT)),) if fingerprint else ()


def durations_table(durations: Sequence[Durations], limit: int) -> Table:
    """The durations of each job, and whether they changed."""
    rows = tuple(
        (
            text(f"{one.job} ({one.labels})" if one.labels else one.job),
            text(f"{one.runs:,}"),
            text(seconds_words(one.p50)),
            text(seconds_words(one.p95)),
            text(_trend(one)),
        )
        for one in durations[:limit]
    )
    more = len(durations) - len(rows)
    columns = ("job", "passed", "median", "p95", "newer half")
    return Table("Durations", columns, rows, 45, more, "more job")


def _trend(durations: Durations) -> Span:
    if durations.change is None:
        return Span("too few runs", Tone.FAINT)
    if not durations.is_trend:
        return Span("no change", Tone.FAINT)
    word, tone = ("slower", Tone.BAD) if durations.change > 0 else ("faster", Tone.GOOD)
    return Span(f"{abs(durations.change):.0%} {word}", tone)


def shares_table(title: str, column: str, shares: Sequence[Share], limit: int) -> Table:
    """Jobs or branches with the rates of the test."""
    rows = tuple(
        (
            text(share.name or "(unknown)"),
            text(Span(f"{share.failed:,}", Tone.BAD if share.failed else Tone.FAINT)),
            text(f"{share.runs:,}"),
            text(percent(share.rate)),
            text(f"{percent(share.interval.low)} to {percent(share.interval.high)}"),
        )
        for share in shares[:limit]
    )
    columns = (column, "failed", "passed or failed", "rate", "95% interval")
    return Table(title, columns, rows, 60, len(shares) - len(rows), "more row")

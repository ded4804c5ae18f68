"""The history of a test case as a document: how it stands and since when, how often, and where."""

from collections import Counter
from collections.abc import Iterator

from ci_stat.records.case_results import Outcome
from ci_stat.rendering.document import (
    Block,
    Chart,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Text,
    Tone,
    cut,
    linked,
    text,
)
from ci_stat.rendering.format import percent, plural
from ci_stat.result.answers.history_model import History
from ci_stat.result.answers.marks import DAY_LEGEND, day_lines
from ci_stat.test_results.cases.history import commits, retried
from ci_stat.test_results.cases.joined import NOTHING_ELSE, CaseFacts, Totals, totals_of
from ci_stat.test_results.cases.model import (
    CaseHistory,
    Place,
    PlaceState,
)
from ci_stat.test_results.views.case_runs import log_run_text, minute, newest_runs, run_text
from ci_stat.test_results.views.case_sections import durations_table, messages_section, shares_table

_STATES = 5  # places whose state is shown


def case_document(
    history: CaseHistory, facts: CaseFacts = NOTHING_ELSE, limit: int = 20, chart: bool = False
) -> Document:
    """The document. `limit`: the most entries of each list; `chart`: for a page, with a drawing."""
    totals = totals_of(history, facts.runs)
    return Document(
        title=history.name,
        subtitle=_subtitle(totals),
        tone=_tone(history, totals),
        summary=history.name,
        blocks=tuple(_blocks(history, totals, facts, limit, chart)),
        foot=tuple(_foot(history, totals, facts, chart)),
    )


def _subtitle(totals: Totals) -> str:
    total = totals.total
    if not total.runs:
        return "test · no run in the window that passed or failed"
    failed = f"failed in {total.failed:,} of {plural(total.runs, 'run')} that passed or failed"
    interval = total.interval
    bounds = f"95%: {percent(interval.low)} to {percent(interval.high)}"
    return f"test · {failed}, {percent(total.rate)} ({bounds})"


def _tone(history: CaseHistory, totals: Totals) -> Tone:
    if any(state.runs for state in history.states):
        return Tone.BAD
    return Tone.WARN if totals.total.failed or not totals.total.runs else Tone.GOOD


def _blocks(
    history: CaseHistory, totals: Totals, facts: CaseFacts, limit: int, chart: bool
) -> Iterator[Block]:
    lines = [*_lead(history, limit), *_later(history, totals), *_known(history, facts)]
    if lines:
        yield Paragraph(tuple(lines))
    if totals.days:
        yield _chart(totals) if chart else Paragraph(tuple(day_lines(totals.days)))
    if history.durations:
        yield durations_table(history.durations, limit)
    if history.messages or facts.runs:
        yield messages_section(history, facts, limit)
    if totals.jobs:
        yield shares_table("Jobs", "job", totals.jobs, limit)
    if totals.branches:
        yield shares_table("Branches", "branch", totals.branches, limit)
    affected = _affected(history, facts)
    if affected:
        yield Section("Affected", (Item(_affected_line(affected, limit)),), 50)
    if history.runs or totals.only_in_runs:
        yield newest_runs(history, totals, limit)


def _lead(history: CaseHistory, limit: int) -> Iterator[Text]:
    failing = [state for state in history.states if state.runs]
    shown = min(_STATES, limit)
    for state in failing[:shown]:
        yield from _failing(state)
    if len(failing) > shown:
        yield text(f"… and {plural(len(failing) - shown, 'more place')} in which it fails")
    if not failing and history.states:
        yield from _passing(history)
    yield from _skipped(history)
    mixed = len(history.flaky_commits)
    if mixed:
        words = f"Proven flaky: it passed and failed on {mixed:,} of "
        yield text(Span(f"{words}{plural(commits(history), 'commit')}.", Tone.WARN))
    repeated, rescued = retried(history)
    if repeated:
        yield text(f"Repeated in {plural(repeated, 'run')}; {rescued:,} passed after a failure.")


def _failing(state: PlaceState) -> Iterator[Text]:
    assert state.since is not None  # it has failed runs
    where = _place_words(state.place)
    row = f"; {state.runs:,} runs in a row" if state.runs > 1 else ""
    began = "since" if state.last_passed else "since at least"
    begin = Span(minute(state.since), bold=True)
    yield text(f"Fails in {where} {began} ", begin, ": ", *run_text(state.since), row)
    if state.last_passed is not None:
        passed = state.last_passed
        yield text("  Last pass before: ", minute(passed), ", ", *run_text(passed))
    else:
        yield text("  The window has no pass of it before.")


def _passing(history: CaseHistory) -> Iterator[Text]:
    newest = max(history.states, key=lambda state: state.newest.run.started).newest
    yield text("Passes: ", minute(newest), ", ", *run_text(newest))
    failed = history.failed
    if failed:
        yield text("Last failure: ", minute(failed[-1]), ", ", *run_text(failed[-1]))


def _later(history: CaseHistory, totals: Totals) -> Iterator[Text]:
    """Yield the newest failure that only a log knows, if it is newer than all test results."""
    started = totals.only_in_runs[-1].started if totals.only_in_runs else None
    newest = history.runs[-1].run.started if history.runs else None
    if started is not None and (newest is None or started > newest):
        words = Span("Failed after these test results: ", Tone.BAD)
        yield (words, *log_run_text(totals.only_in_runs[-1]))


def _skipped(history: CaseHistory) -> Iterator[Text]:
    skipped = sum(run.outcome is Outcome.SKIPPED for run in history.runs)
    if skipped:
        words = f"Skipped in {skipped:,} of {plural(len(history.runs), 'run')}"
        is_newest = history.runs[-1].outcome is Outcome.SKIPPED
        yield text(f"{words}{', also in the newest' if is_newest else ''}.")


def _known(history: CaseHistory, facts: CaseFacts) -> Iterator[Text]:
    if facts.issue:
        yield text("Issue: ", linked(facts.issue, facts.issue))
    elif any(state.runs for state in history.states):
        yield text("No open issue is known.")
    if facts.muted:
        yield text(Span(f"Muted: {cut(facts.muted, 200)}", Tone.WARN))
    command, where = facts.reproduce
    if command:
        in_folder = f"   (in the directory of {where})" if where else ""
        yield text("Reproduce: ", Span(command, bold=True), in_folder)
    yield from (text(Span(cut(note, 400), Tone.WARN)) for note in facts.notes)


def _place_words(place: Place) -> str:
    labels = f" ({cut(place.labels, 80)})" if place.labels else ""
    branch = f" on {cut(place.branch, 80)}" if place.branch else ""
    return f"{cut(place.job, 80)}{labels}{' in pull requests' if place.is_pull else branch}"


def _chart(totals: Totals) -> Chart:
    days = totals.days
    return Chart(
        "Runs by day",
        tuple(day.date for day in days),
        "runs",
        tuple(day.runs for day in days),
        "failure rate",
        tuple(day.failed / day.runs if day.runs else None for day in days),
    )


def _affected(history: CaseHistory, facts: CaseFacts) -> Counter[str]:
    """Failed runs by pull request; those of the CI database only where they are not known here."""
    runs = (run.run.info for run in history.failed if run.run.info.pull is not None)
    pulls = Counter(f"{info.repo}#{info.pull}" for info in runs)
    for share in facts.runs.prs if facts.runs else ():
        pulls[share.name] = max(pulls[share.name], share.failed)
    return pulls


def _affected_line(pulls: Counter[str], limit: int) -> Text:
    names = [
        f"{name} ({count:,})" if count > 1 else name for name, count in pulls.most_common(limit)
    ]
    more = len(pulls) - len(names)
    others = f", and {more:,} more" if more else ""
    count = Span(plural(len(pulls), "pull request"), bold=True)
    return text(count, f": {cut(', '.join(names), 600)}{others}")


def _foot(history: CaseHistory, totals: Totals, facts: CaseFacts, chart: bool) -> Iterator[Text]:
    if totals.days and not chart:
        yield text(Span(f"{DAY_LEGEND}; days of {history.zone.key}", Tone.FAINT))
    window = f"{history.begin:%Y-%m-%d %H:%M} to {history.end:%Y-%m-%d %H:%M} UTC (--since)"
    runs = plural(len(history.runs), "run")
    yield text(Span(f"Test results: {runs}, {window} · {history.database}", Tone.FAINT))
    if facts.runs is not None:
        yield _foot_of_runs(facts.runs, totals)


def _foot_of_runs(runs: History, totals: Totals) -> Text:
    begin, end = runs.source.window.wall()
    window = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {runs.source.window.zone}"
    both = f", {totals.in_both:,} of them with test results (counted once)"
    failed = plural(len(runs.failed), "failed run")
    words = f"Runs and logs: {failed}{both}, {window} · {runs.source.database}"
    return text(Span(words, Tone.FAINT))

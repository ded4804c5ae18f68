"""A replay as a document: days, reasons, tests, entries that were never needed, and runs."""

from collections.abc import Iterator

from ci_stat.rendering.document import (
    Block,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    Tone,
    cut,
    cut_name,
    text,
)
from ci_stat.rendering.format import minute, part_of, plural
from ci_stat.test_results.gates.model import Decision
from ci_stat.test_results.gates.replay import Replay, ReplayRun

_NAME = 160
_TONES = {Decision.PASS: Tone.GOOD, Decision.FAIL: Tone.BAD, Decision.CANNOT_TELL: Tone.WARN}


def replay_document(replay: Replay, limit: int, policy: str = "") -> Document:
    """The document. `limit`: rows of each list; of runs, the newest."""
    count = len(replay.runs)
    failed = replay.count(Decision.FAIL)
    title = f"The gate would have failed {part_of(failed, count, 'run')}"
    if not failed:
        title = f"The gate would have failed none of {plural(count, 'run')}"
    counts = (f"{replay.count(one):,} {one}" for one in Decision)
    return Document(
        title=title,
        subtitle=", ".join(counts),
        tone=Tone.PLAIN,
        summary=title,
        blocks=tuple(_blocks(replay, limit)),
        foot=(text(f"Policy: {cut(policy, _NAME) or 'none, so every test must pass'}."),),
    )


def _blocks(replay: Replay, limit: int) -> Iterator[Block]:
    yield _days(replay)
    if replay.by_rule:
        rows = tuple((text(str(rule)), text(f"{n:,}")) for rule, n in replay.by_rule.items())
        yield Table("Why", ("reason", "runs"), rows, essential=True)
    if tests := replay.by_test:
        rows = tuple((text(cut_name(name, _NAME)), text(f"{n:,}")) for name, n in tests[:limit])
        more = max(0, len(tests) - limit)
        yield Table("Must-pass tests that failed", ("test", "runs"), rows, 80, more, "more test")
    if replay.entries:
        yield _entries(replay)
    yield _runs(replay, limit)


def _days(replay: Replay) -> Table:
    rows = tuple(
        (text(day.isoformat()), *(text(f"{counts[one]:,}") for one in Decision))
        for day, counts in replay.by_day.items()
    )
    return Table("By day", ("day (UTC)", *map(str, Decision)), rows)


def _entries(replay: Replay) -> Block:
    unused = [entry for entry in replay.entries if not entry.is_needed]
    if not unused:
        return Paragraph((text("Each entry of the policy excused a failure."),))
    items = tuple(
        Item(
            text(cut(f"{entry.key}: {entry.selects}", _NAME)),
            (text(f"fits a test in {plural(entry.matched_runs, 'run')}"),),
        )
        for entry in unused
    )
    return Section("Entries that were never needed", items, 70)


def _runs(replay: Replay, limit: int) -> Table:
    newest = replay.runs[::-1]
    rows = tuple(
        (
            text(f"{minute(run.started)}  {cut_name(run.name, 80)}"),
            _decision(run),
        )
        for run in newest[:limit]
    )
    more = max(0, len(newest) - limit)
    columns = ("started (UTC), run", "verdict")
    return Table("Runs, the newest first", columns, rows, 50, more, "more run")


def _decision(run: ReplayRun) -> Text:
    """The decision with its first reason; `Why` above counts all of them."""
    decision = Span(str(run.decision), _TONES[run.decision])
    if not run.rules:
        return text(decision)
    others = len(set(run.rules)) - 1
    more = f" and {plural(others, 'other')}" if others else ""
    return text(decision, f": {run.rules[0]}{more}")

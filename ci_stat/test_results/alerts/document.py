"""An alert as a document that each channel renders."""

from collections.abc import Iterator, Sequence

from ci_stat.rendering.document import (
    Block,
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
from ci_stat.rendering.format import plural
from ci_stat.test_results.alerts.model import Condition, Present, SeriesChange
from ci_stat.test_results.labels_text import label_pairs
from ci_stat.test_results.views.words import run_words

LIMIT = 10  # tests of each list
_SERIES = 10  # jobs with their own sections
_MESSAGE = 160  # characters


def alert_document(
    changes: Sequence[SeriesChange], is_uncertain: bool = False, limit: int = LIMIT
) -> Document:
    """The document. `is_uncertain`: an earlier alert may have arrived with a part of it."""
    title = _title(changes)
    return Document(
        title=title,
        subtitle="",
        tone=Tone.BAD if any(map(_is_bad, changes)) else Tone.GOOD,
        summary=title,
        blocks=tuple(_blocks(changes, limit)),
        foot=tuple(_foot(is_uncertain)),
    )


def _is_bad(change: SeriesChange) -> bool:
    return bool(change.begun or change.regressed or change.turned_red)


def _title(changes: Sequence[SeriesChange]) -> str:
    words = ", ".join(_counted(changes))
    if len(changes) > 1:
        return words
    return f"{words}: {_name(changes[0].present)}"


def _counted(changes: Sequence[SeriesChange]) -> Iterator[str]:
    """The number of changes of each kind that has any."""
    begun = sum(len(change.begun) for change in changes)
    if begun:
        verb = "fails" if begun == 1 else "fail"
        yield f"{plural(begun, 'test')} newly {verb}"

    worse = sum(len(change.regressed) for change in changes)
    if worse:
        yield plural(worse, "new regression")

    ended = sum(len(change.ended) for change in changes)
    if ended:
        yield f"{plural(ended, 'test')} recovered"

    red = sum(change.turned_red for change in changes)
    if red:
        yield f"{plural(red, 'job')} turned red"

    green = sum(change.turned_green for change in changes)
    if green:
        yield f"{plural(green, 'job')} green again"


def _name(present: Present) -> str:
    info = present.run.info
    labels = label_pairs(info.labels)
    in_brackets = f" ({labels})" if labels else ""
    return cut(f"{info.job}{in_brackets} on {info.branch}", 200)


def _blocks(changes: Sequence[SeriesChange], limit: int) -> Iterator[Block]:
    for change in changes[:_SERIES]:
        yield from _of_series(change, limit)
    more = len(changes) - _SERIES
    if more > 0:
        yield Paragraph((text(f"… and changes in {plural(more, 'more job')}"),))


def _of_series(change: SeriesChange, limit: int) -> Iterator[Block]:
    yield Paragraph(tuple(_head(change)))
    if change.begun:
        items = tuple(_begun(condition) for condition in change.begun[:limit])
        more = max(0, len(change.begun) - limit)
        yield Section("Newly failing", items, 95, more, "more test")
    if change.regressed:
        items = tuple(_begun(condition) for condition in change.regressed[:limit])
        more = max(0, len(change.regressed) - limit)
        yield Section("Failing more often than before", items, 80, more, "more test")
    if change.ended:
        names = change.present.names
        keys = change.ended[:limit]
        recovered = tuple(Item(text(cut(names.get(key, key), 300))) for key in keys)
        more = max(0, len(change.ended) - limit)
        yield Section("Recovered", recovered, 60, more, "more test")


def _head(change: SeriesChange) -> Iterator[Text]:
    present = change.present
    yield _run_line(present)
    if change.turned_red:
        reason = _why_red(present)
        yield text(Span("The job turned red.", Tone.BAD), f" {cut(reason, 400)}" if reason else "")
    if change.turned_green:
        yield text(Span("The job is green again.", Tone.GOOD))
    others = " · ".join(_others(change))
    if others:
        yield text(Span(others, Tone.FAINT))


def _run_line(present: Present) -> Text:
    info = present.run.info
    name = cut(f"{run_words(info)} on {info.branch}", 300)
    commit = f", commit {cut(info.commit[:12], 12)}" if info.commit else ""
    link = text(" · ", linked("link", info.url)) if info.url else ()
    return (*text(Span(name, bold=True), commit), *link)


def _why_red(present: Present) -> str:
    """The words of the condition that is about the run as a whole; "" without one."""
    of_run = [condition for condition in present.conditions if not condition.name]
    return next((condition.words for condition in of_run if condition.words), "")


def _others(change: SeriesChange) -> Iterator[str]:
    if change.lasting:
        yield f"{plural(change.lasting, 'more test')} still failing"
    if change.present.flaky:
        yield f"{plural(change.present.flaky, 'failure')} of tests known to be flaky left out"


def _begun(condition: Condition) -> Item:
    message = cut(" ".join(condition.message.split()), _MESSAGE)
    lines = [text(Span(message, Tone.FAINT))] if message else []
    lines += [text(condition.words)] if condition.words else []
    return Item(text(Span(cut(condition.name, 300), bold=True)), tuple(lines))


def _foot(is_uncertain: bool) -> Iterator[Text]:
    if is_uncertain:
        yield text("An earlier alert may not have arrived; this one repeats what it said.")
    yield text("You get an alert when something changes, not after each run.")

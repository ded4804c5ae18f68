"""What the parts of a report share: a section, a run and a pull request as links, counts, a message that is cut."""

from collections.abc import Iterable

from ci_stat.records import Tally
from ci_stat.rendering.document import Item, Section, Span, Tone, cut, linked
from ci_stat.reports.model import RunRow

NAME = 110  # characters of a case or a job that are shown
MESSAGE = 160
TITLE = 80


def section(
    title: str, items: Iterable[Item], weight: int, more: int, what: str, folded: bool = False
) -> Section | None:
    """A section, if there is anything in it."""
    shown = tuple(items)
    return Section(title, shown, weight, more, what, folded) if shown or more else None


def message(said: str) -> Span | None:
    """What a failure says, after whatever it is said of."""
    return Span(f": {cut(said, MESSAGE)}", Tone.FAINT) if said else None


def run_link(row: RunRow) -> Span:
    """Job and number."""
    return linked(f"{cut(row.job, TITLE)} #{row.number}", row.link)


def number_link(row: RunRow) -> Span:
    """The number, where the job stands before it."""
    return linked(f"#{row.number}", row.link)


def pull(repo: str, number: int, link: str) -> Span:
    return linked(f"{cut(repo, 60)}#{number}", link, bold=True)


def counts(tally: Tally) -> str:
    """Runs by outcome, those that there are."""
    named = (
        ("failed", tally.failure),
        ("succeeded", tally.success),
        ("aborted", tally.aborted),
        ("other", tally.other),
    )
    return ", ".join(f"{n:,} {name}" for name, n in named if n)

"""The expected jobs that were learnt: what a plan and a question show."""

from collections.abc import Iterator
from typing import Any

from ci_stat.campaigns.learning import Learnt
from ci_stat.campaigns.views.verdict_document import PROBE
from ci_stat.rendering.document import Block, Item, Paragraph, Section, Span, Tone, cut_name, text
from ci_stat.rendering.format import plural

_NAME = 200  # characters
_SHOWN = 30  # names that are left out


def learnt_blocks(learnt: Learnt) -> Iterator[Block]:
    """The jobs, from where they are known, and which results are ignored."""
    jobs = [Item(text(cut_name(name, _NAME))) for name in learnt.contexts]
    nothing = Item(text(Span("None ran in all of them: name `contexts`.", Tone.BAD)))
    yield Section("Jobs that must pass", tuple(jobs or [nothing]), 100)
    yield Paragraph((text(Span(source_words(learnt), Tone.WARN)),))
    if learnt.left_out:
        items = tuple(
            Item(text(cut_name(one.name, _NAME), Span(f"  {one.why}", Tone.FAINT)))
            for one in learnt.left_out[:_SHOWN]
        )
        more = max(0, len(learnt.left_out) - _SHOWN)
        yield Section("Ignored", items, 60, more, "more name")


def source_words(learnt: Learnt) -> str:
    """From which pull requests the jobs were learnt."""
    if not learnt.pulls:
        return f"No merged {PROBE} of the branch has results, so nothing could be learnt."
    numbers = ", ".join(f"#{number}" for number in learnt.pulls)
    merged = plural(len(learnt.pulls), f"merged {PROBE}")
    empty = f"; {len(learnt.empty):,} more without results" if learnt.empty else ""
    return f"Learnt from the last {merged}: {numbers}{empty}. They ran in all of them."


def learnt_data(learnt: Learnt) -> dict[str, Any]:
    """The same for JSON; no list is cut."""
    return {
        "contexts": list(learnt.contexts),
        "pull_requests": list(learnt.pulls),
        "without_results": list(learnt.empty),
        "ignored": {one.name: one.why for one in learnt.left_out},
    }
